import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { DevSettings } from './dev-settings.ts';
import { address, type DevProcess, type ProcessPorts, type ProcessRole } from './dev-topology.ts';
import { commandLine } from './process-table.ts';
import { replaceFile } from './replace-file.ts';
import { UserError } from './user-error.ts';

/** One entry of status.json. */
export interface ProcessStatus {
  readonly name: string;
  readonly role: ProcessRole;
  readonly az: string;
  /** Null while it is stopped. */
  readonly pid: number | null;
  readonly ports: ProcessPorts;
  readonly dataDir: string | null;
  readonly log: string;
}

const LOCK_FILE = 'lock';
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;

export async function writeStatus(directory: string, statuses: readonly ProcessStatus[]): Promise<void> {
  await replaceFile(join(directory, 'status.json'), `${JSON.stringify(statuses, undefined, 2)}\n`, 0o644);
}

export function processStatus(process: DevProcess, pid: number | undefined): ProcessStatus {
  const { name, role, az, ports, dataDir, log } = process;
  return { name, role, az, pid: pid ?? null, ports, dataDir, log };
}

/** Lines `export NAME=value` for a shell to read; the secret is in it, so for its owner alone. */
export async function writeEnvironment(settings: DevSettings): Promise<void> {
  const endpoint = endpointOf(settings);
  const lines = [
    `export STATOR_ENDPOINT=${endpoint}`,
    `export AWS_ENDPOINT_URL_DYNAMODB=${endpoint}`,
    `export AWS_ACCESS_KEY_ID=${shellWord(settings.accessKeyId)}`,
    `export AWS_SECRET_ACCESS_KEY=${shellWord(settings.secretAccessKey)}`,
    `export AWS_REGION=${settings.region}`,
    `export PATH=${shellWord(join(settings.directory, 'bin'))}:"$PATH"`,
  ];
  await replaceFile(join(settings.directory, 'env'), `${lines.join('\n')}\n`, 0o600);
}

/** Puts `stator` into the folder's bin, bound to this build and this folder. */
export async function writeCommand(directory: string): Promise<void> {
  const program = fileURLToPath(new URL('./main.js', import.meta.url));
  await mkdir(join(directory, 'bin'), { recursive: true });
  const script = [
    '#!/bin/sh',
    `STATOR_DIR="\${STATOR_DIR:-${directory.replaceAll(/[$`"\\]/g, '\\$&')}}" exec ${shellWord(process.execPath)} ${shellWord(program)} "$@"`,
  ];
  await replaceFile(join(directory, 'bin', 'stator'), `${script.join('\n')}\n`, 0o755);
}

export function endpointOf(settings: DevSettings): string {
  return `http://${address(settings.port)}`;
}

/** Runs `work` while no other command changes this cluster. A lock whose owner is gone is taken over. */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, LOCK_FILE);
  const deadline = performance.now() + LOCK_WAIT_MS;
  while (!(await tryLock(path))) {
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && (await commandLine(owner)) === undefined) {
      await rm(path, { force: true });
    } else if (performance.now() > deadline) {
      throw new UserError(`Another command (pid ${owner}) has been working on ${directory} for a minute; wait for it, or end it.`);
    } else {
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Quoted only where a shell needs it, so that simpler readers of the file are served too. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
