import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import type { GroupIdentity } from '../core/group-state.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import type { Group } from './group.ts';
import type { ReplicaRebuilder } from './replica-rebuilder.ts';
import { rebuilderOf } from './replica-rebuilder.fixture.ts';
import { BALLOT, IDENTITY, recordOf, ReplicaWorld, stateAt, successorOf } from './replica-world.fixture.ts';

/** A node lost its trees, and with them what its replica is; its log is `replica`'s. */
async function withoutTrees(replica: number): Promise<ReplicaWorld> {
  const world = new ReplicaWorld();
  await world.create({ ...IDENTITY, replica });
  await world.follow([recordOf(0, 1)], 1);
  await world.restart({ loseTrees: true });
  assert.deepEqual(world.loader.lost([]), [IDENTITY.group]);
  return world;
}

/** A peer says what the replica is. */
function tell(rebuilder: ReplicaRebuilder): void {
  const told: GroupIdentity = { ...IDENTITY, replica: 1 };
  rebuilder.onIdentity({ kind: 'identity', group: IDENTITY.group, state: encodeGroupMeta(told, stateAt(0)) });
}

/** What a peer says brings the replica back. */
async function rebuilt(replica: number): Promise<Group> {
  const world = await withoutTrees(replica);
  const groups: Group[] = [];
  const rebuilder = rebuilderOf(world, groups);
  rebuilder.lost(IDENTITY.group);
  tell(rebuilder);
  await world.timers.settle();
  const [group] = groups;
  assert(group !== undefined && rebuilder.unknown.size === 0);
  return group;
}

it('brings the member back whose log it is', async () => {
  const group = await rebuilt(IDENTITY.replica);
  assert.deepEqual([group.identity.replica, group.identity.members], [IDENTITY.replica, IDENTITY.members]);
  assert.deepEqual([group.paxos.isMember, group.paxos.last], [true, 1]);
});

it("takes no other replica's log for the member's, whose votes would be forgotten", async () => {
  const group = await rebuilt(77);
  assert.equal(group.identity.replica, 77);
  assert.equal(group.paxos.isMember, false);
});

describe('a learner that lost its trees, and what it is with them', () => {
  /** Its log begins behind slot 25 and holds 26, which is chosen; what a peer says of the group brings it back. */
  async function rebuiltLearner(told: GroupIdentity): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.createLearner({ ...IDENTITY, replica: 77 }, 25);
    await world.follow([recordOf(0, 26)], 26);
    await world.restart({ loseTrees: true });
    assert.deepEqual(world.loader.lost([]), [IDENTITY.group]);
    const groups: Group[] = [];
    const rebuilder = rebuilderOf(world, groups);
    rebuilder.lost(IDENTITY.group);
    rebuilder.onIdentity({ kind: 'identity', group: IDENTITY.group, state: encodeGroupMeta(told, stateAt(0)) });
    await world.timers.settle();
    await world.restart();
    await world.timers.advance(10_000);
    world.sent.length = 0;
    return world;
  }

  it('promises the leader something, so that it is taught on: nothing in its log names the members', async () => {
    const world = await rebuiltLearner(IDENTITY);
    assert.deepEqual([world.group.paxos.isMember, world.group.identity.configuration], [false, 1]);
    const ballot = { ...BALLOT, round: 2 };
    await world.step({ kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 });
    assert.deepEqual(
      world.sent.map(({ kind }) => kind),
      ['promise'],
    );
  });

  it('does not take members for known whom its log has not come to', async () => {
    const world = await rebuiltLearner(successorOf(30));
    assert.deepEqual([world.group.paxos.isMember, world.group.identity.configuration], [false, 0]);
  });
});

describe('a log replica whose creation was cut off between its log and its tree', () => {
  /** The log begins behind slot 25, of which it holds nothing. */
  async function cutOff(): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.createLearner({ ...IDENTITY, replica: 77 }, 25);
    return world;
  }

  it('is nothing to bring back, and leaves its place to the next one', async () => {
    const world = await cutOff();
    await world.restart({ loseTrees: true });
    assert.deepEqual(world.loader.lost([]), []);
    const next = await world.loader.createLearner({ ...IDENTITY, replica: 78 }, 30);
    assert.deepEqual([next.identity.replica, next.paxos.last], [78, 30]);
    await world.restart();
    assert.deepEqual([world.group.identity.replica, world.group.paxos.last], [78, 30]);
  });

  it('counts once it has promised something', async () => {
    const world = await cutOff();
    await world.step({ kind: 'prepare', ballot: BALLOT, released: ZERO_BALLOT, rejoin: 0 });
    await world.restart({ loseTrees: true });
    assert.deepEqual(world.loader.lost([]), [IDENTITY.group]);
    await assert.rejects(world.loader.createLearner({ ...IDENTITY, replica: 78 }, 30), /is being rebuilt/);
  });
});

it('has put in place what it had begun when it has stopped, and begins nothing then: the log may close', async () => {
  const world = await withoutTrees(IDENTITY.replica);
  const groups: Group[] = [];
  const rebuilder = rebuilderOf(world, groups);
  rebuilder.lost(IDENTITY.group);
  tell(rebuilder);
  const before = groups.length;
  const whenStopped = await world.timers.until(rebuilder.stop().then(() => groups.length));
  assert.deepEqual([before, whenStopped], [0, 1]);
  await world.wal.close();
  rebuilder.lost(IDENTITY.group);
  tell(rebuilder);
  await world.timers.settle();
  assert.deepEqual([groups.length, rebuilder.rebuilt], [1, 1]);
});
