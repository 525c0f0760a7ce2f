import { must } from '../../services/shared/base/assert.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import { parseItem, serializeItem } from '../../services/shared/item/attribute-map.ts';
import type { AttributeMap } from '../../services/shared/item/attribute-value.ts';
import { globalIndexKey, localIndexKey, partitionEnd, tableKeyOfLocal } from '../../services/shared/item/index-key.ts';
import { itemSize } from '../../services/shared/item/item-size.ts';
import { projectedItem } from '../../services/shared/item/projection.ts';
import type { Projection } from '../../services/shared/item/projection.ts';
import { WRITE_UNIT_BYTES } from '../../services/shared/limits/api-limits.ts';
import type { TableRecord } from '../../services/shared/placement/catalog-records.ts';
import { tableKeyAttributes } from '../../services/shared/placement/key-attributes.ts';
import { globalIndexAttributes } from '../../services/shared/placement/table-indexes.ts';
import type { GlobalIndex, LocalIndex } from '../../services/shared/placement/table-indexes.ts';
import { MEASURE_COLLECTION, MEASURE_INDEXES } from '../../services/shared/wire/storage-operations.ts';
import type { IndexUnits, StorageResponse } from '../../services/shared/wire/storage-operations.ts';

/** Items, or entries of an index, by encoded key in latin-1, whose order is that of the bytes. */
type Held = ReadonlyMap<string, Buffer>;

interface Table {
  readonly record: TableRecord;
  readonly items: Held;
}

/** The secondary indexes of the storage in memory: nothing is kept of them, they are what follows from the items. */
export class FakeIndexes {
  readonly #digest: Digest;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /** What is read: the items of a table, or the entries of one of its indexes. */
  of(table: Table, local: number | undefined, global: string | undefined): Held {
    const { localIndexes = [], globalIndexes = [] } = table.record;
    if (global !== undefined) return globalEntries(table, must(globalIndexes.find(({ indexId }) => indexId === global)), this.#digest);
    if (local !== undefined) return localEntries(table, must(localIndexes.find(({ number }) => number === local)));
    return table.items;
  }

  /** The entries of all indexes, by name. */
  all(table: Table): ReadonlyMap<string, Held> {
    const { localIndexes = [], globalIndexes = [] } = table.record;
    return new Map([
      ...localIndexes.map((index) => [index.name, localEntries(table, index)] as const),
      ...globalIndexes.map((index) => [index.name, globalEntries(table, index, this.#digest)] as const),
    ]);
  }

  /** What a write that was just made is to be told of. */
  measures(table: Table, key: Uint8Array, measure: number, before: ReadonlyMap<string, Held>): Partial<StorageResponse> {
    const after = this.all(table);
    return {
      ...((measure & MEASURE_INDEXES) === 0
        ? {}
        : { indexUnits: [...after].flatMap(([name, held]) => unitsOf(name, before.get(name), held)) }),
      ...((measure & MEASURE_COLLECTION) === 0 ? {} : { collectionBytes: collectionBytes(table, key) }),
    };
  }
}

/** An entry that comes, goes or changes costs its size; one that moves costs twice. */
function unitsOf(index: string, before: Held | undefined, after: Held): IndexUnits[] {
  const cost = (bytes: Buffer | undefined): number => (bytes === undefined ? 0 : Math.ceil(itemSize(parseItem(bytes)) / WRITE_UNIT_BYTES));
  let units = 0;
  for (const key of new Set([...(before?.keys() ?? []), ...after.keys()])) {
    const [old, now] = [before?.get(key), after.get(key)];
    const same = old !== undefined && now !== undefined && old.equals(now);
    if (!same) units += Math.max(cost(old), cost(now));
  }
  return units === 0 ? [] : [{ index, units }];
}

function collectionBytes({ record, items }: Table, key: Uint8Array): number {
  const prefix = Buffer.from(key)
    .toString('latin1')
    .slice(0, partitionEnd(record.keys, Buffer.from(key)));
  const held = [items, ...(record.localIndexes ?? []).map((index) => localEntries({ record, items }, index))];
  let bytes = 0;
  for (const map of held) for (const [one, item] of map) if (one.startsWith(prefix)) bytes += itemSize(parseItem(item));
  return bytes;
}

/** The table's key in that of a local index. */
export function tableKeyInLocal({ record }: Table, local: number, key: string): string {
  const { sort } = must(record.localIndexes?.find(({ number }) => number === local));
  return tableKeyOfLocal(record.keys, sort, Buffer.from(key, 'latin1')).toString('latin1');
}

/** The record once its partitions have their settings, its indexes are built, and what was deleted is gone. */
export function finished(record: TableRecord): TableRecord {
  const { globalIndexes, settingsVersion, ...rest } = record;
  const ready = globalIndexes
    ?.filter(({ status }) => status !== 'DELETING')
    .map(({ backfilling: _filled, ...index }): GlobalIndex => ({ ...index, status: 'ACTIVE' }));
  return {
    ...rest,
    ...(ready === undefined ? {} : { globalIndexes: ready }),
    ...(settingsVersion === undefined ? {} : { settingsVersion, settledVersion: settingsVersion }),
  };
}

/** What a global index holds, by its keys in latin-1. */
function globalEntries({ record, items }: Table, index: GlobalIndex, digest: Digest): Held {
  const names = [...globalIndexAttributes(index), ...tableKeyAttributes(record.keys)].map(({ name }) => name);
  return entries(items, (item, key) => globalIndexKey(index.keys, item, key, digest), index.projection, names);
}

/** The same for a local index. */
function localEntries({ record, items }: Table, index: LocalIndex): Held {
  const names = [index.sort, ...tableKeyAttributes(record.keys)].map(({ name }) => name);
  return entries(items, (item, key) => localIndexKey(record.keys, index.sort, item, key), index.projection, names);
}

function entries(
  items: Held,
  keyOf: (item: AttributeMap, tableKey: Buffer) => Buffer | undefined,
  projection: Projection,
  names: readonly string[],
): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [tableKey, bytes] of items) {
    const item = parseItem(bytes);
    const key = keyOf(item, Buffer.from(tableKey, 'latin1'));
    if (key !== undefined) found.set(key.toString('latin1'), serializeItem(projectedItem(item, projection, names)));
  }
  return found;
}
