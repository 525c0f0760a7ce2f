import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageStore } from '../../shared/btree/page-store.ts';
import type { AddLearner } from '../../shared/wire/admin.ts';
import { encodeGroupMeta, GroupState, type GroupIdentity } from '../core/group-state.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import type { Group } from '../groups/group.ts';
import type { NodeGroups } from '../groups/node-groups.ts';
import { ReplicaCreator } from './create-replica.ts';

const LIFE = 3;

/** A node that holds nothing yet. */
class World {
  readonly groups: Group[] = [];
  readonly creator = new ReplicaCreator({
    group: (id: number) => this.groups.find((group) => group.id === id),
    add: (group: Group) => this.groups.push(group),
    rebuilder: { forget: () => Promise.resolve() },
    wal: { group: () => undefined, removeGroup: () => Promise.resolve() },
    loader: { createLearner: (identity: GroupIdentity) => Promise.resolve({ id: identity.group, identity } as unknown as Group) },
  } as unknown as NodeGroups);

  async addLearner(group: number, replica: number): Promise<void> {
    const members = [{ replica: 1, node: 'node-b', az: 'b', logOnly: false }];
    const place = { tableId: 't', partitionId: 0, low: Buffer.alloc(0), high: undefined };
    const identity: GroupIdentity = { group, replica: 1, ...place, configuration: 1, since: 0, members };
    const state = encodeGroupMeta(identity, GroupState.empty(REMEMBER_REQUESTS_MS));
    const request: AddLearner = { kind: 'add-learner', group, replica, incarnation: LIFE, state, logBehind: 0 };
    await this.creator.addLearner(request, LIFE, () => true);
  }
}

test('a group of which something was destroyed here is given no learner, though the catalog of the node is old', async () => {
  const world = new World();
  await world.creator.destroy({ kind: 'delete-replica', group: 5, replica: 100 }, {
    removeTree: () => Promise.resolve(),
  } as unknown as PageStore);
  await assert.rejects(world.addLearner(5, 200), { code: 'unwanted' });
  await world.addLearner(6, 201);
  assert.deepEqual(
    world.groups.map(({ id }) => id),
    [6],
  );
});
