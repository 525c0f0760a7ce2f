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

it('takes back what waits for a replica that is asked anew, and nothing else', () => {
  const queue = new RecordQueue();
  const learn: PaxosMessage = { kind: 'learn', ballot: BALLOT, first: 1, records: [new Uint8Array(1)], commit: 1 };
  queue.add(accept(5, 1, 1));
  queue.add(accept(6, 1, 1));
  queue.add(accept(5, 2, 1));
  queue.add(accept(5, 2, 1, 100, 9));
  queue.add({ group: 5, from: 3, to: 2, message: learn });
  queue.takeBack(prepare(7));
  queue.takeBack(prepare(5));
  assert.deepEqual(
    queue.take(10_000).map(({ group, to, message }) => [group, to, message.kind]),
    [
      [6, 2, 'accept'],
      [5, 9, 'accept'],
      [5, 2, 'learn'],
    ],
  );
});

it('keeps one answer to a candidate that asks again and again', () => {
  const queue = new RecordQueue();
  const tail = (first: number): PaxosMessage => ({ kind: 'tail', ballot: BALLOT, first, records: [new Uint8Array(1)] });
  for (const first of [1, 2, 3]) queue.add({ group: 5, from: 1, to: 2, message: tail(first) });
  queue.add({ group: 6, from: 1, to: 2, message: tail(4) });
  assert.deepEqual(
    queue.take(10_000).map(({ message }) => message.kind === 'tail' && message.first),
    [3, 4],
  );
});
