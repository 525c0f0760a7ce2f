import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether the system has Linux's /proc; elsewhere `ps` is asked. */
const HAS_PROC = existsSync('/proc/self/cmdline');
const LISTEN_STATE = '0A';

/** The command line of a process, words joined by blanks; undefined when there is no such process, or it has ended and waits to be reaped. */
export async function commandLine(pid: number): Promise<string | undefined> {
  if (!HAS_PROC) return commandLineByPs(pid);
  try {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return words === '' ? undefined : words.replace(/\0$/, '').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}

/**
 * Whether the process still holds what it had open. A process that ends loses its command line a moment before its sockets and
 * files, and its first thread may be a zombie while another one, which waits for the disk, keeps all of them open.
 */
export async function holdsResources(pid: number): Promise<boolean> {
  if (!HAS_PROC) return (await commandLineByPs(pid)) !== undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  if (stat === '') return false;
  // proc(5): the state follows the command, which may itself hold blanks and parentheses.
  const state = stat.charAt(stat.lastIndexOf(')') + 2);
  if (state !== 'Z' && state !== 'X') return true;
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  return threads.length > 1;
}

/**
 * Who listens at a TCP port of this machine, as far as it can be seen: `pid 123 (node server.js)`. A process that is ending, whose
 * command line is gone before its sockets, is nobody.
 */
export async function listenerOf(port: number): Promise<string | undefined> {
  if (!HAS_PROC) return undefined;
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (!(await holdsSocket(pid, sockets))) continue;
    const words = await commandLine(Number(pid));
    if (words !== undefined) return `pid ${pid} (${words})`;
  }
  return undefined;
}

async function commandLineByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The listening sockets at a port as /proc/PID/fd names them (proc(5): /proc/net/tcp). */
async function listeningSockets(port: number): Promise<ReadonlySet<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === LISTEN_STATE) found.add(`socket:[${fields[9]}]`);
    }
  }
  return found;
}

async function holdsSocket(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  try {
    for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
      if (sockets.has(await readlink(`/proc/${pid}/fd/${descriptor}`))) return true;
    }
  } catch {
    // It ended meanwhile, or belongs to somebody else.
  }
  return false;
}
