import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { addTotals, noTotals, type Totals } from './totals.ts';

/** Many seeds on all processors: each process runs a range of its own (`main.ts`), and the last line counts all of them together. */

interface Outcome {
  readonly code: number | null;
  /** Undefined: the process ended before its last line. */
  readonly totals: Totals | undefined;
}

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const runs = readNumber('RUNS', 10_000);
const firstSeed = readNumber('SEED', 1);
const jobs = Math.max(1, Math.min(readNumber('JOBS', availableParallelism()), runs));
const children: ChildProcess[] = [];
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal));

const outcomes = await Promise.all(Array.from({ length: jobs }, (_, job) => runJob(job)));
const sum = noTotals();
for (const { totals } of outcomes) if (totals !== undefined) addTotals(sum, totals);
process.stdout.write(`${JSON.stringify(sum)}\n`);
process.exitCode = !interrupted && outcomes.every(({ code, totals }) => code === 0 && totals !== undefined) ? 0 : 1;

/** Seeds of all jobs are one range; a job that has more than others has one more. */
function runJob(job: number): Promise<Outcome> {
  const from = Math.floor((job * runs) / jobs);
  const end = Math.floor(((job + 1) * runs) / jobs);
  // The first one replays what failed once, unless the seeds are chosen.
  const seed = job === 0 && (process.env['SEED'] ?? '') === '' ? '' : String(firstSeed + from);
  const environment = { ...process.env, SEED: seed, RUNS: String(end - from) };
  const child = spawn(process.execPath, [...process.execArgv, MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const label = jobs === 1 ? '' : `[seeds ${firstSeed + from} to ${firstSeed + end - 1}] `;
  createInterface(child.stderr).on('line', (line) => process.stderr.write(`${label}${line}\n`));
  let totals: Totals | undefined;
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{"seeds":')) totals = JSON.parse(line) as Totals;
    else process.stdout.write(`${line}\n`);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, totals })));
}

/** Each tells what it has found so far, and ends; the sum is told as ever. */
function stop(signal: NodeJS.Signals): void {
  interrupted = true;
  for (const child of children) child.kill(signal);
}

/** As make gives them: an empty value is none. */
function readNumber(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not "${text}"`);
  return value;
}
