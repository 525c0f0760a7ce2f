import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutant.ts';
import { patchedFiles } from './patching.ts';

/** The folder of the project. */
export const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
export const SERVICES = join(PROJECT, 'services');

const COPIED = ['services', 'test', 'proto', 'dist', 'package.json', 'tsconfig.json'];
/** A mistake may leave something unused; it must not fail to compile for that. */
const COMPILER_OPTIONS = ['-p', 'tsconfig.json', '--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];

/** A mutant that nobody could have made: its text is no program any more. */
export class UnsoundMutantError extends Error {}

/** A copy of the sources and of what was built from them, in which one mutant at a time lives. */
export class Workshop {
  /** The copy. */
  readonly folder: string;
  /** What the mutant changed, by path within services/. */
  readonly #originals = new Map<string, string>();

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'stator-mutants-'));
    // The packages of test/conformance are many and of no use here.
    const filter = (path: string): boolean => basename(path) !== 'node_modules';
    for (const name of COPIED) cpSync(join(PROJECT, name), join(this.folder, name), { recursive: true, preserveTimestamps: true, filter });
    symlinkSync(join(PROJECT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** The tree as the project has it. Throws when it does not compile. */
  restore(): void {
    for (const [file, text] of this.#originals) this.#write(file, text);
    this.#originals.clear();
    this.#compile('the sources');
  }

  /** Puts this mutant in the place of the one before. Throws PatchMisfitError, and UnsoundMutantError when it does not compile. */
  become(mutant: Mutant): void {
    for (const [file, text] of this.#originals) this.#write(file, text);
    this.#originals.clear();
    for (const [file, text] of patchedFiles(mutant, join(this.folder, 'services'))) {
      this.#originals.set(file, readFileSync(join(this.folder, 'services', file), 'utf8'));
      this.#write(file, text);
    }
    this.#compile(mutant.name);
  }

  close(): void {
    // What was ended a moment ago may still make files in it.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.folder, 'services', file), text);
  }

  #compile(what: string): void {
    const compiler = join(this.folder, 'node_modules/.bin/tsc');
    const { status, stdout, stderr } = spawnSync(compiler, COMPILER_OPTIONS, { cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new UnsoundMutantError(`${what} cannot be compiled:\n${stdout}${stderr}`);
  }
}
