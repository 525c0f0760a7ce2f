import { type Disagreement, compare, fuzz, type Tally } from './fuzz.ts';
import { readRegressions, writeRegression } from './regressions.ts';
import { shrinkCase } from './shrink-case.ts';

/** Disagreements that are made smaller and written down: one mistake makes many seeds fail. */
const RECORDED_MAX = 3;
/** Disagreements after which there is no use in looking for more. */
const FOUND_MAX = 100;
const PROGRESS_EVERY = 10_000;

const firstSeed = number('SEED') ?? 1;
const cases = number('CASES') ?? 10_000;
const found: { readonly seed: number; readonly disagreement: Disagreement }[] = [];
const tally: Tally = {};
let failures = 0;

// Cases that failed once come first, unless one seed is replayed.
if (process.env['SEED'] === undefined || process.env['SEED'] === '') replayRegressions();
const startedMs = performance.now();
let done = 0;
while (done < cases && found.length < FOUND_MAX) {
  const part = Math.min(PROGRESS_EVERY, cases - done);
  for (const [name, count] of Object.entries(fuzz(firstSeed + done, part, (seed, disagreement) => found.push({ seed, disagreement })))) {
    tally[name] = (tally[name] ?? 0) + count;
  }
  done += part;
  process.stderr.write(
    `${done} of ${cases} cases, ${found.length} disagreements, ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`,
  );
}
await report();
process.stdout.write(`${JSON.stringify({ cases: done, disagreements: failures, outcomes: Object.keys(tally).length })}\n`);
process.exitCode = failures > 0 || done === 0 ? 1 : 0;

function replayRegressions(): void {
  for (const [file, regression] of readRegressions()) {
    const { disagreement } = compare(regression.case);
    if (disagreement === undefined) continue;
    failures += 1;
    process.stdout.write(`regression ${file}: ${disagreement.message}\n`);
  }
}

async function report(): Promise<void> {
  failures += found.length;
  const told = new Set<string>();
  for (const { seed, disagreement } of found) {
    // The same kinds of outcomes are the same mistake, most likely.
    if (told.has(disagreement.signature) || told.size === RECORDED_MAX) continue;
    told.add(disagreement.signature);
    const smallest = await shrinkCase(disagreement);
    process.stdout.write(`seed ${seed}: ${JSON.stringify(smallest.one)}\n  Stator: ${smallest.message}\n`);
    process.stdout.write(`replay: make fuzz-expressions SEED=${seed} CASES=1\n`);
    const file = writeRegression({ seed, case: smallest.one, difference: smallest.message });
    process.stdout.write(`written to test/expressions/regressions/${file}\n`);
  }
}

/** As make gives them: an empty value is none. */
function number(name: string): number | undefined {
  const given = process.env[name];
  if (given === undefined || given === '') return undefined;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${given}"`);
  return value;
}
