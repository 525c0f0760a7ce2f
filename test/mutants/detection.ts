import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Detector, Mutant, SearchDetector, SeedsDetector } from './mutant.ts';

/** A seed that was begun; with `check` and `message`: that was violated. */
export interface PlayedSeed {
  readonly spec: string;
  readonly seed: number;
  readonly check?: string;
  readonly message?: string;
}

/** What noticed a mistake. */
export interface Finding {
  readonly detector: Detector;
  /** Of the simulator: `spec:seed`. */
  readonly seed: string | undefined;
  /** Seeds that were played, this one included; 0 for tests and searches. */
  readonly seedsPlayed: number;
  /** Which check found it. */
  readonly check: string;
  readonly message: string;
}

interface Ended {
  readonly status: number | null;
  readonly timedOut: boolean;
  readonly output: string;
  readonly errors: string;
}

/** A mutant may never come to an end, or take all the memory there is. */
const SEED_LIMIT_MS = 20_000;
const START_LIMIT_MS = 20_000;
const TESTS_LIMIT_MS = 120_000;
const SEARCH_LIMIT_MS = 120_000;
const HEAP_MIB = 1536;
const MESSAGE_CHARACTERS = 300;

const running = new Set<ChildProcess>();

/** Ends whatever looks for a mistake now; a test runner ends what it runs. Synchronous, for the exit of the program. */
export function endDetection(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Asks the mutant's detectors one after the other, in the folder where it lives, for at most so many seeds. Undefined: it survives. */
export async function detect(mutant: Mutant, folder: string, seedsMax = Number.POSITIVE_INFINITY): Promise<Finding | undefined> {
  for (const detector of mutant.detectors) {
    const finding = await ask(detector, folder, seedsMax);
    if (finding !== undefined) return { detector, ...finding };
  }
  return undefined;
}

function ask(detector: Detector, folder: string, seedsMax: number): Promise<Omit<Finding, 'detector'> | undefined> {
  switch (detector.kind) {
    case 'seeds':
      return playSeeds(detector, folder, seedsMax);
    case 'tests':
      return runTests(detector.path, folder);
    case 'search':
      return runSearch(detector, folder);
  }
}

/** As many seeds as the detector has, from 1. */
function playSeeds({ spec, seeds }: SeedsDetector, folder: string, seedsMax: number): Promise<Omit<Finding, 'detector'> | undefined> {
  return play(
    Array.from({ length: Math.min(seeds, seedsMax) }, (_, at) => `${spec ?? ''}:${at + 1}`),
    folder,
  );
}

/** Plays `spec:seed` pairs until one is violated. */
export async function play(pairs: readonly string[], folder: string): Promise<Omit<Finding, 'detector'> | undefined> {
  if (pairs.length === 0) return undefined;
  const program = join(folder, 'dist/test/mutants/play-seeds.js');
  const limitMs = START_LIMIT_MS + pairs.length * SEED_LIMIT_MS;
  const ended = await runNode([`--max-old-space-size=${HEAP_MIB}`, program, ...pairs], folder, limitMs);
  const played = ended.output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PlayedSeed);
  const last = played.at(-1);
  if (last === undefined) throw new Error(`no seed was played:\n${ended.errors}`);
  const seed = `${last.spec}:${last.seed}`;
  const seedsPlayed = new Set(played.map((each) => each.seed)).size;
  if (last.check !== undefined) return { seed, seedsPlayed, check: last.check, message: shortened(last.message ?? '') };
  if (ended.timedOut) return { seed, seedsPlayed, check: 'no end', message: `not within ${limitMs} ms` };
  if (ended.status !== 0) return { seed, seedsPlayed, check: 'crash', message: shortened(ended.errors.trim()) };
  return undefined;
}

/** Runs the tests of a compiled file or folder; a finding is the first one that fails. */
export async function runTests(path: string, folder: string): Promise<Omit<Finding, 'detector'> | undefined> {
  const arguments_ = ['--test', '--test-reporter=tap', join(folder, 'dist', path)];
  const { status, output, timedOut } = await runNode(arguments_, folder, TESTS_LIMIT_MS);
  if (status === 0) return undefined;
  const failed = /^\s*not ok \d+ - (?<name>.*)$/m.exec(output)?.groups?.['name'];
  return { seed: undefined, seedsPlayed: 0, check: path, message: failed ?? (timedOut ? 'no end' : shortened(output)) };
}

/** Searches the states of a spec; a finding is the violation at the end of the shortest story. */
export async function runSearch({ spec, states }: SearchDetector, folder: string): Promise<Omit<Finding, 'detector'> | undefined> {
  const program = join(folder, 'dist/test/exhaustive/main.js');
  const ended = await runNode([program], folder, SEARCH_LIMIT_MS, { SPEC: spec, STATES: String(states) });
  if (ended.status === 0) return undefined;
  const check = `search of ${spec}`;
  if (ended.timedOut) return { seed: undefined, seedsPlayed: 0, check, message: `not within ${SEARCH_LIMIT_MS} ms` };
  // Below the line of the spec stands the story, step by step, and last what it violates; an error, if not even its beginning can happen.
  const story = ended.output.split('\n').filter((line) => line.startsWith('  '));
  const error = ended.errors.split('\n').find((line) => /^\w*Error/.test(line));
  return { seed: undefined, seedsPlayed: 0, check, message: shortened((story.at(-1) ?? error ?? ended.errors).trim()) };
}

function runNode(
  arguments_: readonly string[],
  folder: string,
  limitMs: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A test runner tells its children so by the environment, and they would not run tests of their own.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, arguments_, { cwd: folder, env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    let errors = '';
    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ status, timedOut, output, errors });
    });
  });
}

function shortened(text: string): string {
  return text.length > MESSAGE_CHARACTERS ? `${text.slice(0, MESSAGE_CHARACTERS)}...` : text;
}
