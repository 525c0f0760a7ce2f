import type { NodeId } from '../../shared/base/ids.ts';
import type { CountersRecord, PartitionRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import { partitionCount, planTable } from '../../shared/placement/table-plan.ts';
import type { Knowledge } from './knowledge.ts';

/** One thing to do. Each is a compare-and-set on the catalog or a call that is safe to repeat: applied late it does no harm. */
export type Step =
  | {
      readonly kind: 'place-table';
      readonly partitions: readonly PartitionRecord[];
      /** The counters once the ids are reserved, and their generation before (undefined: there is no record). */
      readonly counters: CountersRecord;
      readonly countersGeneration: number | undefined;
    }
  | { readonly kind: 'create-replica'; readonly partition: PartitionRecord; readonly replica: ReplicaRecord; readonly address: string }
  | { readonly kind: 'observe-node'; readonly node: NodeId; readonly address: string }
  | { readonly kind: 'activate-table'; readonly table: TableRecord }
  | { readonly kind: 'delete-replica'; readonly partition: PartitionRecord; readonly replica: ReplicaRecord; readonly address: string }
  | { readonly kind: 'delete-partition'; readonly partition: PartitionRecord }
  | { readonly kind: 'delete-table'; readonly table: TableRecord };

/** Steps that may be carried out at the same time; when they are done, the next plan is made. No steps: nothing is left to do. */
export interface Plan {
  readonly steps: readonly Step[];
  /** Why the table cannot go on for now; then there are no steps. */
  readonly blocked?: string;
}

const NOTHING: Plan = { steps: [] };

/** The next steps for one table. Pure: the catalog, and what is known of the nodes, decide. */
export function planNextSteps(view: CatalogView, tableId: string, knowledge: Knowledge): Plan {
  const table = view.tableById(tableId);
  if (table === undefined || table.status === 'ACTIVE') return NOTHING;
  const partitions = view.partitions(tableId).map(({ record }) => record);
  return table.status === 'CREATING' ? planCreation(view, table, partitions, knowledge) : planDeletion(view, table, partitions, knowledge);
}

function planCreation(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  if (partitions.length < partitionCount(table)) return planPlacement(view, table, partitions);
  const steps: Step[] = [];
  for (const partition of partitions) {
    for (const replica of partition.replicas) {
      if (knowledge.created.has(replica.replica)) continue;
      const address = view.node(replica.node)?.address;
      if (address === undefined) return blockedBy(replica.node);
      steps.push({ kind: 'create-replica', partition, replica, address });
    }
  }
  if (steps.length > 0) return { steps };
  const nodes = new Set(
    partitions.filter(({ group }) => !knowledge.led.has(group)).flatMap(({ replicas }) => replicas.map(({ node }) => node)),
  );
  for (const node of nodes) {
    const address = view.node(node)?.address;
    if (address !== undefined) steps.push({ kind: 'observe-node', node, address });
  }
  return steps.length > 0 ? { steps } : { steps: [{ kind: 'activate-table', table }] };
}

function planPlacement(view: CatalogView, table: TableRecord, present: readonly PartitionRecord[]): Plan {
  const others: PartitionRecord[] = [];
  for (const tableId of view.tableIdsWithPartitions()) {
    if (tableId !== table.tableId) others.push(...view.partitions(tableId).map(({ record }) => record));
  }
  const plan = planTable({ definition: table, nodes: [...view.nodes()], counters: view.counters, present, others });
  if ('refused' in plan) return { steps: [], blocked: plan.refused };
  return { steps: [{ kind: 'place-table', ...plan, countersGeneration: view.counters?.generation }] };
}

function planDeletion(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  const steps: Step[] = [];
  for (const partition of partitions) {
    const standing = partition.replicas.filter(({ replica }) => !knowledge.destroyed.has(replica));
    if (standing.length === 0) steps.push({ kind: 'delete-partition', partition });
    for (const replica of standing) {
      const address = view.node(replica.node)?.address;
      if (address === undefined) return blockedBy(replica.node);
      steps.push({ kind: 'delete-replica', partition, replica, address });
    }
  }
  return steps.length > 0 ? { steps } : { steps: [{ kind: 'delete-table', table }] };
}

function blockedBy(node: NodeId): Plan {
  return { steps: [], blocked: `the catalog does not know node ${node}` };
}
