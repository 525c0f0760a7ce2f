import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acceptor } from './acceptor.ts';
import type { Ballot } from './ballot.ts';

const ballot = (round: number): Ballot => ({ configuration: 1, round, replica: 1 });
const record = (slot: number, round: number): Uint8Array => Buffer.from(`${round}/${slot}`);
const textAt = (acceptor: Acceptor, slot: number): string => Buffer.from(acceptor.window.at(slot) ?? []).toString();

/** Promised round 5, slots 1 to 3 of round 2 in the log, the first two known as chosen. */
function follower(): Acceptor {
  const durable = { promised: ballot(5), accepted: ballot(2), last: 3, commit: 0, trimmed: 0, abstains: false };
  const acceptor = new Acceptor(
    durable,
    [1, 2, 3].map((slot) => record(slot, 2)),
    1,
  );
  acceptor.learnCommit(2);
  return acceptor;
}

test('a Sync that begins below what is known as chosen leaves that alone, and takes the place of what is not', () => {
  const acceptor = follower();
  acceptor.adopt(
    ballot(5),
    0,
    [1, 2, 3, 4].map((slot) => record(slot, slot < 3 ? 2 : 4)),
  );
  assert.deepEqual(
    [1, 2, 3, 4].map((slot) => textAt(acceptor, slot)),
    ['2/1', '2/2', '4/3', '4/4'],
  );
  assert.deepEqual([acceptor.commit, acceptor.last, acceptor.accepted], [2, 4, ballot(5)]);
});

test('a Sync that ends below what is known as chosen is never taken', () => {
  assert.throws(() => follower().adopt(ballot(5), 0, [record(1, 2)]), /would lose the chosen slot 2/);
});

test('a snapshot brings the promise of its ballot, and never lowers one', () => {
  const acceptor = follower();
  acceptor.installed(3, ballot(4), ballot(1));
  assert.deepEqual([acceptor.promised, acceptor.applied, acceptor.commit], [ballot(5), 3, 3]);
  acceptor.installed(6, ballot(7), ballot(1));
  assert.deepEqual([acceptor.promised, acceptor.applied, acceptor.last], [ballot(7), 6, 6]);
});
