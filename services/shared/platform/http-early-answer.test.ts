import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { HttpRequestHead, HttpResponse } from '../env/http.ts';
import type { HttpLimits } from './http-limits.ts';
import type { Handler, Running } from './http-server.test-support.ts';
import { echo, post, RawClient, start, statuses } from './http-server.test-support.ts';

const LIMITS: Partial<HttpLimits> = { unaskedBodyBytes: 1000 };
const LONG = 'x'.repeat(1001);
const REFUSAL: HttpResponse = { status: 400, headers: { why: 'unsigned' }, body: Buffer.from('refused') };

/** A server that needs no body to refuse what goes to `/unsigned`. */
async function startAsking(
  context: TestContext,
  limits: Partial<HttpLimits> = {},
  handler: Handler = echo,
): Promise<Running & { asked: HttpRequestHead[] }> {
  const asked: HttpRequestHead[] = [];
  const running = await start(context, { ...LIMITS, ...limits }, handler, (head) => {
    asked.push(head);
    return head.path === '/unsigned' ? Promise.resolve(REFUSAL) : undefined;
  });
  return { ...running, asked };
}

function headOf(path: string, framing: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

describe('a body that cannot change the answer', () => {
  test('is not waited for: the answer is whole, and the last one of its connection', async (context) => {
    const { port, requests, asked, answeredEarly } = await startAsking(context);
    const client = await RawClient.open(context, port);
    client.write(headOf('/unsigned', 'X: y\r\nContent-Length: 1001'));
    const text = await client.until(/refused$/);
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\nwhy: unsigned\r\ncontent-length: 7\r\nconnection: close\r\n/);
    client.write(LONG + post('smuggled'));
    client.socket.end();
    await client.closed;
    assert.deepEqual(statuses(client.received), ['400']);
    assert.equal(requests.length, 0);
    assert.deepEqual(
      asked.map(({ method, path, headers }) => [method, path, headers.get('x')]),
      [['POST', '/unsigned', 'y']],
    );
    assert.equal(await answeredEarly(), 1);
  });

  test('is not asked for when the client asks first', async (context) => {
    const { port } = await startAsking(context);
    const client = await RawClient.open(context, port);
    client.write(headOf('/unsigned', 'Expect: 100-continue\r\nContent-Length: 1001'));
    await client.until(/refused$/);
    assert.deepEqual(statuses(client.received), ['400']);
  });

  test('comes in chunks: the handler is asked once, when too much of it is there', async (context) => {
    const { port, requests, asked } = await startAsking(context);
    const client = await RawClient.open(context, port);
    client.write(headOf('/unsigned', 'Transfer-Encoding: chunked') + chunk('x'.repeat(1000)));
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/served$/);
    assert.equal(client.received, '');
    client.write(chunk('x'));
    await client.until(/refused$/);
    const right = await RawClient.open(context, port);
    right.write(headOf('/right', 'Transfer-Encoding: chunked') + chunk(LONG) + chunk(LONG) + chunk('y') + chunk(''));
    await right.until(/xy$/);
    assert.deepEqual(
      asked.map(({ path }) => path),
      ['/unsigned', '/right'],
    );
    assert.deepEqual(
      requests.map(({ body }) => body.length),
      [6, 2 * LONG.length + 1],
    );
  });

  test('is read as ever when it is short, and when it decides', async (context) => {
    const { port, asked, answeredEarly } = await startAsking(context);
    const client = await RawClient.open(context, port);
    client.write(post(LONG.slice(1), '/unsigned'));
    await client.until(/POST \/unsigned x{1000}$/);
    assert.equal(asked.length, 0);
    client.write(post(LONG, '/right'));
    await client.until(/POST \/right x{1001}$/);
    assert.equal(asked.length, 1);
    assert.equal(await answeredEarly(), 0);
  });

  test('leaves the answers before it in their order', async (context) => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { port, asked } = await startAsking(context, {}, async (request) => {
      await held;
      return echo(request);
    });
    const client = await RawClient.open(context, port);
    client.write(post('first;') + headOf('/unsigned', 'Content-Length: 1001') + LONG + post('smuggled'));
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(client.received, '');
    release();
    await client.until(/first;.*refused$/s);
    client.socket.end();
    await client.closed;
    assert.deepEqual(statuses(client.received), ['200', '400']);
  });

  test('takes no room from those that are read', async (context) => {
    const { port, refused } = await startAsking(context, { receivingBytes: 100_000 });
    const honest = await RawClient.open(context, port);
    honest.write(headOf('/right', 'Content-Length: 90000') + 'h'.repeat(60_000));
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/served$/);
    for (let at = 0; at < 10; at++) {
      const client = await RawClient.open(context, port);
      client.write(headOf('/unsigned', 'Content-Length: 90000') + 'x'.repeat(60_000));
      await client.until(/refused$/);
    }
    honest.write('h'.repeat(30_000));
    await honest.until(/POST \/right h{90000}$/);
    assert.equal(await refused(503), 0);
  });

  test('is not read far, and its client sees the answer all the same', async (context) => {
    const lingering = { elapsedMs: 60_000, bytes: 300_000, bytesPerSecond: 100_000_000, connections: 10 };
    const { port } = await startAsking(context, { lingering, bodyBytes: 100_000_000 });
    const client = await RawClient.open(context, port);
    // More than all the buffers between two sockets of one machine: it can only end because the server leaves.
    client.write(headOf('/unsigned', 'Content-Length: 90000000'));
    const failed = new Promise<boolean>((resolve) => {
      client.socket.write(Buffer.alloc(90_000_000), (error) => resolve(error instanceof Error));
    });
    await client.until(/refused$/);
    assert.equal(await failed, true, 'most of it was never sent');
    await client.closed;
  });

  test('a handler that fails is our mistake: 500', async (context) => {
    const { port, logger } = await start(context, LIMITS, echo, () => Promise.reject(new Error('boom')));
    const client = await RawClient.open(context, port);
    client.write(headOf('/', 'Content-Length: 1001'));
    await client.until(/^HTTP\/1\.1 500 /);
    client.socket.end();
    await client.closed;
    assert.deepEqual(
      logger.lines.map(({ level, event }) => `${level} ${event}`),
      ['error http-handler-failed'],
    );
  });
});
