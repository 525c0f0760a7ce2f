import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeNetwork } from '../../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { ResponseFrame } from '../wire/frames.ts';
import type { ConnectionCall } from './node-connection.ts';
import { NodeConnections } from './node-connections.ts';

const NUMBER = '127.0.0.1:1';
const NAME = 'localhost:1';

let timers: ManualTimers;
let network: FakeNetwork;
let connections: NodeConnections<ConnectionCall>;
let outcomes: string[];
/** What the node has of each life: the stream that it takes requests from. */
let close: (() => void) | undefined;

/** A node that is reached by two addresses, and closes a stream when the same process opens another. */
function start(incarnation: number, addresses: readonly string[]): void {
  for (const address of addresses) {
    void network.transport(address, 'node-a', incarnation).listen({
      requests: (stream) => {
        close?.();
        close = () => stream.close();
        stream.onFrame = ({ requests }) => {
          const responses: ResponseFrame['responses'] = requests.map(({ id }) => ({ id, status: 'ok' }));
          stream.send({ responses });
        };
      },
    });
  }
}

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  outcomes = [];
  close = undefined;
  start(7, [NUMBER, NAME]);
  connections = new NodeConnections(testEnvironment(timers), network.transport('router:1', 'router-1', 1), {
    answered: (_call, { status }) => outcomes.push(status),
    lost: () => outcomes.push('lost'),
    notSent: () => outcomes.push('not sent'),
  });
});

async function call(address: string): Promise<void> {
  const nowMs = timers.monotonicMs();
  const operation = { kind: 'get', key: Buffer.from('k'), consistent: true } as const;
  const result = connections.at(address).send({ id: 0, group: 2, operation, deadlineAtMs: nowMs + 5000, bytes: 100 }, nowMs);
  if (result !== 'queued') outcomes.push(result);
  await timers.advance(20);
}

test('two addresses of one process share the newer stream: neither shadows the other', async () => {
  await call(NUMBER);
  await call(NAME);
  assert.equal(connections.at(NUMBER), connections.at(NAME));
  for (const address of [NUMBER, NAME, NUMBER, NAME]) await call(address);
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
});

test('streams opened at the same time come to one', async () => {
  await Promise.all([call(NUMBER), call(NAME)]);
  await timers.advance(2000);
  outcomes = [];
  for (const address of [NUMBER, NAME, NUMBER, NAME]) await call(address);
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'ok']);
});

test('an address leads to its own process again when the shared stream is gone', async () => {
  await call(NUMBER);
  await call(NAME);
  network.kill(NAME);
  close = undefined;
  start(8, [NUMBER]);
  await timers.advance(5000);
  outcomes = [];
  await call(NUMBER);
  assert.deepEqual(outcomes, ['ok']);
  assert.equal(connections.named('node-a')?.address, NUMBER);
});
