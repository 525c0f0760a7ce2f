import { constants } from 'node:os';
import { must } from '../../services/shared/base/assert.ts';
import { MINUTE_MS, SECOND_MS } from '../../services/shared/base/units.ts';
import { settingsOrEnd } from '../harness/settings.ts';
import { readChoice } from './choice.ts';
import { runSeed, type RunResult } from './run.ts';
import { choicesOf, readRegressions, type RunRecord, specOfRecord, writeRegression } from './run-record.ts';
import { shrinkRun } from './shrink-run.ts';
import { addTotals, noTotals } from './totals.ts';
import type { Spec } from './specs/spec.ts';
import { SPECS } from './specs/specs.ts';

/** Every seed of so many runs twice and must do the same again. */
const REPLAYED_ONE_OF = 10;
/** Failing seeds that are shrunk: one mistake makes many seeds fail. */
const RECORDED_MAX = 3;
/** One is shrunk for no longer: the other seeds wait meanwhile. */
const SHRINKING_MS = 5 * MINUTE_MS;

const choice = settingsOrEnd(() => readChoice(process.env));
const totals = noTotals();
/** Failures that were made smaller and written down. */
let recorded = 0;
const startedMs = performance.now();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted(signal));
const print = choice.trace ? (line: string): void => void process.stdout.write(`${line}\n`) : undefined;
if (choice.regressions) for (const [file, record] of readRegressions()) await runRegression(file, record);
for (let at = 0; at < choice.runs; at++) {
  await runOne(choice.firstSeed + at);
  if ((at + 1) % choice.progressEvery === 0) tellProgress(at + 1);
}
tellProgress(choice.runs);
tellTotals();
process.exitCode = totals.violations > 0 || totals.operations === 0 || Object.keys(totals.faults).length === 0 ? 1 : 0;

/** Tells what was found so far. The run under way is lost; reality may be trapped for it, so that the time is not asked for. */
function interrupted(signal: NodeJS.Signals): void {
  process.stderr.write(`ended by ${signal} after ${totals.seeds} runs\n`);
  tellTotals();
  process.exit(128 + constants.signals[signal]);
}

function tellTotals(): void {
  process.stdout.write(`${JSON.stringify({ ...totals, simulatedSeconds: Math.round(totals.simulatedSeconds) })}\n`);
}

async function runOne(seed: number): Promise<void> {
  const spec = specOf(seed);
  const result = await runSeed(spec, seed, {}, print);
  count(result);
  if (result.operations === 0 || result.faults.size === 0) await reportIdle(spec, seed, result);
  else if (result.violations.length > 0) await reportFailure(spec, seed, result);
  else if (seed % REPLAYED_ONE_OF === 0) await replay(spec, seed, result);
}

function count(result: RunResult): void {
  addTotals(totals, {
    seeds: 1,
    simulatedSeconds: result.simulatedMs / SECOND_MS,
    faults: Object.fromEntries(result.faults),
    operations: result.operations,
    violations: result.violations.length,
  });
}

async function runRegression(file: string, record: RunRecord): Promise<void> {
  const result = await runSeed(specOfRecord(record), record.seed, choicesOf(record), print);
  count(result);
  if (result.violations.length === 0) return;
  show(`regression ${file}`, result);
}

async function reportFailure(spec: Spec, seed: number, result: RunResult): Promise<void> {
  show(`seed ${seed} (${spec.name})`, result);
  const seconds = choice.seconds === undefined ? '' : ` SECONDS=${choice.seconds}`;
  process.stdout.write(`replay: make sim SEED=${seed} RUNS=1 SPEC=${spec.name}${seconds}\n`);
  if (recorded === RECORDED_MAX) return;
  recorded += 1;
  const giveUpAtMs = performance.now() + SHRINKING_MS;
  let file = '';
  const { record, runs, complete } = await shrinkRun(spec, seed, result, {
    onFailing: (failing) => {
      file = writeRegression(failing);
    },
    goesOn: () => performance.now() < giveUpAtMs,
  });
  const size = `${record.faults?.length ?? 'all'} of ${result.strikes.length} faults in ${record.seconds} s`;
  const end = complete ? 'nothing smaller was found' : 'given up, it may not be the smallest';
  process.stdout.write(`written to test/sim/regressions/${file}: ${size}, after ${runs} runs; ${end}\n`);
}

/** A run that did nothing proves nothing. */
async function reportIdle(spec: Spec, seed: number, result: RunResult): Promise<void> {
  if (result.violations.length > 0) return reportFailure(spec, seed, result);
  totals.violations += 1;
  process.stdout.write(
    `seed ${seed} (${spec.name}) had ${result.faults.size} kinds of faults that hit something and ${result.operations} operations\n`,
  );
}

function show(which: string, { lastLines, violations }: RunResult): void {
  process.stdout.write(`${lastLines.join('\n')}\n`);
  for (const { check, message, atMs } of violations) {
    process.stdout.write(`${which} violated ${check} at ${(atMs / SECOND_MS).toFixed(3)} s: ${message}\n`);
  }
}

async function replay(spec: Spec, seed: number, first: RunResult): Promise<void> {
  const second = await runSeed(spec, seed);
  if (second.traceHash === first.traceHash) return;
  totals.violations += 1;
  process.stdout.write(`seed ${seed} (${spec.name}) did not do the same twice: trace ${first.traceHash}, then ${second.traceHash}\n`);
}

function tellProgress(seeds: number): void {
  const realSeconds = (performance.now() - startedMs) / SECOND_MS;
  const speed = (totals.simulatedSeconds / realSeconds).toFixed(0);
  const text = `${seeds} of ${choice.runs} seeds, ${totals.violations} violations, ${realSeconds.toFixed(0)} s, ${speed} times real time`;
  process.stderr.write(`${text}\n`);
}

function specOf(seed: number): Spec {
  const spec = choice.spec ?? must(SPECS[seed % SPECS.length]);
  return choice.seconds === undefined ? spec : { ...spec, durationMs: choice.seconds * SECOND_MS };
}
