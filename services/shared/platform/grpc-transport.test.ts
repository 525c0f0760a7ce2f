import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';
import type { FrameStream } from '../env/transport.ts';
import { AdminCallError, TransportError } from '../env/transport.ts';
import type { AdminRequest, AdminResponse } from '../wire/admin.ts';
import type { Hello } from '../wire/codec-hello.ts';
import { writeHello } from '../wire/codec-hello.ts';
import type { RequestFrame, ResponseFrame, StatorHandlers } from '../wire/frames.ts';
import { ProtoWriter } from '../wire/proto-writer.ts';
import { PROTOCOL_VERSION } from '../wire/protocol-version.ts';
import { sealFrame } from '../wire/sealed-frame.ts';
import { STREAM_CODECS } from '../wire/stream-codecs.ts';
import type { TestTransport, TestTransportOptions } from './transport.test-support.ts';
import { checksum, testTransport } from './transport.test-support.ts';

const CHILD = fileURLToPath(new URL('transport-child.test-support.js', import.meta.url));
const OPEN_MS = 10_000;

type ServerStream = FrameStream<ResponseFrame, RequestFrame>;

/** A transport that is closed when the test ends. */
function transportOf(context: TestContext, options: TestTransportOptions): TestTransport {
  const created = testTransport(options);
  context.after(() => created.transport.close());
  return created;
}

async function serve(context: TestContext, handlers: StatorHandlers, options: Partial<TestTransportOptions> = {}) {
  const server = transportOf(context, { name: 'server', ...options });
  await server.transport.listen(handlers);
  return { ...server, address: `127.0.0.1:${server.transport.port()}` };
}

/** Requests whose answers are easily told from any other. */
function get(...ids: number[]): RequestFrame {
  return {
    requests: ids.map((id) => ({
      id,
      group: 2,
      deadlineMs: 1000,
      operation: { kind: 'get', key: Buffer.from(`key-${id}`), consistent: true },
    })),
  };
}

/** Resolves with the reason, once; a second call fails the test's process. */
function closeOf(stream: FrameStream<never, never>): Promise<string> {
  return new Promise((resolve) => {
    let closed = false;
    stream.onClose = (reason) => {
      assert.equal(closed, false, 'onClose was called twice');
      closed = true;
      resolve(reason);
    };
  });
}

/** Lets both sides run until a condition holds; a test that waits in vain is ended by its runner. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function startChild(context: TestContext, port = 0): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(CHILD, [String(port)]);
  context.after(() => child.kill('SIGKILL'));
  const [bound] = (await once(child, 'message')) as [number];
  return { child, port: bound };
}

/** A foreign client that sends what it likes. */
function rawStream(context: TestContext, address: string): ClientDuplexStream<Buffer, Buffer> {
  const client = new Client(address, credentials.createInsecure());
  context.after(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  return client.makeBidiStreamRequest('/stator.v1.Requests/Exchange', same, same);
}

function helloFrame(change: Partial<Hello> = {}): Buffer {
  const hello = { protocolVersion: PROTOCOL_VERSION, clusterId: 'cluster-1', name: 'raw', incarnation: 5, ...change };
  return sealFrame(new ProtoWriter(), checksum, writeHello, hello);
}

/** Sends frames; resolves with the status text of the end. */
function rawExchange(context: TestContext, address: string, frames: readonly Buffer[]): Promise<{ code: number; details: string }> {
  const stream = rawStream(context, address);
  stream.on('error', () => {});
  stream.on('data', () => {});
  for (const frame of frames) stream.write(frame);
  return new Promise((resolve) => stream.on('status', resolve));
}

describe('streams', () => {
  test('both sides learn who the other one is', async (context) => {
    let accepted: ServerStream | undefined;
    const { address } = await serve(context, { requests: (stream) => (accepted = stream) });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    assert.deepEqual(stream.peer, { clusterId: 'cluster-1', name: 'server', incarnation: 2 ** 48 - 7 });
    assert.deepEqual(accepted?.peer, { clusterId: 'cluster-1', name: 'client', incarnation: 2 ** 48 - 7 });
  });

  test('100,000 messages arrive in order, in both directions', async (context) => {
    const count = 100_000;
    const { address } = await serve(context, {
      requests: (stream) => {
        let expected = 0;
        stream.onFrame = (frame) => {
          for (const { id, operation } of frame.requests) {
            assert.equal(id, expected++);
            assert.equal(operation.kind === 'get' && operation.key.toString(), `key-${id}`);
          }
          stream.send({ responses: frame.requests.map(({ id }) => ({ id, status: 'ok', slot: id })) });
        };
      },
    });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    let answered = 0;
    stream.onFrame = (frame) => {
      for (const { id, slot } of frame.responses) {
        assert.equal(id, answered++);
        assert.equal(slot, id);
      }
    };
    for (let id = 0; id < count; ) {
      // Frames of 1 to 40 messages; turns with one frame and turns with many.
      const size = Math.min((id % 40) + 1, count - id);
      stream.send(get(...Array.from({ length: size }, (_, index) => id + index)));
      id += size;
      if (id % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => answered === count);
    assert.equal(stream.queuedBytes(), 0);
  });

  test('every kind of stream carries its own frames', async (context) => {
    const seen: string[] = [];
    const { address } = await serve(context, {
      control: (stream) => (stream.onFrame = (frame) => stream.send(frame)),
      bulk: (stream) => (stream.onFrame = (frame) => stream.send(frame)),
      watch: (stream) => (stream.onFrame = (frame) => stream.send(frame)),
    });
    const { transport } = transportOf(context, { name: 'client' });
    const control = await transport.open(address, 'control', OPEN_MS);
    control.onFrame = (frame) => seen.push(`control ${frame.heartbeat?.sequence}`);
    control.send({ messages: [], heartbeat: { sequence: 9, leaderships: Buffer.from('x'), floors: Buffer.alloc(0) } });
    const bulk = await transport.open(address, 'bulk', OPEN_MS);
    bulk.onFrame = (frame) => seen.push(`bulk ${frame.credit}`);
    bulk.send({ credit: 256, messages: [], snapshots: [] });
    const watch = await transport.open(address, 'watch', OPEN_MS);
    watch.onFrame = (frame) => seen.push(`watch ${frame.kind}`);
    watch.send({ kind: 'subscribe' });
    await until(() => seen.length === 3);
    assert.deepEqual(seen.sort(), ['bulk 256', 'control 9', 'watch subscribe']);
  });

  test('frames that arrive before the owner looks are kept for it, and the end comes after them', async (context) => {
    const { address } = await serve(context, {
      requests: (stream) => {
        stream.send({ responses: [{ id: 1, status: 'ok' }] });
        stream.send({ responses: [{ id: 2, status: 'ok' }] });
        stream.close();
      },
    });
    const { transport, metric } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    while ((await metric('received_frames_total')) < 2) await new Promise((resolve) => setImmediate(resolve));
    const events: (number | string)[] = [];
    stream.onFrame = (frame) => events.push(...frame.responses.map(({ id }) => id));
    stream.onClose = (reason) => events.push(reason);
    await until(() => events.length === 3);
    assert.deepEqual(events, [1, 2, 'closed by the other side']);
  });

  test('a frame that is too large goes in parts', async (context) => {
    const sizes: number[] = [];
    let bytes = 0;
    const { address } = await serve(context, {
      requests: (stream) => {
        const item = Buffer.alloc(900_000, 7);
        stream.onFrame = () => stream.send({ responses: Array.from({ length: 40 }, (_, id) => ({ id, status: 'ok', item })) });
      },
    });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    stream.onFrame = (frame) => {
      sizes.push(frame.responses.length);
      for (const { item } of frame.responses) bytes += item?.length ?? 0;
    };
    stream.send(get(1));
    await until(() => bytes === 40 * 900_000);
    assert.equal(sizes.length > 1, true);
  });

  test('queued bytes say what the network has not taken yet', async (context) => {
    let received = 0;
    const { address } = await serve(context, {
      bulk: (stream) => (stream.onFrame = (frame) => (received += frame.snapshots.length)),
    });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'bulk', OPEN_MS);
    const entries = Buffer.alloc(250_000);
    for (let index = 0; index < 40; index++) {
      stream.send({ credit: 0, messages: [], snapshots: [{ kind: 'chunk', group: 2, transfer: 1, index, entries }] });
    }
    assert.equal(stream.queuedBytes() >= 40 * entries.length, true);
    await until(() => received === 40 && stream.queuedBytes() === 0);
  });
});

describe('the end of a stream', () => {
  test('close() lets go out what was sent; the other side hears of it once, this side does not', async (context) => {
    const ids: number[] = [];
    let accepted: ServerStream | undefined;
    const { address } = await serve(context, {
      requests: (stream) => {
        accepted = stream;
        stream.onFrame = (frame) => ids.push(...frame.requests.map(({ id }) => id));
      },
    });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    stream.onClose = () => assert.fail('onClose after one’s own close');
    assert(accepted !== undefined);
    const closed = closeOf(accepted);
    for (let id = 0; id < 1000; id++) stream.send(get(id));
    stream.close();
    stream.send(get(1000));
    stream.close();
    assert.equal(await closed, 'closed by the other side');
    assert.deepEqual(
      ids,
      Array.from({ length: 1000 }, (_, id) => id),
    );
    accepted.send({ responses: [] });
    await transport.close();
  });

  test('a side that is closed delivers no more frames', async (context) => {
    const { address } = await serve(context, {
      requests: (stream) => (stream.onFrame = () => stream.send({ responses: [{ id: 1, status: 'ok' }] })),
    });
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    stream.onFrame = () => assert.fail('a frame after close');
    stream.send(get(1));
    stream.close();
    await transport.close();
  });

  test('a killed process: onClose once, opening fails while it is down and works as soon as it is back', async (context) => {
    const { child, port } = await startChild(context);
    const address = `127.0.0.1:${port}`;
    const { transport } = transportOf(context, { name: 'client' });
    const stream = await transport.open(address, 'requests', OPEN_MS);
    const answered = new Promise((resolve) => (stream.onFrame = resolve));
    const closed = closeOf(stream as FrameStream<never, never>);
    stream.send(get(1));
    await answered;
    child.kill('SIGKILL');
    assert.notEqual(await closed, '');
    stream.send(get(2));
    assert.equal(stream.queuedBytes(), 0);
    for (let attempt = 0; attempt < 5; attempt++) {
      await assert.rejects(transport.open(address, 'requests', OPEN_MS), TransportError);
    }
    await startChild(context, port);
    const again = await transport.open(address, 'requests', OPEN_MS);
    const answeredAgain = new Promise((resolve) => (again.onFrame = resolve));
    again.send(get(3));
    assert.deepEqual(await answeredAgain, { responses: [{ id: 3, status: 'ok' }] });
  });

  test('a transport that closes ends streams on both sides, and its port is free at once', async (context) => {
    const server = await serve(context, { requests: () => {} });
    const { transport } = transportOf(context, { name: 'client' });
    const streams = await Promise.all([1, 2, 3].map(() => transport.open(server.address, 'requests', OPEN_MS)));
    const closed = Promise.all(streams.map((stream) => closeOf(stream as FrameStream<never, never>)));
    const port = server.transport.port();
    await server.transport.close();
    assert.deepEqual(await closed, ['closed by the other side', 'closed by the other side', 'closed by the other side']);
    await serve(context, { requests: () => {} }, { port });
    await transport.open(server.address, 'requests', OPEN_MS);
    await transport.close();
    await assert.rejects(transport.open(server.address, 'requests', OPEN_MS), TransportError);
  });

  test('an address in use is said', async (context) => {
    const server = await serve(context, {});
    const second = transportOf(context, { name: 'second', port: server.transport.port() });
    await assert.rejects(second.transport.listen({}), TransportError);
  });
});

describe('refusals', () => {
  test('another cluster', async (context) => {
    const { address, logger } = await serve(context, { requests: () => assert.fail('accepted') });
    const { transport } = transportOf(context, { name: 'stranger', clusterId: 'cluster-2' });
    await assert.rejects(transport.open(address, 'requests', OPEN_MS), (error: Error) => {
      assert(error instanceof TransportError);
      assert.match(error.message, /server belongs to cluster cluster-1, stranger to cluster cluster-2/);
      return true;
    });
    assert.deepEqual(
      logger.lines.map(({ event }) => event),
      ['stream-refused'],
    );
  });

  test('a process without a cluster opens nothing and takes nothing', async (context) => {
    const homeless = await serve(context, { requests: () => assert.fail('accepted') }, { name: 'new', clusterId: '' });
    const { transport } = transportOf(context, { name: 'client' });
    await assert.rejects(transport.open(homeless.address, 'requests', OPEN_MS), /new belongs to no cluster yet/);
    await assert.rejects(homeless.transport.open(homeless.address, 'requests', OPEN_MS), /new belongs to no cluster yet/);
  });

  test('another protocol version', async (context) => {
    const { address } = await serve(context, { requests: () => assert.fail('accepted') });
    const status = await rawExchange(context, address, [helloFrame({ protocolVersion: 99 })]);
    assert.deepEqual(status.code, 9);
    assert.match(status.details, /server speaks protocol version \d+, raw speaks 99/);
  });

  test('a first frame without hello, or far too long', async (context) => {
    const { address } = await serve(context, { requests: () => assert.fail('accepted') });
    const { write } = STREAM_CODECS.requests.up;
    const notHello = sealFrame(new ProtoWriter(), checksum, write, get(1));
    assert.equal((await rawExchange(context, address, [notHello])).details, 'the first frame is no hello');
    assert.equal((await rawExchange(context, address, [helloFrame({ name: 'x'.repeat(5000) })])).details, 'the first frame is no hello');
  });

  test('a kind that is not served', async (context) => {
    const { address } = await serve(context, { requests: () => {} });
    const { transport } = transportOf(context, { name: 'client' });
    await assert.rejects(transport.open(address, 'watch', OPEN_MS), /server does not serve watch streams/);
  });

  test('nobody listens, or someone listens who does not answer', async (context) => {
    const { transport } = transportOf(context, { name: 'client' });
    const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await assert.rejects(transport.open(`127.0.0.1:${port}`, 'requests', 50), /no answer within 50 ms/);
    await assert.rejects(transport.call(`127.0.0.1:${port}`, { kind: 'describe-node' }, 50), TransportError);
    // Only possible when neither attempt left its connection open.
    await new Promise((resolve) => silent.close(resolve));
    await assert.rejects(transport.open(`127.0.0.1:${port}`, 'requests', OPEN_MS), TransportError);
    await assert.rejects(transport.call(`127.0.0.1:${port}`, { kind: 'describe-node' }, OPEN_MS), TransportError);
  });
});

describe('damage', () => {
  test('a damaged frame ends the stream with its reason, is counted, and what came before it counts', async (context) => {
    const ids: number[] = [];
    let closed: Promise<string> | undefined;
    const { address, metric, logger } = await serve(context, {
      requests: (stream) => {
        stream.onFrame = (frame) => ids.push(...frame.requests.map(({ id }) => id));
        closed = closeOf(stream as FrameStream<never, never>);
      },
    });
    const { write } = STREAM_CODECS.requests.up;
    const writer = new ProtoWriter();
    const damaged = sealFrame(writer, checksum, write, get(2));
    damaged[3] = (damaged[3] as number) ^ 1;
    const frames = [helloFrame(), sealFrame(writer, checksum, write, get(1)), damaged, sealFrame(writer, checksum, write, get(3))];
    const status = await rawExchange(context, address, frames);
    assert.equal(status.code, 15);
    assert.match(status.details, /damaged frame: checksum/);
    assert.match((await closed) ?? '', /damaged frame: checksum/);
    assert.deepEqual(ids, [1]);
    assert.equal(await metric('damaged_frames_total'), 1);
    assert.deepEqual(
      logger.lines.map(({ level, event }) => `${level} ${event}`),
      ['error damaged-frame'],
    );
  });

  test('a damaged hello', async (context) => {
    const { address, metric } = await serve(context, { requests: () => assert.fail('accepted') });
    const hello = helloFrame();
    hello[hello.length - 1] = (hello[hello.length - 1] as number) ^ 0x80;
    assert.match((await rawExchange(context, address, [hello])).details, /damaged frame/);
    assert.equal(await metric('damaged_frames_total'), 1);
  });
});

describe('administrative calls', () => {
  const description: AdminResponse = { kind: 'node-description', node: 'n1', az: 'a', clusterId: '', incarnation: 3, replicas: [] };

  test('the answer, the refusal and the failure come back', async (context) => {
    const asked: AdminRequest[] = [];
    const { address, logger } = await serve(context, {
      admin: async (request, peer) => {
        asked.push(request);
        assert.equal(peer.name, 'client');
        if (request.kind === 'describe-node') return description;
        if (request.kind === 'inspect-group') throw new AdminCallError('no-such-group', `group ${request.group} is not here ☂`);
        throw new Error('broken');
      },
    });
    const { transport } = transportOf(context, { name: 'client' });
    assert.deepEqual(await transport.call(address, { kind: 'describe-node' }, OPEN_MS), description);
    await assert.rejects(transport.call(address, { kind: 'inspect-group', group: 7 }, OPEN_MS), (error: Error) => {
      assert(error instanceof AdminCallError);
      assert.deepEqual([error.code, error.message], ['no-such-group', 'group 7 is not here ☂']);
      return true;
    });
    await assert.rejects(transport.call(address, { kind: 'transfer-leadership', group: 7, to: 3 }, OPEN_MS), (error: Error) => {
      assert(error instanceof AdminCallError);
      assert.deepEqual([error.code, error.message], ['internal', 'broken']);
      return true;
    });
    assert.deepEqual(
      asked.map(({ kind }) => kind),
      ['describe-node', 'inspect-group', 'transfer-leadership'],
    );
    assert.deepEqual(
      logger.lines.map(({ event }) => event),
      ['admin-call-failed'],
    );
  });

  test('a process without a cluster may be asked what it is and be made part of one, nothing else', async (context) => {
    let clusterId = '';
    const node = await serve(
      context,
      {
        admin: (request) => {
          if (request.kind === 'init-cluster') clusterId = request.clusterId;
          return Promise.resolve(request.kind === 'describe-node' ? description : { kind: 'done' });
        },
      },
      { name: 'new', clusterId: () => clusterId },
    );
    const operator = transportOf(context, { name: 'operator', clusterId: '' }).transport;
    const stranger = transportOf(context, { name: 'stranger', clusterId: 'cluster-9' }).transport;
    const init: AdminRequest = { kind: 'init-cluster', clusterId: 'cluster-1', members: [], addresses: [] };
    assert.deepEqual(await operator.call(node.address, { kind: 'describe-node' }, OPEN_MS), description);
    await assert.rejects(operator.call(node.address, { kind: 'inspect-group', group: 1 }, OPEN_MS), /new belongs to no cluster yet/);
    assert.deepEqual(await operator.call(node.address, init, OPEN_MS), { kind: 'done' });
    assert.deepEqual(await operator.call(node.address, init, OPEN_MS), { kind: 'done' });
    await assert.rejects(stranger.call(node.address, init, OPEN_MS), /new belongs to cluster cluster-1, stranger to cluster cluster-9/);
    await assert.rejects(operator.call(node.address, { kind: 'inspect-group', group: 1 }, OPEN_MS), /operator belongs to no cluster yet/);
  });

  test('a process that takes no calls says so', async (context) => {
    const { address } = await serve(context, {});
    const { transport } = transportOf(context, { name: 'client' });
    await assert.rejects(transport.call(address, { kind: 'describe-node' }, OPEN_MS), /server takes no administrative calls/);
  });
});
