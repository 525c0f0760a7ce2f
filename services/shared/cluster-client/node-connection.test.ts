import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeNetwork, type Sending } from '../../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import {
  CONNECTION_QUEUE_BYTES_MAX,
  FRAME_BYTES_TARGET,
  REOPEN_MAX_MS,
  STREAM_STALL_MS,
  SWEEP_MS,
} from '../limits/cluster-client-limits.ts';
import type { RequestFrame, StatorTransport } from '../wire/frames.ts';
import type { StorageRequest } from '../wire/storage-operations.ts';
import { type ConnectionCall, NodeConnection } from './node-connection.ts';

const SERVER = 'node-a:1';

interface Call extends ConnectionCall {
  readonly name: string;
}

let timers: ManualTimers;
let network: FakeNetwork;
let transport: StatorTransport;
let sent: Sending[];
let outcomes: string[];
let connection: NodeConnection<Call>;
/** What the server answers to a request; undefined: nothing. */
let answer: (request: StorageRequest) => 'ok' | undefined;

function call(name: string, bytes = 100): Call {
  const operation = { kind: 'get', key: Buffer.from(name), consistent: true } as const;
  return { name, id: 0, group: 2, operation, deadlineAtMs: timers.monotonicMs() + 5000, bytes };
}

function send(name: string, bytes?: number): string {
  return connection.send(call(name, bytes), timers.monotonicMs());
}

function startServer(): void {
  void network.transport(SERVER, 'node-a', 7).listen({
    requests: (stream) => {
      stream.onFrame = (frame) => {
        const responses = frame.requests
          .filter((request) => answer(request) !== undefined)
          .map(({ id }) => ({ id, status: 'ok' as const }));
        if (responses.length > 0) stream.send({ responses });
      };
    },
  });
}

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  sent = [];
  outcomes = [];
  answer = () => 'ok';
  network.onSend = (sending) => {
    if (sending.from === 'router:1') sent.push(sending);
  };
  startServer();
  transport = network.transport('router:1', 'router-1', 1);
  connection = new NodeConnection<Call>(SERVER, testEnvironment(timers), transport, {
    answered: ({ name }, { status }) => outcomes.push(`${name} ${status}`),
    lost: ({ name }) => outcomes.push(`${name} lost`),
    notSent: ({ name }) => outcomes.push(`${name} not sent`),
    opened: () => undefined,
  });
});

const frames = (): number[] => sent.map(({ content }) => (content as RequestFrame).requests.length);

test('calls wait for the first opening, and all calls of one turn leave in one frame', async () => {
  assert.equal(send('a'), 'queued');
  assert.equal(send('b'), 'queued');
  await timers.advance(10);
  send('c');
  send('d');
  send('e');
  await timers.advance(10);
  send('f');
  await timers.advance(10);
  assert.deepEqual(frames(), [2, 3, 1]);
  assert.deepEqual(outcomes, ['a ok', 'b ok', 'c ok', 'd ok', 'e ok', 'f ok']);
  assert.equal(connection.peer?.name, 'node-a');
});

test('a turn with many bytes leaves in several frames', async () => {
  send('first');
  await timers.advance(10);
  for (const name of ['a', 'b', 'c']) send(name, FRAME_BYTES_TARGET / 2);
  await timers.advance(10);
  assert.deepEqual(frames(), [1, 2, 1]);
});

test('what waited for the opening leaves in several frames too', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) send(name, FRAME_BYTES_TARGET / 2);
  send('huge', 2 * FRAME_BYTES_TARGET);
  await timers.advance(10);
  assert.deepEqual(frames(), [2, 2, 1, 1]);
  assert.equal(outcomes.length, 6);
});

test('the time left travels with the request', async () => {
  connection.send(call('a'), timers.monotonicMs());
  await timers.advance(10);
  const request = (sent[0]?.content as RequestFrame | undefined)?.requests[0];
  assert.ok(request !== undefined && request.deadlineMs < 5000 && request.deadlineMs > 4900);
});

test('a broken stream: what was sent is lost, what was not is known not to be', async () => {
  send('first');
  await timers.advance(10);
  answer = () => undefined;
  send('sent');
  await timers.advance(10);
  send('unsent');
  network.kill(SERVER);
  await timers.settle();
  assert.deepEqual(outcomes, ['first ok', 'sent lost', 'unsent not sent']);
});

test('an address where nobody is: calls come back, and later ones are refused at once until it can be tried again', async () => {
  network.kill(SERVER);
  assert.equal(send('a'), 'queued');
  await timers.advance(10);
  assert.deepEqual(outcomes, ['a not sent']);
  assert.equal(send('b'), 'unreachable');
  startServer();
  await timers.advance(REOPEN_MAX_MS);
  assert.equal(send('c'), 'unreachable', 'refused, but the stream is opened meanwhile');
  await timers.advance(10);
  assert.equal(send('d'), 'queued');
  await timers.advance(10);
  assert.deepEqual(outcomes, ['a not sent', 'd ok']);
});

test('a stream that owes answers and brings none is closed; one that brings others is not', async () => {
  const elapse = async (sweeps: number): Promise<void> => {
    for (let count = 0; count < sweeps; count++) {
      await timers.advance(SWEEP_MS);
      connection.sweep();
    }
  };
  send('first');
  await timers.advance(10);
  answer = ({ operation }) => (operation.kind === 'get' && Buffer.from(operation.key).toString() === 'slow' ? undefined : 'ok');
  send('slow');
  const sweeps = STREAM_STALL_MS / SWEEP_MS;
  await elapse(sweeps - 1);
  send('quick');
  await elapse(sweeps - 1);
  assert.deepEqual(outcomes, ['first ok', 'quick ok']);
  await elapse(3);
  assert.deepEqual(outcomes, ['first ok', 'quick ok', 'slow lost']);
});

test('when this process itself stood still, the others are not called silent', async () => {
  send('first');
  await timers.advance(10);
  answer = () => undefined;
  send('a');
  await timers.advance(SWEEP_MS);
  timers.jump(10 * STREAM_STALL_MS);
  connection.sweep();
  connection.sweep();
  assert.deepEqual(outcomes, ['first ok']);
});

test('queued bytes are bounded', async () => {
  assert.equal(send('a', CONNECTION_QUEUE_BYTES_MAX), 'queued');
  assert.equal(send('b'), 'full');
  await timers.advance(10);
  assert.equal(send('c'), 'queued');
});

test('a forgotten call gets no outcome, and does not leave any more when it had not left', async () => {
  const early = call('early');
  connection.send(early, timers.monotonicMs());
  assert.equal(connection.forget(early), true);
  await timers.advance(10);
  answer = () => undefined;
  const late = call('late');
  connection.send(late, timers.monotonicMs());
  await timers.advance(10);
  assert.equal(connection.forget(late), false);
  network.kill(SERVER);
  await timers.advance(10);
  assert.deepEqual(frames(), [1]);
  assert.deepEqual(outcomes, []);
});

test('after closing nothing is taken any more', async () => {
  send('a');
  connection.close();
  assert.equal(send('b'), 'unreachable');
  await timers.advance(10);
  assert.deepEqual(outcomes, ['a not sent']);
});
