import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { missingTools, runTool } from './tools.ts';

const INSIDE = 'STATOR_CHAOS_INSIDE';

/**
 * Starts this program again in a network and a mount namespace of its own, where the machine allows it: rules of a firewall and
 * mounts are then seen by nobody else and vanish with the last process. True in the process that is to do the work.
 */
export async function insideOwnNamespaces(): Promise<boolean> {
  if (process.env[INSIDE] !== undefined) {
    if (process.env[INSIDE] === 'yes') await runTool('ip', ['link', 'set', 'lo', 'up']);
    return true;
  }
  if ((await missingTools(['root', 'network namespaces'])).length > 0) {
    process.env[INSIDE] = 'no';
    return true;
  }
  const program = process.argv[1] ?? fileURLToPath(import.meta.url);
  const child = spawn('unshare', ['--net', '--mount', process.execPath, program], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: 'yes' },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
  return false;
}

/** Whether firewall rules made here concern nobody else. */
export function hasOwnNetwork(): boolean {
  return process.env[INSIDE] === 'yes';
}
