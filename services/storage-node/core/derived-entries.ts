import { asBuffer } from '../../shared/base/bytes.ts';
import type { Digest } from '../../shared/env/digest.ts';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, KeySchema } from '../../shared/item/attribute-value.ts';
import { expiryEntryKey, expirySeconds } from '../../shared/item/expiry.ts';
import { localIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { localKey } from '../../shared/item/local-space.ts';
import { projectedItem } from '../../shared/item/projection.ts';
import { encodeStoredValue, storedItemJson, storedItemSize, storedSlot, storedTimeMs } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { LocalIndex } from '../../shared/placement/table-indexes.ts';
import type { TreeChange } from './tree-changes.ts';

const NO_CHANGES: readonly TreeChange[] = [];

/** The attribute by which items expire, and the generation of its entries (expiry-progress.ts). */
interface ExpirySource {
  readonly attribute: string;
  readonly generation: number;
}

/**
 * What a partition keeps beside its items: the entries of local secondary indexes, and those of items that expire. They follow
 * from the items alone, so no record names them; every replica derives the same ones as it applies a write, and the state hash
 * covers them.
 */
export class DerivedEntries {
  readonly #digest: Digest;
  readonly #keys: KeySchema;
  readonly #indexes: readonly { readonly index: LocalIndex; readonly keyNames: readonly string[] }[];

  readonly #expiry: ExpirySource | undefined;

  /** `generation`: of the entries of items that expire, where the settings name an attribute. */
  constructor({ keys, localIndexes, ttlAttribute }: PartitionSettings, generation: number | undefined, digest: Digest) {
    this.#digest = digest;
    this.#expiry = ttlAttribute === undefined || generation === undefined ? undefined : { attribute: ttlAttribute, generation };
    this.#keys = keys;
    const tableNames = keys.sort === undefined ? [keys.partition.name] : [keys.partition.name, keys.sort.name];
    this.#indexes = localIndexes.map((index) => ({ index, keyNames: [...tableNames, index.sort.name] }));
  }

  /** Nothing is derived: writes need not know what they replace. */
  get none(): boolean {
    return this.#indexes.length === 0 && this.#expiry === undefined;
  }

  /** What a write changes beside the item itself; `old` and `next` are stored values, undefined where there is no item. */
  changes(key: Uint8Array, old: Uint8Array | undefined, next: Uint8Array | undefined): readonly TreeChange[] {
    if (this.none) return NO_CHANGES;
    const oldItem = old === undefined ? undefined : parseItem(storedItemJson(old));
    const nextItem = next === undefined ? undefined : parseItem(storedItemJson(next));
    const changes: TreeChange[] = this.#expiryChanges(key, oldItem, nextItem);
    for (const { index, keyNames } of this.#indexes) {
      const oldKey = oldItem === undefined ? undefined : this.#entryKey(index, oldItem, key);
      const nextKey = nextItem === undefined ? undefined : this.#entryKey(index, nextItem, key);
      if (oldKey !== undefined && (nextKey === undefined || !asBuffer(oldKey).equals(nextKey)))
        changes.push({ key: oldKey, value: undefined });
      if (nextKey === undefined || nextItem === undefined || next === undefined) continue;
      const projected = index.projection.kind === 'all' ? undefined : projectedItem(nextItem, index.projection, keyNames);
      changes.push({ key: nextKey, value: this.#entry(nextKey, projected, next) });
    }
    return changes;
  }

  /** The entry of an item that expires, as it is put where an item was written before its attribute was named. */
  expiryEntry(key: Uint8Array, stored: Uint8Array): TreeChange | undefined {
    return this.#expiryChanges(key, undefined, parseItem(storedItemJson(stored)))[0];
  }

  /** An entry says no more than its key does, so that it stays as it is until the time changes. */
  #expiryChanges(key: Uint8Array, oldItem: AttributeMap | undefined, nextItem: AttributeMap | undefined): TreeChange[] {
    if (this.#expiry === undefined) return [];
    const { attribute, generation } = this.#expiry;
    const before = oldItem && expirySeconds(oldItem, attribute);
    const after = nextItem && expirySeconds(nextItem, attribute);
    const changes: TreeChange[] = [];
    if (before !== undefined && before !== after) changes.push({ key: expiryEntryKey(generation, before, key), value: undefined });
    if (after === undefined) return changes;
    const entryKey = expiryEntryKey(generation, after, key);
    changes.push({ key: entryKey, value: encodeStoredValue(ENTRY_OF_EXPIRY, entryKey, this.#digest) });
    return changes;
  }

  #entryKey({ number, sort }: LocalIndex, item: AttributeMap, key: Uint8Array): Buffer | undefined {
    const indexKey = localIndexKey(this.#keys, sort, item, key);
    return indexKey === undefined ? undefined : localKey(number, indexKey);
  }

  /**
   * The version of an entry is that of its item, so that copies of it are equal wherever they were derived. `projected`: undefined where
   * that is the whole item, which has its JSON and size already: writing it out anew for each index takes long where it is large.
   */
  #entry(key: Uint8Array, projected: AttributeMap | undefined, item: Uint8Array): Buffer {
    const json = projected === undefined ? storedItemJson(item) : serializeItem(projected);
    const size = projected === undefined ? storedItemSize(item) : itemSize(projected);
    const fields = { flags: 0, size, slot: storedSlot(item), timeMs: storedTimeMs(item), originRegion: '' };
    return encodeStoredValue({ ...fields, json }, key, this.#digest);
  }
}

const ENTRY_OF_EXPIRY = { flags: 0, size: 0, slot: 0, timeMs: 0, originRegion: '', json: new Uint8Array(0) };
