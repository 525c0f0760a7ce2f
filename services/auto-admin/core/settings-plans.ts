import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import { settingsOf } from '../../shared/placement/partition-settings.ts';
import type { Knowledge } from './knowledge.ts';
import type { Plan, Step } from './steps.ts';

/** Its partitions may not have been told yet what they have to be told. */
export function isUnsettled({ settingsVersion = 0, settledVersion = 0 }: TableRecord): boolean {
  return settingsVersion > settledVersion;
}

/** Tells every partition that is not known to have the table's settings; undefined when all have. */
export function planSettings(
  view: CatalogView,
  table: TableRecord,
  partitions: readonly PartitionRecord[],
  knowledge: Knowledge,
): Plan | undefined {
  if (!isUnsettled(table)) return undefined;
  const { settingsVersion = 0 } = table;
  const untold = partitions.filter(({ group }) => (knowledge.settings.get(group) ?? 0) < settingsVersion);
  return untold.length === 0 ? undefined : { steps: settingsSteps('apply-settings', view, table, untold) };
}

export function settingsSteps(
  kind: 'apply-settings' | 'follow-indexes',
  view: CatalogView,
  table: TableRecord,
  partitions: readonly PartitionRecord[],
): Step[] {
  const settings = settingsOf(table);
  return partitions.map((partition) => {
    const own = partition.replicas.flatMap(({ node }) => view.node(node)?.address ?? []);
    // The catalog is not told of members that were moved, and one of them may lead.
    const others = [...view.nodes()].map(({ address }) => address).filter((address) => !own.includes(address));
    return { kind, partition, addresses: [...own, ...others], settings };
  });
}
