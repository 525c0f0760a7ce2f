import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS_RESERVED } from '../../services/ctl/dev-settings.ts';
import { holdsResources } from '../../services/ctl/process-table.ts';
import { until } from './until.ts';

/** Folders of clusters on this machine, and their first port. */
const clusters = new Map<string, number>();
let interrupted = false;

/** A test that is interrupted, or fails in the middle, must leave nothing behind: processes and folder go with this process at the latest. */
export function endAtExit(directory: string, port: number): void {
  if (clusters.size === 0) {
    process.on('exit', () => {
      for (const [folder, firstPort] of clusters) killProcesses(folder, firstPort);
      // What failed is looked for in the logs.
      const isKept = process.env['STATOR_TEST_KEEP'] !== undefined || (!interrupted && (process.exitCode ?? 0) !== 0);
      for (const folder of clusters.keys()) {
        if (isKept) process.stderr.write(`${folder} is kept, with the logs of its processes\n`);
        else removeFolder(folder);
      }
    });
    // Not once: a second signal must not end the process in the midst of this.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        interrupted = true;
        process.exit(1);
      });
    }
  }
  clusters.set(directory, port);
}

/** SIGKILL for every process of the cluster; resolves when they are gone. */
export async function endProcesses(directory: string, port: number): Promise<void> {
  for (const pid of killProcesses(directory, port)) await until('the process is gone', async () => !(await holdsResources(pid)));
}

/** Synchronous, for the exit of the test's own process. */
function killProcesses(directory: string, port: number): number[] {
  const pids = runningProcesses(directory, port);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids;
}

/** Synchronous. Processes that were killed a moment ago may still make files in it. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  } catch (error) {
    process.stderr.write(`${folder} is left: ${String(error)}\n`);
  }
}

/** By pid file; a number that now belongs to somebody else is told by the name and the ports on its command line. */
function runningProcesses(directory: string, port: number): number[] {
  const pids: number[] = [];
  for (const file of filesIn(join(directory, 'run'))) {
    const pid = Number(textOf(join(directory, 'run', file)));
    if (!Number.isInteger(pid) || pid <= 0) continue;
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    const metricsPort = Number(words[words.indexOf('--metrics-listen') + 1]?.split(':')[1]);
    const isOurs = words.includes(file.replace(/\.pid$/, '')) && metricsPort >= port && metricsPort < port + PORTS_RESERVED;
    if (isOurs) pids.push(pid);
  }
  return pids;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.pid'));
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
