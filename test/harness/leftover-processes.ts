import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS_RESERVED } from '../../services/ctl/dev-settings.ts';
import { holdsResources } from '../../services/ctl/process-table.ts';
import { until } from './until.ts';

/** Folders of clusters on this machine, and their first port. */
const clusters = new Map<string, number>();

/** A test that is interrupted, or fails in the middle, must not leave processes behind: they end with this process at the latest. */
export function endAtExit(directory: string, port: number): void {
  if (clusters.size === 0) {
    process.on('exit', () => {
      for (const [folder, firstPort] of clusters) killProcesses(folder, firstPort);
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
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
