import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { GroupIdentity } from '../core/group-state.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import type { Group } from './group.ts';
import { rebuilderOf } from './replica-rebuilder.fixture.ts';
import { IDENTITY, recordOf, ReplicaWorld, stateAt } from './replica-world.fixture.ts';

/** A node loses the trees, and with them what its replica is; its log is `replica`'s. What a peer says brings it back. */
async function rebuilt(replica: number): Promise<Group> {
  const world = new ReplicaWorld();
  await world.create({ ...IDENTITY, replica });
  await world.follow([recordOf(0, 1)], 1);
  await world.restart({ loseTrees: true });
  assert.deepEqual(world.loader.lost([]), [IDENTITY.group]);
  const groups: Group[] = [];
  const rebuilder = rebuilderOf(world, groups);
  rebuilder.lost(IDENTITY.group);
  const told: GroupIdentity = { ...IDENTITY, replica: 1 };
  rebuilder.onIdentity({ kind: 'identity', group: IDENTITY.group, state: encodeGroupMeta(told, stateAt(0)) });
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
  assert.deepEqual([group.paxos.isMember, group.identity.members], [false, []]);
});
