import { assert } from '../../shared/base/assert.ts';
import { equalBytes } from '../../shared/base/bytes.ts';
import type { Digest } from '../../shared/env/digest.ts';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, KeySchema } from '../../shared/item/attribute-value.ts';
import { globalIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { projectedItem } from '../../shared/item/projection.ts';
import { encodeStoredValue, storedItemJson, storedItemSize, storedSlot, storedTimeMs } from '../../shared/item/stored-value.ts';
import type { IndexSource, PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';
import type { IndexedRecord } from './indexed-record.ts';
import type { ItemImage } from './item-image.ts';

const NO_CHANGES: readonly IndexChange[] = [];

/** What an item is in an index. */
interface Entry {
  readonly key: Buffer;
  readonly projected: AttributeMap;
  readonly json: Buffer;
}

/**
 * The entries of one global index, as they follow from the items of its table. Pure: the same images give the same changes,
 * whoever leads.
 */
export class IndexEntries {
  readonly source: IndexSource;
  readonly #digest: Digest;
  readonly #keyNames: readonly string[];

  constructor(table: KeySchema, source: IndexSource, digest: Digest) {
    this.source = source;
    this.#digest = digest;
    const { partition, sort } = source.keys;
    const attributes = [table.partition, ...(table.sort === undefined ? [] : [table.sort]), ...partition, ...sort];
    this.#keyNames = [...new Set(attributes.map(({ name }) => name))];
  }

  /** One for each index of the settings. */
  static ofSettings({ keys, globalIndexes }: PartitionSettings, digest: Digest): IndexEntries[] {
    return globalIndexes.map((source) => new IndexEntries(keys, source, digest));
  }

  /** What a record of the table's log changes in the index. The record says what it replaces: its proposer knew of the index. */
  changesOf(indexed: IndexedRecord): readonly IndexChange[] {
    const { type, key, change, oldImage, newValue } = indexed.record;
    if ((type !== 'write' && type !== 'ttl-delete') || change === 'none') return NO_CHANGES;
    assert(change === 'insert' || oldImage !== undefined, 'a record behind the settings of an index does not say what it replaces');
    return this.#changes(this.#entryOf(key, oldImage, indexed.oldItem), this.#entryOf(key, newValue, indexed.newItem), newValue);
  }

  /** What becomes of the index when an item with this key is replaced; both are stored values, undefined where there is none. */
  changes(tableKey: Uint8Array, old: Uint8Array | undefined, next: Uint8Array | undefined): readonly IndexChange[] {
    return this.#changes(this.#entry(tableKey, old), this.#entry(tableKey, next), next);
  }

  #changes(before: Entry | undefined, after: Entry | undefined, next: Uint8Array | undefined): readonly IndexChange[] {
    if (before === undefined && after === undefined) return NO_CHANGES;
    if (after === undefined || next === undefined) return before === undefined ? NO_CHANGES : [{ key: before.key }];
    if (before === undefined) return [{ key: after.key, value: this.#stored(after, next) }];
    if (!before.key.equals(after.key)) {
      const put = { key: after.key, value: this.#stored(after, next) };
      return [{ key: before.key }, put];
    }
    return equalBytes(before.json, after.json) ? NO_CHANGES : [{ key: after.key, value: this.#stored(after, next) }];
  }

  /**
   * Write units that the change of an item takes in the index: one for each KB of the entry, the larger of old and new; two
   * writes when its key changes ("Provisioned throughput considerations for Global Secondary Indexes", Developer Guide).
   */
  units(tableKey: Uint8Array, old: ItemImage | undefined, next: ItemImage | undefined): number {
    const before = this.#entryOf(tableKey, old?.stored, old?.item);
    const after = this.#entryOf(tableKey, next?.stored, next?.item);
    const oldUnits = before === undefined ? 0 : unitsOf(this.#sizeOf(before, old));
    const newUnits = after === undefined ? 0 : unitsOf(this.#sizeOf(after, next));
    if (before === undefined || after === undefined || !before.key.equals(after.key)) return oldUnits + newUnits;
    return equalBytes(before.json, after.json) ? 0 : Math.max(oldUnits, newUnits);
  }

  #entry(tableKey: Uint8Array, stored: Uint8Array | undefined): Entry | undefined {
    return stored === undefined ? undefined : this.#entryOf(tableKey, stored, parseItem(storedItemJson(stored)));
  }

  /** `item`: what the stored value holds. */
  #entryOf(tableKey: Uint8Array, stored: Uint8Array | undefined, item: AttributeMap | undefined): Entry | undefined {
    if (stored === undefined || item === undefined) return undefined;
    const { keys, projection } = this.source;
    const key = globalIndexKey(keys, item, tableKey, this.#digest);
    if (key === undefined) return undefined;
    if (projection.kind === 'all') return { key, projected: item, json: storedItemJson(stored) };
    const projected = projectedItem(item, projection, this.#keyNames);
    return { key, projected, json: serializeItem(projected) };
  }

  #sizeOf({ projected }: Entry, image: ItemImage | undefined): number {
    return image !== undefined && this.source.projection.kind === 'all' ? image.size : itemSize(projected);
  }

  /** The version of an entry is that of its item, so that it is the same whoever derives it. */
  #stored({ key, projected, json }: Entry, item: Uint8Array): Buffer {
    const size = this.source.projection.kind === 'all' ? storedItemSize(item) : itemSize(projected);
    const fields = { flags: 0, size, slot: storedSlot(item), timeMs: storedTimeMs(item), originRegion: '' };
    return encodeStoredValue({ ...fields, json }, key, this.#digest);
  }
}

const UNIT_BYTES = 1024;

function unitsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / UNIT_BYTES));
}
