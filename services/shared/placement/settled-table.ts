import type { TableRecord } from './catalog-records.ts';
import type { GlobalIndex } from './table-indexes.ts';

/**
 * The record of a table whose partitions have its settings, whose new indexes are built, and of whose deleted ones, and those that were
 * given up, nothing is left but what is marked as retired.
 */
export function settledTable({ incomplete: _before, globalIndexes, ...table }: TableRecord, incomplete: boolean): TableRecord {
  const indexes = globalIndexes?.filter(({ status }) => status !== 'DELETING').map(settledIndex) ?? [];
  return {
    ...table,
    status: 'ACTIVE',
    generation: table.generation + 1,
    ...(indexes.length === 0 ? {} : { globalIndexes: indexes }),
    ...(table.settingsVersion === undefined ? {} : { settledVersion: table.settingsVersion }),
    ...(incomplete ? { incomplete } : {}),
  };
}

function settledIndex({ former: _former, ...index }: GlobalIndex): GlobalIndex {
  if (index.waiting === true) return index;
  const { backfilling: _backfilling, placed: _placed, ...rest } = index;
  return { ...rest, status: 'ACTIVE' };
}

/** The same table, and these new indexes are known to have partitions that lead. */
export function placedIndexes(table: TableRecord, indexIds: readonly string[], incomplete: boolean): TableRecord {
  const { incomplete: _before, globalIndexes = [], ...rest } = table;
  return {
    ...rest,
    globalIndexes: globalIndexes.map((index) => (indexIds.includes(index.indexId) ? { ...index, placed: true } : index)),
    generation: table.generation + 1,
    ...(incomplete ? { incomplete } : {}),
  };
}
