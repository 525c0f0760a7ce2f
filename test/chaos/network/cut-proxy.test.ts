import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { FrameStream } from '../../../services/shared/env/transport.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import { createTransport, type GrpcTransport } from '../../../services/shared/platform/grpc-transport.ts';
import type { StreamFrames } from '../../../services/shared/wire/frames.ts';
import { freePorts } from '../../harness/free-ports.ts';
import { TestMetrics, testLogger } from '../../harness/node-process.ts';
import { until } from '../../harness/until.ts';
import { CutProxy, linkName } from './cut-proxy.ts';

type Up = StreamFrames['requests']['up'];
type Down = StreamFrames['requests']['down'];

const CUT = { cut: true, delayMs: 0 };

function transport(name: string, listen: string): GrpcTransport {
  return createTransport({
    identity: { name, incarnation: 1, clusterId: () => 'cluster' },
    listen,
    digest: nodeDigest,
    logger: testLogger(name),
    metrics: new TestMetrics(),
    process: 'test',
  });
}

describe('a cut-and-delay proxy between two processes', () => {
  let proxy: CutProxy;
  let client: GrpcTransport;
  let server: GrpcTransport;
  let address: string;
  let serverStream: FrameStream<Down, Up> | undefined;
  const received: number[] = [];
  const answered: number[] = [];

  before(async () => {
    const port = await freePorts(2);
    address = `127.0.0.1:${port}`;
    client = transport('caller', '127.0.0.1:0');
    server = transport('target', `127.0.0.1:${port + 1}`);
    await server.listen({
      requests: (stream) => {
        serverStream = stream;
        stream.onFrame = ({ requests }) => received.push(...requests.map(({ id }) => id));
      },
    });
    proxy = new CutProxy(nodeDigest);
    await proxy.listen({ name: 'target', listenPort: port, targetPort: port + 1 });
  });

  beforeEach(() => {
    received.length = 0;
    answered.length = 0;
    proxy.setLinks({});
  });

  after(async () => {
    await Promise.all([client.close(), server.close()]);
    await proxy.close();
  });

  async function open(): Promise<FrameStream<Up, Down>> {
    const stream = await client.open(address, 'requests', 10_000);
    stream.onFrame = ({ responses }) => answered.push(...responses.map(({ id }) => id));
    return stream;
  }

  const ask = (stream: FrameStream<Up, Down>, id: number): void =>
    stream.send({ requests: [{ id, group: 1, deadlineMs: 1, operation: { kind: 'get', key: new Uint8Array(1), consistent: true } }] });
  const answer = (id: number): void => serverStream?.send({ responses: [{ id, status: 'ok' }] });

  test('passes both directions; cut one way, the other goes on; healed, what was sent arrives', async () => {
    const stream = await open();
    ask(stream, 1);
    await until('the request', async () => received.includes(1));
    proxy.setLinks({ [linkName('caller', 'target')]: CUT });
    ask(stream, 2);
    answer(1);
    await until('the answer', async () => answered.includes(1));
    // Each answer is a round trip through the proxy: the request would long have come.
    for (let id = 2; id < 20; id++) {
      answer(id);
      await until('the answer', async () => answered.includes(id));
    }
    assert.deepEqual(received, [1]);
    proxy.setLinks({});
    await until('the request', async () => received.includes(2));
    stream.close();
  });

  test('cut towards the caller, its requests arrive and no answer does', async () => {
    const stream = await open();
    proxy.setLinks({ [linkName('target', 'caller')]: CUT });
    answer(1);
    for (let id = 1; id < 20; id++) {
      ask(stream, id);
      await until('the request', async () => received.includes(id));
    }
    assert.equal(answered.length, 0);
    proxy.setLinks({});
    await until('the answer', async () => answered.includes(1));
    stream.close();
  });

  test('through a cut nobody gets as far as a stream, and others do', async () => {
    proxy.setLinks({ [linkName('target', 'caller')]: CUT });
    await assert.rejects(client.open(address, 'requests', 200), /no answer within/);
    proxy.setLinks({ [linkName('caller', 'target')]: CUT });
    await assert.rejects(client.open(address, 'requests', 200), /no answer within/);
    proxy.setLinks({ [linkName('other', 'target')]: CUT, [linkName('caller', 'other')]: CUT });
    (await open()).close();
  });

  test('a delay keeps the order', async () => {
    const stream = await open();
    proxy.setLinks({ [linkName('caller', 'target')]: { cut: false, delayMs: 30 } });
    for (let id = 1; id <= 50; id++) ask(stream, id);
    await until('all requests', async () => received.length === 50);
    assert.deepEqual(
      received,
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    stream.close();
  });
});
