import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UNKNOWN_MEMBERSHIP } from '../core/membership.ts';
import { BALLOT, IDENTITY, recordOf, ReplicaWorld, successorOf, swapRecord } from './replica-world.fixture.ts';

describe('a follower that applies a Swap', () => {
  async function swappedWorld(): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), swapRecord()], 2);
    return world;
  }

  it('has other members, after a restart too', async () => {
    const world = await swappedWorld();
    const { members } = successorOf(2);
    assert.deepEqual([world.group.identity.since, world.group.identity.members], [2, members]);
    assert.deepEqual(world.group.paxos.configuration, { number: 2, since: 2, members: [1, 2, 4], logReplicas: [] });
    await world.restart();
    world.group.pump();
    await world.timers.settle();
    assert.deepEqual([world.group.identity.since, world.group.identity.members], [2, members]);
  });

  it('can still answer who left: it may ask how its configuration ended', async () => {
    const { group } = await swappedWorld();
    assert.deepEqual(
      [3, 4].map((replica) => group.nodeOf(replica)),
      ['node-3', 'node-4'],
    );
  });
});

describe('a replica', () => {
  it('knows where those are that talk to it, and of members only from their own nodes', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const { group } = world;
    assert.deepEqual([group.nodeOf(9), group.hears(9, 'node-9'), group.nodeOf(9)], [undefined, true, 'node-9']);
    assert.deepEqual([group.hears(3, 'node-9'), group.nodeOf(3)], [false, 'node-3']);
  });

  it('forgets strangers that have been silent for longest', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const { group } = world;
    for (let replica = 10; replica < 18; replica++) group.hears(replica, 'node-9');
    group.hears(10, 'node-9');
    group.hears(18, 'node-9');
    assert.deepEqual(
      [10, 11, 12, 18].map((replica) => group.nodeOf(replica) !== undefined),
      [true, false, true, true],
    );
  });

  it('follows the members in its log though it has no tree', async () => {
    const world = new ReplicaWorld();
    await world.createLearner(IDENTITY, 5);
    await world.step({ kind: 'prepare', ballot: BALLOT, released: { configuration: 0, round: 0, replica: 0 }, rejoin: 0 });
    await world.step({ kind: 'sync', ballot: BALLOT, from: 5, records: [recordOf(0, 6), swapRecord()], commit: 7 });
    assert.equal(world.group.awaitsSnapshot, true);
    assert.deepEqual(world.group.identity, successorOf(7));
    assert.equal(world.group.paxos.configuration.number, 2);
  });

  it('learns without a vote while it does not know who the members are', async () => {
    const world = new ReplicaWorld();
    await world.createLearner({ ...IDENTITY, ...UNKNOWN_MEMBERSHIP, replica: 4 }, 0);
    assert.equal(world.group.paxos.isMember, false);
    await world.timers.advance(10_000);
    assert.deepEqual(world.sent, []);
  });
});
