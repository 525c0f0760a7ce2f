import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import { type InstalledSnapshot, NO_SNAPSHOT } from '../core/group-state.ts';
import type { StateHashRecord } from '../core/state-hash-record.ts';
import { swapped } from '../core/membership.ts';
import type { Group } from './group.ts';
import { BALLOT, IDENTITY, recordOf, ReplicaWorld } from './replica-world.fixture.ts';
import { type KeptGroup, StateHashKeeper } from './state-hash-keeper.ts';
import { StateDiffersError, StateHashWatch } from './state-hash-watch.ts';

const OPTIONS = { slots: 10, intervalMs: 1000 };
const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const C = 'c'.repeat(16);

/** Replica 1 of three, which leads; its peers are played by the test. */
class World {
  readonly said: StateHashRecord[] = [];
  readonly handedTo: ReplicaId[] = [];
  readonly state = { applied: 0, halted: 0 };
  /** The last that took the place of the own tree. */
  snapshot: InstalledSnapshot = NO_SNAPSHOT;
  readonly watch = new StateHashWatch();
  readonly group: Omit<KeptGroup, 'snapshot'> = {
    id: 7,
    stopped: false,
    paxos: {
      self: 1,
      leading: { configuration: 1, round: 1, replica: 1 },
      serves: true,
      full: false,
      closing: false,
      configuration: { members: [1, 2, 3] },
    },
    state: this.state,
    stateHashes: this.watch,
    proposeStateHash: (record) => {
      this.said.push(record);
      return this.state.applied + 1;
    },
  };
  readonly keeper = new StateHashKeeper(OPTIONS, testEnvironment(new ManualTimers()).logger, (_group, to) => void this.handedTo.push(to));
  nowMs = 0;

  tick(afterMs = 0): void {
    this.nowMs += afterMs;
    this.keeper.tick([{ ...this.group, snapshot: this.snapshot }], this.nowMs);
  }

  /** The last proposal is chosen and applied with this own hash. Returns its slot. */
  apply(hash: string): Slot {
    const record = this.said.at(-1);
    assert.ok(record);
    const slot = this.state.applied + 1;
    this.watch.apply(slot, record, 1, hash);
    this.state.applied = slot;
    return slot;
  }

  /** A mark is logged and applied, and the followers tell their hashes at it. */
  compare(own: string, second: string, third: string, originOfThird?: ReplicaId): Slot {
    this.state.applied += 1;
    this.tick();
    this.tick(OPTIONS.intervalMs);
    assert.equal(this.said.at(-1)?.kind, 'mark');
    const slot = this.apply(own);
    this.watch.heard(2, { slot, hash: second });
    this.watch.heard(3, originOfThird === undefined ? { slot, hash: third } : { slot, hash: third, origin: originOfThird });
    this.tick();
    return slot;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

test('marks are logged after so many slots or so long, only when something changed, and one at a time', () => {
  world.tick();
  world.tick(5000);
  assert.deepEqual(world.said, [], 'nothing was applied');
  world.state.applied = 1;
  world.tick();
  assert.deepEqual(world.said, [{ kind: 'mark', slot: 0, hash: '0'.repeat(16) }]);
  world.tick(5000);
  assert.equal(world.said.length, 1, 'the mark is not applied yet');
  const first = world.apply(A);
  world.tick(5000);
  assert.equal(world.said.length, 1, 'nothing changed since');
  world.watch.heard(2, { slot: first, hash: A });
  world.watch.heard(3, { slot: first, hash: A });
  world.tick();
  assert.equal(world.keeper.agreed, 1);
  world.state.applied += 1;
  world.tick(5000);
  world.apply(A);
  world.state.applied += OPTIONS.slots;
  world.tick();
  assert.deepEqual(world.said.slice(1), [{ kind: 'mark', slot: first, hash: A }], 'the mark before is not judged yet');
  world.tick(OPTIONS.intervalMs);
  assert.equal(world.said.length, 3, 'but it is not waited for beyond the interval');
});

test('a follower in the minority gets a verdict, once', () => {
  const slot = world.compare(A, B, A);
  assert.deepEqual(world.said.at(-1), { kind: 'verdict', slot, replica: 2, hash: A });
  for (let times = 0; times < 3; times++) world.tick(100);
  world.apply(A);
  world.watch.heard(2, { slot, hash: B });
  world.tick();
  assert.equal(world.said.filter(({ kind }) => kind === 'verdict').length, 1);
});

test('nothing is decided before all members were heard at the same mark', () => {
  world.state.applied = 1;
  world.tick();
  world.tick(OPTIONS.intervalMs);
  const slot = world.apply(A);
  world.watch.heard(2, { slot, hash: B });
  world.watch.heard(3, { slot: slot - 1, hash: A });
  world.tick();
  assert.deepEqual([world.said.length, world.handedTo], [1, []]);
});

test('a leader in the minority lets a replica of the majority lead, and proposes nothing against itself', () => {
  world.compare(A, B, B);
  assert.equal(world.said.at(-1)?.kind, 'mark');
  assert.deepEqual(world.handedTo, [2]);
  world.tick(100);
  assert.deepEqual(world.handedTo, [2, 2], 'the first try may have failed');
});

test('three different copies halt the group, and three equal ones behind that let it go on', () => {
  const slot = world.compare(A, B, C);
  assert.deepEqual(world.said.at(-1), { kind: 'halt', slot });
  world.state.halted = world.apply(A);
  world.compare(A, B, C);
  assert.equal(world.said.at(-1)?.kind, 'mark', 'it is halted already');
  const equal = world.compare(A, A, A);
  assert.deepEqual(world.said.at(-1), { kind: 'resume', slot: equal });
});

test('in a halted group no two copies outvote the third, and none is led against', () => {
  world.compare(A, B, C);
  world.state.halted = world.apply(A);
  world.compare(A, B, A);
  assert.equal(world.said.at(-1)?.kind, 'mark');
  world.compare(A, B, B);
  assert.equal(world.said.at(-1)?.kind, 'mark');
  assert.deepEqual(world.handedTo, []);
});

test('a copy and the one that it came from are one word against the third', () => {
  const slot = world.compare(A, B, A, 1);
  assert.deepEqual(world.said.at(-1), { kind: 'halt', slot });
});

test('copies that came from one that has left are one word too', () => {
  world.snapshot = { slot: 1, ballot: { ...BALLOT, replica: 9 } };
  const slot = world.compare(A, B, A, 9);
  assert.deepEqual(world.said.at(-1), { kind: 'halt', slot });
});

test('a copy that agrees with another than the one that it came from is a witness against that one, and so is its origin', () => {
  let slot = world.compare(A, B, A, 2);
  assert.deepEqual(world.said.at(-1), { kind: 'verdict', slot, replica: 2, hash: A });
  world.apply(A);
  slot = world.compare(A, A, C, 2);
  assert.deepEqual(world.said.at(-1), { kind: 'verdict', slot, replica: 3, hash: A });
});

test('a copy that came from another is a witness of its own once all agreed behind it', () => {
  let slot = world.compare(A, A, A, 1);
  assert.deepEqual(world.said.at(-1), { kind: 'resume', slot });
  const snapshot = { slot: slot - 1, ballot: BALLOT };
  assert.equal(world.watch.originOf(snapshot), 1);
  world.apply(A);
  assert.equal(world.watch.originOf(snapshot), undefined);
  assert.equal(world.watch.originOf({ ...snapshot, slot: slot + 1 }), 1, 'a later one is not');
  slot = world.compare(A, B, A);
  assert.deepEqual(world.said.at(-1), { kind: 'verdict', slot, replica: 2, hash: A });
});

test('only the named replica whose hash at the named mark is another one gives its copy up', () => {
  const mark = { kind: 'mark', slot: 0, hash: A } as const;
  const verdict = { kind: 'verdict', slot: 5, replica: 2, hash: A } as const;
  const at = (hash: string): StateHashWatch => {
    const watch = new StateHashWatch();
    watch.apply(5, mark, 2, hash);
    return watch;
  };
  const carriedOut = at(B).apply(8, verdict, 2, B);
  assert.ok(carriedOut.kind === 'give-up' && carriedOut.error instanceof StateDiffersError);
  assert.equal(carriedOut.error.verdict, 8);
  assert.equal(at(B).apply(8, verdict, 3, B).kind, 'nothing', 'another replica is named');
  assert.equal(at(A).apply(8, verdict, 2, B).kind, 'nothing', 'the own hash was the majority’s');
  assert.equal(at(B).apply(8, { ...verdict, slot: 6 }, 2, B).kind, 'nothing', 'a mark that this copy has not passed');
  const replaced = at(B);
  replaced.forget();
  assert.equal(replaced.apply(8, verdict, 2, B).kind, 'nothing', 'a snapshot took the place of the copy that differed');
});

test('a replica whose hash at the mark before is not the logged one says so', () => {
  const watch = new StateHashWatch();
  watch.apply(5, { kind: 'mark', slot: 0, hash: A }, 2, B);
  assert.deepEqual(watch.apply(9, { kind: 'mark', slot: 5, hash: A }, 2, C), { kind: 'differs', slot: 5, own: B, logged: A });
  assert.deepEqual(watch.last, { slot: 9, hash: C });
});

test('nothing is said behind a Swap that is proposed and not applied yet', async () => {
  const alone = new ReplicaWorld();
  await alone.create({ ...IDENTITY, replica: 1 });
  const { group, timers } = alone;
  const { paxos } = group;
  const from2 = async (message: PaxosMessage): Promise<void> => {
    paxos.step(2, message, timers.monotonicMs());
    group.pump();
    await timers.settle();
  };
  group.tick(timers.monotonicMs());
  await timers.settle();
  await from2({ kind: 'leader-heard', question: 1, heard: false });
  const ballot = alone.sent.find((message) => message.kind === 'prepare')?.ballot;
  assert.ok(ballot);
  await from2({ kind: 'promise', ballot, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstention: 0 });
  await from2({ kind: 'accepted', ballot, last: 0 });
  const keeper = new StateHashKeeper<Group>({ slots: 1, intervalMs: 100 }, alone.environment.logger, () => undefined);
  keeper.tick([group], timers.monotonicMs());
  paxos.propose(recordOf(0, 1));
  group.pump();
  await timers.settle();
  await from2({ kind: 'accepted', ballot, last: 1 });
  assert.equal(group.state.applied, 1);
  await timers.advance(50);
  group.proposeSwap(swapped(group.identity, 3, { replica: 4, node: 'node-4', az: 'az-3', logOnly: false }));
  group.pump();
  await timers.settle();
  await timers.advance(60);
  assert.deepEqual([paxos.serves, paxos.closing], [true, true]);
  keeper.tick([group], timers.monotonicMs());
  assert.equal(keeper.marks, 0);
});
