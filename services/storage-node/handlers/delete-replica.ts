import type { PageStore } from '../../shared/btree/page-store.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import type { AdminResponse, DeleteReplica } from '../../shared/wire/admin.ts';
import type { Group } from '../groups/group.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/**
 * Destroys a replica of a deleted table. The log goes first: a tree without its log abstains after a crash in between, and
 * the repeated call finds it.
 */
export async function deleteReplica(request: DeleteReplica, groups: NodeGroups, pages: PageStore): Promise<AdminResponse> {
  const isUnknown = groups.rebuilder.unknown.has(request.group);
  await groups.rebuilder.forget(request.group);
  const group = groups.group(request.group);
  if (group === undefined) {
    // One that lost its tree, and has not heard yet what it is.
    if (isUnknown) {
      await groups.wal.removeGroup(request.group);
      await pages.removeTree(request.replica);
    }
    return { kind: 'done' };
  }
  // The catalog may not know yet that another replica took the place; the table is gone with all of them.
  if (group.identity.replica !== request.replica && group.paxos.isMember && group.identity.configuration === 1) {
    throw new AdminCallError(
      'wrong-replica',
      `group ${request.group} is here as replica ${group.identity.replica}, not ${request.replica}`,
    );
  }
  await destroyReplica(group, groups, pages);
  return { kind: 'done' };
}

/** Whatever this node has of the replica goes. */
export async function destroyReplica(group: Group, groups: NodeGroups, pages: PageStore): Promise<void> {
  groups.remove(group);
  await groups.snapshotReceiver.forget(group);
  await groups.wal.removeGroup(group.id);
  await pages.removeTree(group.identity.replica);
}
