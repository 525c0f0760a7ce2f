import type { NodeDescription, ReplicaDescription } from '../../shared/wire/admin.ts';
import type { Group } from '../groups/group.ts';

/** What a node holds, for the auto-admin and for operators. */
export function describeNode(node: Omit<NodeDescription, 'kind' | 'replicas'>, groups: Iterable<Group>): NodeDescription {
  return { kind: 'node-description', ...node, replicas: [...groups].map(describeReplica) };
}

export function describeReplica(group: Group): ReplicaDescription {
  const { paxos, identity, tree } = group;
  return {
    group: group.id,
    replica: identity.replica,
    tableId: identity.tableId,
    leading: paxos.serves,
    damaged: paxos.abstains || group.stopped,
    ballot: paxos.promised,
    commit: paxos.commit,
    applied: group.state.applied,
    last: paxos.last,
    trimmed: paxos.trimmed,
    checkpoint: group.checkpointSlot,
    items: tree.items,
    itemBytes: tree.itemBytes,
  };
}
