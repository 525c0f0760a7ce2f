import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ReplicaId } from '../../shared/base/ids.ts';
import { type InstalledSnapshot, NO_SNAPSHOT } from '../core/group-state.ts';
import { SoleCopies } from './sole-copies.ts';
import { StateHashWatch } from './state-hash-watch.ts';

let copies: SoleCopies;
let nowMs: number;
let stateHashes: StateHashWatch;
let snapshot: InstalledSnapshot;

beforeEach(() => {
  nowMs = 0;
  copies = new SoleCopies({ monotonicMs: () => nowMs });
  stateHashes = new StateHashWatch();
  snapshot = NO_SNAPSHOT;
});

/** Replica 1 of three, which leads. */
function group(halted: number) {
  return { id: 7, paxos: { self: 1, configuration: { members: [1, 2, 3] } }, state: { halted }, snapshot, stateHashes };
}

function lost(replica: ReplicaId, atMs = 0): void {
  nowMs = atMs;
  copies.lost(group(9), replica);
}

function mayBeGivenAt(atMs: number): boolean {
  nowMs = atMs;
  return copies.mayBeGiven(group(9));
}

test('of a group that is not halted a copy may be given to anybody', () => {
  assert.equal(copies.mayBeGiven(group(0)), true);
});

test('of a halted group the leader’s copy may be given once all other members say that they have none', () => {
  assert.equal(mayBeGivenAt(0), false);
  lost(2, 1000);
  assert.equal(mayBeGivenAt(1000), false, 'replica 3 may have the right one');
  lost(3, 5000);
  assert.equal(mayBeGivenAt(5000), true);
  assert.equal(mayBeGivenAt(6000), false, 'replica 2 may have found it');
  lost(2, 6000);
  assert.equal(mayBeGivenAt(6000), true);
});

test('what was lost before the halt says nothing about what is lost in it', () => {
  lost(2);
  copies.lost(group(0), 2);
  lost(3, 1);
  assert.equal(mayBeGivenAt(1), false);
});

test('a copy that came from the leader’s, or from the same one, is no other copy', () => {
  lost(2);
  stateHashes.heard(3, { slot: 20, hash: 'a'.repeat(16), origin: 1 });
  assert.equal(mayBeGivenAt(0), true);
  stateHashes.heard(3, { slot: 21, hash: 'a'.repeat(16), origin: 2 });
  assert.equal(mayBeGivenAt(0), false);
  snapshot = { slot: 5, ballot: { configuration: 1, round: 1, replica: 2 } };
  assert.equal(mayBeGivenAt(0), true);
});

test('who was given the leader’s copy has it, also after it is lost no more', () => {
  lost(2);
  lost(3);
  copies.given(group(9), 2);
  assert.equal(mayBeGivenAt(60_000), false);
  copies.given(group(9), 3);
  assert.equal(mayBeGivenAt(60_000), true);
  copies.mayBeGiven(group(0));
  assert.equal(mayBeGivenAt(60_000), false, 'that was another halt');
});
