import type { NodeId } from '../../shared/base/ids.ts';
import type { NodeRecord, PartitionRecord, ReplicaRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import { partitionCount, type Partitioning, planTable } from '../../shared/placement/table-plan.ts';
import { RETIRED_PARTITIONS_MAX } from '../../shared/limits/auto-admin-limits.ts';
import type { Knowledge } from './knowledge.ts';
import { NOTHING, type Plan, type Step } from './steps.ts';

/** The partitions that a table or an index lacks; undefined: it lacks none. */
export function planPlacement(view: CatalogView, space: Partitioning, knowledge: Knowledge): Plan | undefined {
  const present = view.partitions(space.tableId).map(({ record }) => record);
  if (present.length >= partitionCount(space)) return undefined;
  const others: PartitionRecord[] = [];
  for (const id of view.tableIdsWithPartitions()) {
    if (id !== space.tableId) others.push(...view.partitions(id).map(({ record }) => record));
  }
  const plan = planTable({ definition: space, nodes: nodesToUse(view, knowledge), counters: view.counters, present, others });
  if ('refused' in plan) return { steps: [], blocked: plan.refused };
  return { steps: [{ kind: 'place-table', ...plan, countersGeneration: view.counters?.generation }] };
}

/** What cannot be reached is not built on where its AZ has something better: two dead nodes would hold a new partition up. */
function nodesToUse(view: CatalogView, { unreachable }: Knowledge): NodeRecord[] {
  const nodes = [...view.nodes()];
  const reachable = nodes.filter(({ node }) => !unreachable.has(node));
  const zones = new Set(reachable.map(({ az }) => az));
  return nodes.filter(({ node, az }) => !unreachable.has(node) || !zones.has(az));
}

/** Makes a quorum of new partitions and waits until each of them leads; undefined when all do. */
export function planUntilLed(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan | undefined {
  const isThere = ({ replica }: ReplicaRecord): boolean => knowledge.created.has(replica);
  if (!partitions.every(({ replicas }) => isQuorum(replicas, isThere))) return planReplicas(view, partitions, knowledge, false);
  const steps: Step[] = [];
  const nodes = new Set(
    partitions.filter(({ group }) => !knowledge.led.has(group)).flatMap(({ replicas }) => replicas.filter(isThere).map(({ node }) => node)),
  );
  for (const node of nodes) {
    const address = view.node(node)?.address;
    if (address !== undefined) steps.push({ kind: 'observe-node', node, address });
  }
  return steps.length === 0 ? undefined : { steps };
}

/** Creates what is not known to be there; blocked when nothing can be done about any of it. */
export function planReplicas(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge, late: boolean): Plan {
  const steps: Step[] = [];
  let blocked: Plan | undefined;
  for (const partition of partitions) {
    for (const replica of partition.replicas) {
      if (knowledge.created.has(replica.replica)) continue;
      const address = view.node(replica.node)?.address;
      if (address === undefined) blocked = blockedBy(replica.node);
      else steps.push({ kind: 'create-replica', partition, replica, address, late });
    }
  }
  return steps.length > 0 ? { steps } : (blocked ?? NOTHING);
}

export function isQuorum(replicas: readonly ReplicaRecord[], matches: (replica: ReplicaRecord) => boolean): boolean {
  return replicas.filter(matches).length > replicas.length / 2;
}

/**
 * Takes the partitions of a table away, and calls those retired that have lost a quorum; undefined when nothing else is left. A router
 * whose catalog is old may still write to them: only without a quorum can nothing be acknowledged any more that a new table of this
 * name would lack. Then the table need not wait for a node that is down.
 */
export function planTableRetirement(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan | undefined {
  const isGone = ({ replica }: ReplicaRecord): boolean => knowledge.destroyed.has(replica);
  const standing = partitions.filter((partition) => !isRetired(partition));
  if (standing.length === 0) return undefined;
  const retirable = standing.filter((partition) => !partition.replicas.every(isGone) && isQuorum(partition.replicas, isGone));
  return planMarks(view, retirable) ?? planRemoval(view, standing, knowledge);
}

/**
 * Calls the partitions of an index retired that nobody sends to any more; undefined when all are. No quorum is waited for: clients write
 * to no index, what they read of one is old by contract, and its id, its groups and its replicas are named by nothing that is made later.
 */
export function planIndexRetirement(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan | undefined {
  const standing = partitions.filter((partition) => !isRetired(partition));
  if (standing.length === 0) return undefined;
  return planMarks(view, standing) ?? planRemoval(view, standing, knowledge);
}

/** As many as the catalog has room for; undefined: none. Several tables at once may go a little beyond it. */
function planMarks(view: CatalogView, partitions: readonly PartitionRecord[]): Plan | undefined {
  if (partitions.length === 0) return undefined;
  const room = RETIRED_PARTITIONS_MAX - [...view.retiredPartitions()].length;
  if (room <= 0) return undefined;
  return { steps: partitions.slice(0, room).map((partition) => ({ kind: 'retire-partition', partition })) };
}

/** Destroys replicas, then the records of partitions that have none left. */
export function planRemoval(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  const steps: Step[] = [];
  let blocked: Plan | undefined;
  for (const partition of partitions) {
    const standing = partition.replicas.filter(({ replica }) => !knowledge.destroyed.has(replica));
    if (standing.length === 0) steps.push({ kind: 'delete-partition', partition });
    for (const replica of standing) {
      const address = view.node(replica.node)?.address;
      if (address === undefined) blocked = blockedBy(replica.node);
      else steps.push({ kind: 'delete-replica', partition, replica, address });
    }
  }
  return steps.length > 0 ? { steps } : (blocked ?? NOTHING);
}

function blockedBy(node: NodeId): Plan {
  return { steps: [], blocked: `the catalog does not know node ${node}` };
}

export function isRetired({ retired }: PartitionRecord): boolean {
  return retired === true;
}
