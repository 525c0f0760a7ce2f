import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { HttpLimits } from './http-limits.ts';
import { DEFAULT_HTTP_LIMITS } from './http-limits.ts';
import type { Running } from './http-server.test-support.ts';
import { echo, post, RawClient, start, statuses } from './http-server.test-support.ts';
import { createHttpServer } from './http-server.ts';
import { PrometheusMetrics } from './metrics.ts';
import { RecordingLogger } from './transport.test-support.ts';

describe('requests', () => {
  test('arrive whole, with every header as it was sent', async (context) => {
    const { port, requests } = await start(context);
    const client = await RawClient.open(context, port);
    client.write(post('{"a":1}', '/a%20b?c=d&c=e', 'X-Amz-Date: one\r\nx-amz-DATE: two\r\nEmpty:\r\n'));
    const text = await client.until(/POST \/a%20b\?c=d&c=e \{"a":1\}$/);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\ncontent-length: 27\r\n/);
    const [request] = requests;
    assert.equal(request?.headers.get('x-amz-date'), 'one');
    assert.deepEqual(request?.headers.all('x-amz-date'), ['one', 'two']);
    assert.equal(request?.headers.get('empty'), '');
    assert.equal(request?.headers.get('absent'), undefined);
    assert.deepEqual(request?.headers.all('absent'), []);
  });

  test('a body that arrives a byte at a time, while others are answered', async (context) => {
    const { port } = await start(context);
    const slow = await RawClient.open(context, port);
    const quick = await RawClient.open(context, port);
    const request = post('slow body');
    for (const [index, byte] of [...request].entries()) {
      slow.write(byte);
      quick.write(post(`quick ${index};`));
      await quick.until(new RegExp(`quick ${index};`));
    }
    await slow.until(/POST \/ slow body$/);
  });

  test('one without a body, one in chunks, one with an empty chunked body', async (context) => {
    const { port } = await start(context);
    const client = await RawClient.open(context, port);
    client.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/GET \/health $/);
    client.write('POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n');
    await client.until(/POST \/c abcdefg$/);
    client.write('POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    await client.until(/POST \/e $/);
  });

  test('pipelined ones are answered in order, whichever is ready first', async (context) => {
    let releaseFirst: () => void = () => {};
    const first = new Promise<void>((resolve) => (releaseFirst = resolve));
    const { port, requests } = await start(context, {}, async (request) => {
      if (request.path === '/1') await first;
      return echo(request);
    });
    const client = await RawClient.open(context, port);
    client.write(post('one;', '/1') + post('two;', '/2') + post('three;', '/3'));
    while (requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(client.received, '');
    releaseFirst();
    const text = await client.until(/POST \/3 three;$/);
    assert.deepEqual([...text.matchAll(/POST \/\d \w+;/g)].map(String), ['POST /1 one;', 'POST /2 two;', 'POST /3 three;']);
  });

  test('a client that asks first is told to continue', async (context) => {
    const { port } = await start(context);
    const client = await RawClient.open(context, port);
    client.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.write('abc');
    await client.until(/POST \/ abc$/);
  });

  test('a client that goes away in the middle harms nobody', async (context) => {
    const { port, requests } = await start(context);
    const leaving = await RawClient.open(context, port);
    leaving.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    const staying = await RawClient.open(context, port);
    staying.write(post('before'));
    await staying.until(/before$/);
    leaving.socket.resetAndDestroy();
    staying.write(post('after'));
    await staying.until(/after$/);
    assert.equal(requests.length, 2);
  });

  test('a handler that fails is our mistake: 500, and the server goes on', async (context) => {
    const { port, logger } = await start(context, {}, (request) => {
      return request.path === '/bad' ? Promise.reject(new Error('boom')) : echo(request);
    });
    const failing = await RawClient.open(context, port);
    failing.write(post('x', '/bad'));
    await failing.until(/^HTTP\/1\.1 500 Internal Server Error\r\n/);
    await failing.closed;
    assert.deepEqual(
      logger.lines.map(({ level, event }) => `${level} ${event}`),
      ['error http-handler-failed'],
    );
    const next = await RawClient.open(context, port);
    next.write(post('fine'));
    await next.until(/fine$/);
  });
});

describe('limits', () => {
  test('a body that is announced too long is refused before it is read', async (context) => {
    const { port, requests, refused } = await start(context, { bodyBytes: 1000 });
    const client = await RawClient.open(context, port);
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n');
    const text = await client.until(/^HTTP\/1\.1 413 .*\r\n\r\n$/s);
    assert.match(text, /connection: close/i);
    client.socket.end();
    await client.closed;
    assert.equal(requests.length, 0);
    assert.equal(await refused(413), 1);
  });

  test('and the client that sends it all the same can read why', async (context) => {
    const { port, requests } = await start(context, { bodyBytes: 1000 });
    const client = await RawClient.open(context, port);
    client.write(post('x'.repeat(5_000_000)) + post('smuggled'));
    await client.until(/^HTTP\/1\.1 413 /);
    client.socket.end();
    await client.closed;
    assert.deepEqual(statuses(client.received), ['413']);
    assert.equal(requests.length, 0);
  });

  test('the longest allowed body is taken, one byte more in chunks is not', async (context) => {
    const { port, requests } = await start(context, { bodyBytes: 100_000 });
    const client = await RawClient.open(context, port);
    client.write(post('y'.repeat(100_000)));
    await client.until(/y$/);
    assert.equal(requests[0]?.body.length, 100_000);
    const chunk = `${(50_000).toString(16)}\r\n${'z'.repeat(50_000)}\r\n`;
    const chunked = await RawClient.open(context, port);
    chunked.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}1\r\nz\r\n0\r\n\r\n`);
    await chunked.until(/^HTTP\/1\.1 413 /);
    assert.equal(requests.length, 1);
  });

  test('a client that asks first is refused at once', async (context) => {
    const { port } = await start(context, { bodyBytes: 1000 });
    const client = await RawClient.open(context, port);
    client.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n');
    await client.until(/^HTTP\/1\.1 413 /);
  });

  test('headers that are too long', async (context) => {
    const { port, requests, refused } = await start(context, { headerBytes: 2000 });
    const client = await RawClient.open(context, port);
    client.write(post('x', '/', `X-Long: ${'a'.repeat(3000)}\r\n`));
    await client.until(/^HTTP\/1\.1 431 /);
    assert.equal(requests.length, 0);
    assert.equal(await refused(431), 1);
  });

  test('headers that never end, and a body slower than the least rate', async (context) => {
    const { port, requests, refused } = await start(context, { headersTimeoutMs: 50, bodyGraceMs: 50, bodyBytesPerSecond: 1_000_000 });
    const slowHeaders = await RawClient.open(context, port);
    slowHeaders.write('POST / HTTP/1.1\r\nHost: x\r\n');
    const slowBody = await RawClient.open(context, port);
    slowBody.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    await Promise.all([slowHeaders.until(/^HTTP\/1\.1 408 /), slowBody.until(/^HTTP\/1\.1 408 /)]);
    assert.equal(requests.length, 0);
    assert.equal(await refused(408), 2);
  });

  test('a body that is announced and does not come, nor any of it', async (context) => {
    const { port, requests, refused } = await start(context, { headersTimeoutMs: 50, requestTimeoutMs: 100 });
    const silent = await RawClient.open(context, port);
    silent.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    const asking = await RawClient.open(context, port);
    asking.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n');
    await asking.until(/^HTTP\/1\.1 100 /);
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/served$/);
    await Promise.all([silent.until(/HTTP\/1\.1 408 /), asking.until(/HTTP\/1\.1 408 /)]);
    for (const client of [silent, asking]) {
      client.socket.end();
      await client.closed;
    }
    assert.equal(requests.length, 1);
    assert.equal(await refused(408), 2);
  });

  test('bodies under way have a room together: who takes longest gives way', async (context) => {
    const { port, requests, refused } = await start(context, { receivingBytes: 100_000 });
    const part = 'x'.repeat(60_000);
    const half = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n${part}`;
    const rest = 'x'.repeat(30_000);
    const first = await RawClient.open(context, port);
    first.write(half);
    const second = await RawClient.open(context, port);
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/served$/);
    second.write(half);
    await first.until(/^HTTP\/1\.1 503 /);
    first.socket.end();
    await first.closed;
    second.write(rest);
    await second.until(/^HTTP\/1\.1 200 .*x$/s);
    assert.deepEqual(
      requests.map(({ body }) => body.length),
      [6, 90_000],
    );
    assert.equal(await refused(503), 1);
    const third = await RawClient.open(context, port);
    third.write(half);
    third.write(rest);
    await third.until(/^HTTP\/1\.1 200 .*x$/s);
    assert.equal(await refused(503), 1, 'the room is free again');
  });

  /** Bodies over a kilobyte have to wait for what answers give them while one other request is under way. */
  const longBodies = { freeBytes: 1000, othersMax: 0, bytesPerOther: 1_000_000, bytesPerSecond: 0, turnBytes: 200_000, roomyBodies: 1 };
  /** More than all the buffers between two sockets of one machine. */
  const LONG = 30_000_000;

  /** A server that keeps `/held` waiting until `release`, with one such request under way. */
  async function startBusy(context: TestContext, limits: Partial<HttpLimits>): Promise<Running & { release: () => Promise<void> }> {
    const held: (() => void)[] = [];
    const running = await start(context, { bodyBytes: LONG, longBodies, ...limits }, async (request) => {
      if (request.path === '/held') await new Promise<void>((resolve) => held.push(resolve));
      return echo(request);
    });
    const holding = await RawClient.open(context, running.port);
    holding.write(post('', '/held'));
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const release = async () => {
      held[0]?.();
      await holding.until(/held $/);
    };
    return { ...running, release };
  }

  test('long bodies give way to other requests, and are read on when nobody else is there', async (context) => {
    const { port, requests, release } = await startBusy(context, {});
    const long = await RawClient.open(context, port);
    long.write(post('z'.repeat(LONG)));
    const other = await RawClient.open(context, port);
    for (let at = 1; at <= 10; at++) {
      other.write(post(`served ${at};`));
      await other.until(new RegExp(`served ${at};`));
    }
    assert.ok(long.socket.writableLength > 0, 'most of it is still at its client');
    assert.deepEqual(
      requests.map(({ body }) => body.length > 1000),
      requests.map(() => false),
    );
    await release();
    await long.until(/^HTTP\/1\.1 200 .*zzz/s);
    assert.equal(requests.at(-1)?.body.length, LONG);
  });

  test('a long body that never has its turn is refused, whoever came last before others, and its client reads why', async (context) => {
    const { port, refused, release } = await startBusy(context, { heldBodyMs: 10 });
    const long = await RawClient.open(context, port);
    long.write(post('z'.repeat(LONG)));
    await long.until(/^HTTP\/1\.1 503 /);
    assert.equal(await refused(503), 1);
    await release();
  });

  test('without room for bodies, the youngest of the held ones gives way', async (context) => {
    const nothingGiven = { ...longBodies, bytesPerOther: 0 };
    // The first one gets what a turn may read, up to a piece more.
    const { port, refused, release } = await startBusy(context, { longBodies: nothingGiven, receivingBytes: 300_000 });
    const first = await RawClient.open(context, port);
    first.write(post('1'.repeat(1_000_000)));
    const other = await RawClient.open(context, port);
    let last = first;
    while ((await refused(503)) < 3) {
      other.write(post('served'));
      await other.until(/served$/);
      last = await RawClient.open(context, port);
      last.write(post('2'.repeat(1_000_000)));
      other.write(post('again'));
      await other.until(/again$/);
    }
    await last.until(/^HTTP\/1\.1 503 /);
    assert.equal(first.received, '');
    await release();
  });

  test('answers that nobody reads: the connection of the oldest ends when there are too many bytes of them', async (context) => {
    // More than all the buffers between two sockets of one machine.
    const long = Buffer.alloc(40_000_000, 'y');
    const { port } = await start(context, { sendingBytes: 60_000_000 }, (request) =>
      Promise.resolve({ status: 200, headers: {}, body: request.path === '/long' ? long : request.body }),
    );
    const ask = async () => {
      const client = await RawClient.open(context, port);
      client.socket.pause();
      client.write(post('', '/long'));
      return client;
    };
    const first = await ask();
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/served$/);
    const second = await ask();
    // Only what was ended comes to its end unread.
    const ended = once(first.socket, 'close');
    first.socket.resume();
    await ended;
    assert.ok(first.received.length < long.length, 'it was ended in the middle');
    second.socket.resume();
    await second.until(/y{1000}$/);
    other.write(post('again'));
    await other.until(/again$/);
  });

  test('answers that wait behind an earlier one of their connection count like those that nobody reads', async (context) => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const long = Buffer.alloc(1_000_000, 'y');
    const { port, requests, unread } = await start(context, { sendingBytes: 10_000_000 }, async (request) => {
      if (request.path === '/held') await held;
      return { status: 200, headers: {}, body: long };
    });
    const impatient = await RawClient.open(context, port);
    impatient.write(post('', '/held') + post('').repeat(20));
    await impatient.closed;
    assert.ok(requests.length > 10);
    assert.equal(await unread(), 1);
    release();
    const other = await RawClient.open(context, port);
    other.write(post('served'));
    await other.until(/y{1000}$/);
  });

  test('connections over the limit are closed, and idle ones give way to those that come later', async (context) => {
    const held: (() => void)[] = [];
    const { port, refused } = await start(context, { connections: 2 }, (request) =>
      request.path === '/held'
        ? new Promise((resolve) => held.push(() => resolve({ status: 200, headers: {}, body: Buffer.from('at last') })))
        : echo(request),
    );
    const idle = await RawClient.open(context, port);
    idle.write(post('in'));
    await idle.until(/in$/);
    const busy = await RawClient.open(context, port);
    busy.write(post('', '/held'));
    const third = await RawClient.open(context, port);
    await third.closed;
    assert.equal(await refused(0), 1);
    await idle.closed;
    const fourth = await RawClient.open(context, port);
    fourth.write(post('fine'));
    await fourth.until(/fine$/);
    held[0]?.();
    await busy.until(/at last$/);
  });
});

describe('ambiguous requests are refused, and nothing behind them is taken for a request', () => {
  const smuggled = post('smuggled', '/smuggled');
  const cases: Readonly<Record<string, string>> = {
    'length and chunked': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'chunked and length': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    'two lengths': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 0\r\n\r\nabc${smuggled}`,
    'two equal lengths': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc${smuggled}`,
    'a list of lengths': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc${smuggled}`,
    'a signed length': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc${smuggled}`,
    'a hexadecimal length': `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc${smuggled}`,
    'an unknown encoding': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'an encoding before chunked': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'an encoding behind chunked': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'encodings in two headers': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'a space before the colon': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a folded header': `POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a wrong chunk size': `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n${smuggled}`,
    'a zero byte in a header': `POST / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n${smuggled}`,
    'no host': `POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n${smuggled}`,
    'two hosts': `POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n${smuggled}`,
    'bare line feeds': `POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n${smuggled}`,
    'not HTTP': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  };
  for (const [name, bytes] of Object.entries(cases)) {
    test(name, async (context) => {
      const { port, requests } = await start(context);
      const client = await RawClient.open(context, port);
      client.write(bytes);
      client.socket.end();
      await client.closed;
      assert.match(statuses(client.received).join(), /^(400|501)$/);
      assert.deepEqual(
        requests.map(({ path }) => path),
        [],
      );
    });
  }

  test('no refusal takes the place of an earlier answer', async (context) => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { port, requests } = await start(context, {}, async (request) => {
      await held;
      return echo(request);
    });
    const client = await RawClient.open(context, port);
    client.write(`${post('first')}NONSENSE\r\n\r\n`);
    await client.closed;
    assert.equal(client.received, '');
    release();
    assert.equal(requests.length, 1);
  });
});

describe('the end', () => {
  test('drain answers what runs, closes what idles, and accepts nothing new', async (context) => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { server, port, requests } = await start(context, {}, async (request) => {
      if (request.path === '/held') await held;
      return echo(request);
    });
    const idle = await RawClient.open(context, port);
    idle.write(post('idle'));
    await idle.until(/idle$/);
    const busy = await RawClient.open(context, port);
    busy.write(post('busy', '/held'));
    while (requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const drained = server.drain();
    await idle.closed;
    await assert.rejects(RawClient.open(context, port));
    release();
    const text = await busy.until(/POST \/held busy$/);
    assert.match(text, /connection: close/i);
    await drained;
    await busy.closed;
  });

  test('close ends everything at once', async (context) => {
    const { server, port, requests } = await start(context, {}, () => new Promise(() => {}));
    const busy = await RawClient.open(context, port);
    busy.write(post('x'));
    while (requests.length < 1) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    await busy.closed;
    assert.equal(busy.received, '');
  });

  test('an address in use is said', async (context) => {
    const { port } = await start(context);
    const second = createHttpServer({
      host: '127.0.0.1',
      port,
      limits: DEFAULT_HTTP_LIMITS,
      handler: { handle: echo },
      logger: new RecordingLogger(),
      metrics: new PrometheusMetrics({}),
      process: 'test',
    });
    await assert.rejects(second.listen(), /EADDRINUSE/);
  });
});
