import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import { recordOf, ReplicaWorld } from './replica-world.fixture.ts';
import { TrimFloor } from './trim-floor.ts';

describe('the floor that a leader tells', () => {
  it('is the second best checkpoint of the group', () => {
    const floor = new TrimFloor();
    assert.equal(floor.secondBest(50, [2, 3]), 0);
    floor.checkpointOf(2, 30);
    assert.equal(floor.secondBest(50, [2, 3]), 30);
    floor.checkpointOf(3, 70);
    assert.equal(floor.secondBest(50, [2, 3]), 50);
    floor.checkpointOf(3, 0);
    assert.equal(floor.secondBest(50, [2, 3]), 30);
    assert.equal(floor.secondBest(50, []), 50);
  });

  it('does not go down for those that are told', () => {
    const floor = new TrimFloor();
    floor.raise(10);
    floor.raise(5);
    assert.equal(floor.told, 10);
  });
});

describe('a follower', () => {
  it('keeps its log behind its own checkpoint until the leader says that another replica holds one too', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const records = Array.from({ length: 20 }, (_, at) => recordOf(at, at + 1));
    await world.follow(records, 20);
    await world.timers.advance(DEFAULT_PAXOS_OPTIONS.retryMs);
    assert.equal(await world.group.checkpoint(), 20);
    assert.deepEqual(world.group.neededSlots, [0]);
    world.group.trimFloor.raise(12);
    assert.deepEqual(world.group.neededSlots, [12]);
  });
});
