import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';

/** A patch does not fit the sources any more: they have changed, and the mutant has to be written anew. */
export class PatchMisfitError extends Error {
  override readonly name = 'PatchMisfitError';
}

/** The files that a mutant changes, whole and patched, by their paths within services/. Throws PatchMisfitError. */
export function patchedFiles(mutant: Mutant, services: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const patch of mutant.patches) {
    const before = files.get(patch.file) ?? readSource(mutant, services, patch.file);
    const found = before.split(patch.old).length - 1;
    if (found !== 1 || patch.old === '') {
      throw new PatchMisfitError(`${mutant.name}: found ${found} times instead of once in services/${patch.file}: ${patch.old}`);
    }
    // A function, because replacement texts have patterns of their own.
    files.set(
      patch.file,
      before.replace(patch.old, () => patch.new),
    );
  }
  return files;
}

/** What is wrong with patches, one line for each mutant that does not fit. */
export function misfits(mutants: readonly Mutant[], services: string): string[] {
  const problems: string[] = [];
  for (const mutant of mutants) {
    try {
      patchedFiles(mutant, services);
    } catch (error) {
      if (!(error instanceof PatchMisfitError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}

function readSource(mutant: Mutant, services: string, file: string): string {
  try {
    return readFileSync(join(services, file), 'utf8');
  } catch (error) {
    throw new PatchMisfitError(`${mutant.name}: services/${file} cannot be read`, { cause: error });
  }
}
