import type { PartitionRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import { indexPartitioning } from '../../shared/placement/table-plan.ts';
import type { Knowledge } from './knowledge.ts';
import { planPlacement, planUntilLed } from './replica-plans.ts';
import { settingsSteps } from './settings-plans.ts';
import type { Plan } from './steps.ts';

/**
 * The partitions of indexes that a table is given while it serves; undefined when all of them lead and the catalog says so. It
 * must say so: from then on they hold something, and a replica that is made again after its disk was lost must come late.
 */
export function planNewIndexes(view: CatalogView, table: TableRecord, knowledge: Knowledge): Plan | undefined {
  const indexes = (table.globalIndexes ?? []).filter((index) => isBeingMade(index) && index.placed !== true);
  if (indexes.length === 0) return undefined;
  for (const index of indexes) {
    const placement = planPlacement(view, indexPartitioning(table, index), knowledge);
    if (placement !== undefined) return placement;
  }
  const partitions = indexes.flatMap(({ indexId }) => view.partitions(indexId).map(({ record }) => record));
  const unled = planUntilLed(view, partitions, knowledge);
  if (unled !== undefined) return unled;
  const isThere = ({ replica }: ReplicaRecord): boolean => knowledge.created.has(replica);
  const incomplete = table.incomplete === true || !partitions.every(({ replicas }) => replicas.every(isThere));
  return { steps: [{ kind: 'mark-placed', table, indexIds: indexes.map(({ indexId }) => indexId), incomplete }] };
}

/** Waits until each partition of the table has brought what it had into its new indexes; undefined when all have. */
export function planBackfill(
  view: CatalogView,
  table: TableRecord,
  partitions: readonly PartitionRecord[],
  knowledge: Knowledge,
): Plan | undefined {
  const building = (table.globalIndexes ?? []).filter((index) => isBeingMade(index) && index.backfilling === true);
  const isBuilt = ({ group }: PartitionRecord): boolean => building.every(({ indexId }) => knowledge.built.get(group)?.has(indexId));
  const behind = partitions.filter((partition) => !isBuilt(partition));
  return behind.length === 0 ? undefined : { steps: settingsSteps('follow-indexes', view, table, behind) };
}

/** Partitions of indexes that are being deleted, and those that were given up. */
export function goingPartitions(view: CatalogView, { globalIndexes = [] }: TableRecord): PartitionRecord[] {
  const going = globalIndexes.flatMap(({ indexId, status, former = [] }) => (status === 'DELETING' ? [indexId, ...former] : former));
  return going.flatMap((id) => view.partitions(id).map(({ record }) => record));
}

function isBeingMade({ status, waiting }: GlobalIndex): boolean {
  return status === 'CREATING' && waiting !== true;
}
