import { SECOND_MS } from '../../services/shared/base/units.ts';
import { runSeed, type RunResult } from './run.ts';
import type { Spec } from './specs/spec.ts';
import { SPECS } from './specs/specs.ts';

/** Every seed of so many runs twice and must do the same again. */
const REPLAYED_ONE_OF = 10;

/** What all runs came to: the last line that the program prints. */
interface Totals {
  seeds: number;
  simulatedSeconds: number;
  faults: Record<string, number>;
  operations: number;
  violations: number;
}

interface Choice {
  readonly firstSeed: number;
  readonly runs: number;
  /** Undefined: all, in turn. */
  readonly spec: string | undefined;
  /** Simulated time under faults; undefined: the spec's own. */
  readonly seconds: number | undefined;
  /** Prints everything that happens. */
  readonly trace: boolean;
}

const choice = readChoice(process.env);
const totals: Totals = { seeds: 0, simulatedSeconds: 0, faults: {}, operations: 0, violations: 0 };
const startedMs = performance.now();
for (let at = 0; at < choice.runs; at++) await runOne(choice.firstSeed + at);
const realSeconds = (performance.now() - startedMs) / 1000;
process.stderr.write(`${(totals.simulatedSeconds / realSeconds).toFixed(0)} times real time\n`);
totals.simulatedSeconds = Math.round(totals.simulatedSeconds);
process.stdout.write(`${JSON.stringify(totals)}\n`);
process.exitCode = totals.violations > 0 || totals.operations === 0 || Object.keys(totals.faults).length === 0 ? 1 : 0;

async function runOne(seed: number): Promise<void> {
  const spec = specOf(seed);
  const result = await runSeed(spec, seed, choice.trace ? (line) => process.stdout.write(`${line}\n`) : undefined);
  totals.seeds += 1;
  totals.simulatedSeconds += result.simulatedMs / 1000;
  totals.operations += result.operations;
  for (const [kind, count] of result.faults) totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
  report(spec, seed, result);
  if (seed % REPLAYED_ONE_OF === 0 && result.violations.length === 0) await replay(spec, seed, result);
}

function report(spec: Spec, seed: number, result: RunResult): void {
  if (result.violations.length === 0) return;
  totals.violations += result.violations.length;
  process.stdout.write(`${result.lastLines.join('\n')}\n`);
  for (const { check, message, atMs } of result.violations) {
    process.stdout.write(`seed ${seed} (${spec.name}) violated ${check} at ${(atMs / 1000).toFixed(3)} s: ${message}\n`);
  }
  const seconds = choice.seconds === undefined ? '' : ` SECONDS=${choice.seconds}`;
  process.stdout.write(`replay: make sim SEED=${seed} RUNS=1 SPEC=${spec.name}${seconds}\n`);
}

async function replay(spec: Spec, seed: number, first: RunResult): Promise<void> {
  const second = await runSeed(spec, seed);
  if (second.traceHash === first.traceHash) return;
  totals.violations += 1;
  process.stdout.write(`seed ${seed} (${spec.name}) did not do the same twice: trace ${first.traceHash}, then ${second.traceHash}\n`);
}

function specOf(seed: number): Spec {
  const spec = choice.spec === undefined ? SPECS[seed % SPECS.length] : SPECS.find(({ name }) => name === choice.spec);
  if (spec === undefined) throw new Error(`there is no spec ${choice.spec}; there are ${SPECS.map(({ name }) => name).join(', ')}`);
  return choice.seconds === undefined ? spec : { ...spec, durationMs: choice.seconds * SECOND_MS };
}

/** As make gives them: an empty value is none. */
function readChoice(environment: NodeJS.ProcessEnv): Choice {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const number = (name: string): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${given}"`);
    return value;
  };
  return {
    firstSeed: number('SEED') ?? 1,
    runs: number('RUNS') ?? 20,
    spec: text('SPEC'),
    seconds: number('SECONDS'),
    trace: text('TRACE') === '1',
  };
}
