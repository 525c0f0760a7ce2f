import type { NodeId } from '../../shared/base/ids.ts';
import type { CountersRecord, PartitionRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import { type PartitionSettings, settingsOf } from '../../shared/placement/partition-settings.ts';
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
  | {
      readonly kind: 'create-replica';
      readonly partition: PartitionRecord;
      readonly replica: ReplicaRecord;
      readonly address: string;
      /** The others may serve already. */
      readonly late: boolean;
    }
  | { readonly kind: 'observe-node'; readonly node: NodeId; readonly address: string }
  /** To whichever of the replicas leads. */
  | {
      readonly kind: 'apply-settings';
      readonly partition: PartitionRecord;
      readonly addresses: readonly string[];
      readonly settings: PartitionSettings;
    }
  /** `incomplete`: a quorum of each partition is there; what is missing is made when its node is back. */
  | { readonly kind: 'activate-table'; readonly table: TableRecord; readonly incomplete: boolean }
  | { readonly kind: 'retire-partition'; readonly partition: PartitionRecord }
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
  const partitions = view.partitions(tableId).map(({ record }) => record);
  // Without its table only what is marked as retired goes: an unreadable record must not destroy data.
  if (table === undefined) return planRemoval(view, partitions.filter(isRetired), knowledge);
  if (table.status === 'CREATING') return planCreation(view, table, partitions, knowledge);
  if (table.status === 'DELETING') return planDeletion(view, table, partitions, knowledge);
  const settings = planSettings(view, table, partitions, knowledge);
  if (settings !== undefined) return settings;
  if (table.status === 'UPDATING' || isUnsettled(table))
    return { steps: [{ kind: 'activate-table', table, incomplete: table.incomplete === true }] };
  return table.incomplete ? planCompletion(view, table, partitions, knowledge) : NOTHING;
}

/** Tables with something left to do. */
export function* unfinishedTables(view: CatalogView): Generator<string, void, undefined> {
  for (const table of view.tables()) if (table.status !== 'ACTIVE' || table.incomplete || isUnsettled(table)) yield table.tableId;
  for (const tableId of view.tableIdsWithPartitions()) {
    if (view.tableById(tableId) === undefined && view.partitions(tableId).some(({ record }) => isRetired(record))) yield tableId;
  }
}

/** Its partitions may not have been told yet what they have to be told. */
function isUnsettled({ settingsVersion = 0, settledVersion = 0 }: TableRecord): boolean {
  return settingsVersion > settledVersion;
}

/** Tells every partition that is not known to have the table's settings; undefined when all have. */
function planSettings(
  view: CatalogView,
  table: TableRecord,
  partitions: readonly PartitionRecord[],
  knowledge: Knowledge,
): Plan | undefined {
  if (!isUnsettled(table)) return undefined;
  const settings = settingsOf(table);
  const steps: Step[] = [];
  for (const partition of partitions) {
    if ((knowledge.settings.get(partition.group) ?? 0) >= settings.version) continue;
    const addresses = partition.replicas.flatMap(({ node }) => view.node(node)?.address ?? []);
    steps.push({ kind: 'apply-settings', partition, addresses, settings });
  }
  return steps.length === 0 ? undefined : { steps };
}

function isRetired({ retired }: PartitionRecord): boolean {
  return retired === true;
}

/** All three replicas are tried; with a quorum of each partition the table need not wait for a node that is down. */
function planCreation(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  if (partitions.length < partitionCount(table)) return planPlacement(view, table, partitions);
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
  if (steps.length > 0) return { steps };
  const settings = planSettings(view, table, partitions, knowledge);
  if (settings !== undefined) return settings;
  const incomplete = !partitions.every(({ replicas }) => replicas.every(isThere));
  return { steps: [{ kind: 'activate-table', table, incomplete }] };
}

/** What was missing when the table was activated. */
function planCompletion(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  const plan = planReplicas(view, partitions, knowledge, true);
  const isDone = plan.steps.length === 0 && plan.blocked === undefined;
  return isDone ? { steps: [{ kind: 'activate-table', table, incomplete: false }] } : plan;
}

/** Creates what is not known to be there; blocked when nothing can be done about any of it. */
function planReplicas(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge, late: boolean): Plan {
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

function isQuorum(replicas: readonly ReplicaRecord[], matches: (replica: ReplicaRecord) => boolean): boolean {
  return replicas.filter(matches).length > replicas.length / 2;
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

/** Without a quorum a partition is gone for good: then its table need not wait for a node that is down. */
function planDeletion(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  const isGone = ({ replica }: ReplicaRecord): boolean => knowledge.destroyed.has(replica);
  if (partitions.every(isRetired)) return { steps: [{ kind: 'delete-table', table }] };
  const retirable = partitions.filter(
    (partition) => !isRetired(partition) && !partition.replicas.every(isGone) && isQuorum(partition.replicas, isGone),
  );
  if (retirable.length > 0) return { steps: retirable.map((partition) => ({ kind: 'retire-partition', partition })) };
  return planRemoval(
    view,
    partitions.filter((partition) => !isRetired(partition)),
    knowledge,
  );
}

/** Destroys replicas, then the records of partitions that have none left. */
function planRemoval(view: CatalogView, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
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
