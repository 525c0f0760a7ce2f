import type { NodeDescription, ReplicaDescription } from '../../shared/wire/admin.ts';
import type { Group } from '../groups/group.ts';

/** What a node holds, for the auto-admin and for operators. */
export async function describeNode(node: Omit<NodeDescription, 'kind' | 'replicas'>, groups: Iterable<Group>): Promise<NodeDescription> {
  return { kind: 'node-description', ...node, replicas: await Promise.all([...groups].map(describeReplica)) };
}

/** It abstains, has stopped, or has lost its tree: the group has less than its three replicas. */
export function isDamaged(group: Group): boolean {
  return group.paxos.abstains || group.stopped || (group.awaitsSnapshot && !group.keepsLogOnly);
}

export async function describeReplica(group: Group): Promise<ReplicaDescription> {
  const { items, itemBytes } = await group.countItems();
  const { paxos, identity } = group;
  return {
    group: group.id,
    replica: identity.replica,
    tableId: identity.tableId,
    leading: paxos.serves,
    damaged: isDamaged(group),
    ballot: paxos.promised,
    commit: paxos.commit,
    applied: group.state.applied,
    last: paxos.last,
    trimmed: paxos.trimmed,
    checkpoint: group.checkpointSlot,
    items,
    itemBytes,
  };
}
