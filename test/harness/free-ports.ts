import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux gives to outgoing connections (ip_local_port_range begins at 32768). */
const FIRST = 20_000;
const LAST = 32_000;

/** The first of `count` ports in a row that are free on loopback, at another place for each test process. */
export async function freePorts(count: number): Promise<number> {
  let first = FIRST + ((process.pid * 37) % (LAST - FIRST));
  for (let attempt = 0; attempt < LAST - FIRST; attempt++) {
    const taken = await firstTaken(first, count);
    if (taken === undefined) return first;
    first = taken + count + 1 > LAST ? FIRST : taken + 1;
  }
  throw new Error('no free ports');
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
