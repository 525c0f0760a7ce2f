import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { GroupIdentity } from '../core/group-state.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import type { Group } from './group.ts';
import { ReplicaRebuilder } from './replica-rebuilder.ts';
import { AMPLE_ROOM, IDENTITY, recordOf, ReplicaWorld, stateAt } from './replica-world.fixture.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SoleCopies } from './sole-copies.ts';

/** A node loses the trees, and with them what its replica is; its log is `replica`'s. What a peer says brings it back. */
async function rebuilt(replica: number): Promise<Group> {
  const world = new ReplicaWorld();
  await world.create({ ...IDENTITY, replica });
  await world.follow([recordOf(0, 1)], 1);
  await world.restart({ loseTrees: true });
  const { environment, pages, loader, wal } = world;
  assert.deepEqual(loader.lost([]), [IDENTITY.group]);
  const links = { connected: () => true, flush: () => undefined, sendSnapshot: () => undefined, nodes: new Set<string>().values() };
  const groups: Group[] = [];
  const replaced = (): Promise<void> => Promise.resolve();
  const rebuilder = new ReplicaRebuilder({
    node: 'node-2',
    environment,
    links,
    loader,
    sender: new SnapshotSender({ environment, links, checkpoint: replaced, copies: new SoleCopies(environment.clock) }),
    receiver: new SnapshotReceiver({ environment, pages, links, room: AMPLE_ROOM, rememberRequestsMs: REMEMBER_REQUESTS_MS, replaced }),
    groups: () => groups,
    groupOf: (id) => groups.find((group) => group.id === id),
    logOwner: (group) => wal.group(group)?.replica ?? 0,
    put: (group) => void groups.push(group),
    rebuilding: () => undefined,
  });
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
