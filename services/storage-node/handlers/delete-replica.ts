import type { PageStore } from '../../shared/btree/page-store.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import type { GroupHeader } from '../../shared/wal/wal-types.ts';
import type { AdminResponse, DeleteReplica } from '../../shared/wire/admin.ts';
import type { Group } from '../groups/group.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/** The log of a replica of which nothing is to be left: what it promised and accepted is forgotten, so that it may not vote. */
const GIVEN_UP: GroupHeader = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: true };

/** Destroys a replica of a deleted table. Whatever an earlier call left, because the process ended in its midst, goes as well. */
export async function deleteReplica(request: DeleteReplica, groups: NodeGroups, pages: PageStore): Promise<AdminResponse> {
  await groups.rebuilder.forget(request.group);
  const group = groups.group(request.group);
  if (group === undefined) {
    // Of one that lost its tree, and has not heard yet what it is, the log is left.
    const owner = groups.wal.group(request.group)?.replica ?? request.replica;
    for (const replica of new Set([owner, request.replica])) await pages.removeTree(replica);
    await groups.wal.removeGroup(request.group);
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

/**
 * Whatever this node has of the replica goes. The log is emptied before the tree goes, and removed behind it: should the process end in
 * between, the next one finds a replica that abstains, and after that an empty log, and no sign of damage in either.
 */
export async function destroyReplica(group: Group, groups: NodeGroups, pages: PageStore): Promise<void> {
  groups.remove(group);
  await groups.snapshotReceiver.forget(group);
  const { replica } = group.identity;
  await new Promise<void>((resolve) => groups.wal.createGroup(group.id, replica, GIVEN_UP, resolve));
  await pages.removeTree(replica);
  await groups.wal.removeGroup(group.id);
}
