import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import type { GroupEnvelope } from '../../shared/wire/frames.ts';
import { messageBytes, RecordQueue } from './record-queue.ts';

const BALLOT = { configuration: 1, round: 1, replica: 1 };

function accept(group: number, first: number, count: number, bytes = 100, to = 2): GroupEnvelope {
  const records = Array.from({ length: count }, () => new Uint8Array(bytes));
  return { group, from: 1, to, message: { kind: 'accept', ballot: BALLOT, first, records, commit: 0 } };
}

function prepare(group: number, to = 2): GroupEnvelope {
  return { group, from: 1, to, message: { kind: 'prepare', ballot: BALLOT, released: BALLOT, rejoin: 0 } };
}

function firsts(envelopes: readonly GroupEnvelope[]): (readonly [number, number])[] {
  return envelopes.map(({ group, message }) => [group, message.kind === 'accept' ? message.first : 0]);
}

it('gives the oldest messages first, as many as fit, and a single one whatever its size', () => {
  const queue = new RecordQueue();
  queue.add(accept(5, 1, 10));
  queue.add(accept(6, 1, 1));
  queue.add(accept(5, 11, 1));
  assert.deepEqual(firsts(queue.take(200)), [[5, 1]]);
  assert.deepEqual(firsts(queue.take(2 * messageBytes(accept(6, 1, 1).message))), [
    [6, 1],
    [5, 11],
  ]);
  assert.equal(queue.isEmpty, true);
  assert.deepEqual(queue.take(1000), []);
});

it('leads the records of a group until the peer has acknowledged them', () => {
  const queue = new RecordQueue();
  assert.equal(queue.leads(5), false);
  queue.add(accept(5, 1, 3));
  queue.take(1000);
  assert.equal(queue.leads(5), true, 'they are on their way');
  assert.equal(queue.leads(6), false);
  queue.acknowledged(5, 2);
  queue.acknowledged(6, 3);
  assert.equal(queue.leads(5), true);
  queue.acknowledged(5, 3);
  assert.equal(queue.leads(5), false);
  const sync: PaxosMessage = { kind: 'sync', ballot: BALLOT, from: 7, records: [new Uint8Array(1)], commit: 0 };
  queue.add({ group: 5, from: 1, to: 2, message: sync });
  queue.acknowledged(5, 7);
  assert.equal(queue.leads(5), true);
  queue.acknowledged(5, 8);
  assert.equal(queue.leads(5), false);
});

it('takes back what waits for a replica that is asked anew, and nothing else', () => {
  const queue = new RecordQueue();
  queue.add(accept(5, 1, 1));
  queue.add(accept(6, 1, 1));
  queue.add(accept(5, 2, 1));
  queue.add(accept(5, 2, 1, 100, 9));
  queue.takeBack(prepare(7));
  queue.takeBack(prepare(5));
  assert.equal(queue.leads(5), false);
  assert.deepEqual(
    queue.take(10_000).map(({ group, to }) => [group, to]),
    [
      [6, 2],
      [5, 9],
    ],
  );
});
