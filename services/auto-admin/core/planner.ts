import type { PartitionRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { RebuildPace } from '../../shared/placement/rebuilt-index.ts';
import { indexIdsOf } from '../../shared/placement/table-indexes.ts';
import { indexPartitioning } from '../../shared/placement/table-plan.ts';
import { goingPartitions, planBackfill, planNewIndexes } from './index-plans.ts';
import type { Knowledge } from './knowledge.ts';
import { asksForRebuild, planBeginning, planGivingUp } from './rebuild-plans.ts';
import {
  isRetired,
  planIndexRetirement,
  planPlacement,
  planRemoval,
  planReplicas,
  planTableRetirement,
  planUntilLed,
} from './replica-plans.ts';
import { isUnsettled, planSettings } from './settings-plans.ts';
import { NOTHING, type Plan } from './steps.ts';

/** The next steps for one table. Pure: the catalog, what is known of the nodes, and the time decide. */
export function planNextSteps(view: CatalogView, tableId: string, knowledge: Knowledge, pace: RebuildPace): Plan {
  const table = view.tableById(tableId);
  const partitions = partitionsOf(view, tableId);
  // Without its table only what is marked as retired goes: an unreadable record must not destroy data.
  if (table === undefined) return planRemoval(view, partitions.filter(isRetired), knowledge);
  if (table.status === 'CREATING') return planCreation(view, table, knowledge);
  if (table.status === 'DELETING') return planDeletion(view, table, knowledge);
  if (table.status === 'UPDATING' || isUnsettled(table)) return planUpdate(view, table, partitions, knowledge);
  const rebuild = planGivingUp(table, knowledge) ?? planBeginning(table, pace);
  if (rebuild !== undefined) return rebuild;
  return table.incomplete ? planCompletion(view, table, knowledge) : NOTHING;
}

/** Tables with something left to do, and ids of indexes, and of tables that are gone, that left partitions behind. */
export function* unfinishedTables(view: CatalogView, knowledge: Knowledge, pace: RebuildPace): Generator<string, void, undefined> {
  for (const table of view.tables()) {
    if (table.status !== 'ACTIVE' || table.incomplete || isUnsettled(table) || asksForRebuild(table, knowledge, pace)) yield table.tableId;
  }
  for (const id of view.tableIdsWithPartitions()) {
    if (view.tableById(id) === undefined && view.partitions(id).some(({ record }) => isRetired(record))) yield id;
  }
}

/** The partitions of a table and of all its global indexes. */
export function allPartitions(view: CatalogView, table: TableRecord): PartitionRecord[] {
  return [table.tableId, ...indexIdsOf(table)].flatMap((id) => partitionsOf(view, id));
}

function partitionsOf(view: CatalogView, id: string): PartitionRecord[] {
  return view.partitions(id).map(({ record }) => record);
}

/** All three replicas are tried; with a quorum of each partition the table need not wait for a node that is down. */
function planCreation(view: CatalogView, table: TableRecord, knowledge: Knowledge): Plan {
  for (const space of [table, ...(table.globalIndexes ?? []).map((index) => indexPartitioning(table, index))]) {
    const placement = planPlacement(view, space, knowledge);
    if (placement !== undefined) return placement;
  }
  const partitions = allPartitions(view, table);
  const unled = planUntilLed(view, partitions, knowledge);
  if (unled !== undefined) return unled;
  const own = partitionsOf(view, table.tableId);
  const settings = planSettings(view, table, own, knowledge);
  if (settings !== undefined) return settings;
  const isThere = ({ replica }: ReplicaRecord): boolean => knowledge.created.has(replica);
  const incomplete = !partitions.every(({ replicas }) => replicas.every(isThere));
  return { steps: [{ kind: 'activate-table', table, incomplete }] };
}

/**
 * New indexes have their partitions before the table's are told of them; one that goes loses its own when none sends to it any more, and
 * the table waits for no node that holds some of it. An index may be lost while the backfill of another one, or its own, is waited for, which might never end: then it is given up at once.
 */
function planUpdate(view: CatalogView, table: TableRecord, partitions: readonly PartitionRecord[], knowledge: Knowledge): Plan {
  return (
    planNewIndexes(view, table, knowledge) ??
    planSettings(view, table, partitions, knowledge) ??
    planGivingUp(table, knowledge) ??
    planBackfill(view, table, partitions, knowledge) ??
    planIndexRetirement(view, goingPartitions(view, table), knowledge) ?? {
      steps: [{ kind: 'activate-table', table, incomplete: table.incomplete === true }],
    }
  );
}

/** What was missing when the table was activated. */
function planCompletion(view: CatalogView, table: TableRecord, knowledge: Knowledge): Plan {
  const partitions = allPartitions(view, table);
  const plan = planReplicas(view, partitions, knowledge, true);
  const isDone = plan.steps.length === 0 && plan.blocked === undefined;
  return isDone ? { steps: [{ kind: 'activate-table', table, incomplete: false }] } : plan;
}

function planDeletion(view: CatalogView, table: TableRecord, knowledge: Knowledge): Plan {
  const ofIndexes = indexIdsOf(table).flatMap((id) => partitionsOf(view, id));
  return (
    planIndexRetirement(view, ofIndexes, knowledge) ??
    planTableRetirement(view, partitionsOf(view, table.tableId), knowledge) ?? { steps: [{ kind: 'delete-table', table }] }
  );
}
