import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the ports that Linux gives to outgoing connections (ip_local_port_range begins at 32768). */
const FIRST = 20_000;
/** Each test process has so many ports to itself: test files run side by side, and so may whole runs. */
const PORTS_A_PROCESS = 200;
const PROCESSES = 60;
const CLAIMS = join(tmpdir(), 'stator-test-ports');

let claimed: number | undefined;

/** The first of `count` ports in a row that are free on loopback and that no other test process looks at. */
export async function freePorts(count: number): Promise<number> {
  claimed ??= claim();
  const end = claimed + PORTS_A_PROCESS;
  for (let first = claimed; first + count <= end; ) {
    const taken = await firstTaken(first, count);
    if (taken === undefined) return first;
    first = taken + 1;
  }
  throw new Error(`no ${count} free ports from ${claimed} to ${end}`);
}

/** A range that no living test process has claimed. */
function claim(): number {
  mkdirSync(CLAIMS, { recursive: true });
  for (let attempt = 0; attempt < PROCESSES; attempt++) {
    const range = (process.pid + attempt) % PROCESSES;
    const file = join(CLAIMS, String(range));
    if (!claimFile(file)) continue;
    process.on('exit', () => rmSync(file, { force: true }));
    return FIRST + range * PORTS_A_PROCESS;
  }
  throw new Error(`all port ranges are claimed; if no tests run, remove ${CLAIMS}`);
}

function claimFile(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (isAlive(file)) return false;
    rmSync(file, { force: true });
    return claimFile(file);
  }
}

function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

async function firstTaken(first: number, count: number): Promise<number | undefined> {
  for (let port = first; port < first + count; port++) {
    const server = createServer();
    try {
      server.listen({ port, host: '127.0.0.1', exclusive: true });
      await once(server, 'listening');
    } catch {
      return port;
    }
    server.close();
    await once(server, 'close');
  }
  return undefined;
}
