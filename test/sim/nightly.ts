import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { settingsOrEnd } from '../harness/settings.ts';
import { readNight, type Task, tasksOf } from './nightly-tasks.ts';
import { addTotals, noTotals, type Totals } from './totals.ts';

/** Many seeds on all processors: each process runs a part of them (`main.ts`), and the last line counts all of them together. */

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const night = settingsOrEnd(() => readNight(process.env, availableParallelism()));
const tasks = [...tasksOf(night)];
const isAlone = tasks.length === 1;
const sum = noTotals();
let failed = false;
const children = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal));

await Promise.all(Array.from({ length: Math.max(1, night.jobs) }, work));
process.stdout.write(`${JSON.stringify(sum)}\n`);
process.exitCode = failed ? 1 : 0;

/** One task after the other, as long as there are any. */
async function work(): Promise<void> {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await runTask(task);
}

/** Counts what a process came to; one that ended before its last line has failed. */
function runTask({ label, settings }: Task): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, MAIN], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const shown = isAlone ? '' : `[${label}] `;
  createInterface(child.stderr).on('line', (line) => process.stderr.write(`${shown}${line}\n`));
  let totals: Totals | undefined;
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{"seeds":')) totals = JSON.parse(line) as Totals;
    else process.stdout.write(`${line}\n`);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      if (totals !== undefined) addTotals(sum, totals);
      if (code !== 0 || totals === undefined) failed = true;
      resolve();
    });
  });
}

/** What has not begun never will; each process tells what it has found so far, and ends; the sum is told as ever. */
function stop(signal: NodeJS.Signals): void {
  failed = true;
  tasks.length = 0;
  for (const child of children) child.kill(signal);
}
