import { asBuffer } from '../../shared/base/bytes.ts';
import type { Digest } from '../../shared/env/digest.ts';
import type { AttributeMap, KeySchema } from '../../shared/item/attribute-value.ts';
import { localIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { projectedItem } from '../../shared/item/projection.ts';
import { equalValues } from '../../shared/item/value-order.ts';
import { WRITE_UNIT_BYTES } from '../../shared/limits/api-limits.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { LocalIndex } from '../../shared/placement/table-indexes.ts';
import type { IndexUnits } from '../../shared/wire/storage-operations.ts';
import { IndexEntries } from './index-entries.ts';
import { ItemImage } from './item-image.ts';

/** What an item is in a local index. */
interface Entry {
  readonly key: Buffer;
  readonly projected: AttributeMap;
  readonly size: number;
}

type Image = Uint8Array | undefined;

/** What a write costs the indexes of its table, from the images before and after it: stored values, undefined where there is no item. */
export class WriteMeter {
  readonly settings: PartitionSettings;
  readonly #local: readonly LocalEntries[];
  readonly #global: readonly IndexEntries[];

  constructor(settings: PartitionSettings, digest: Digest) {
    this.settings = settings;
    this.#local = settings.localIndexes.map((index) => new LocalEntries(settings.keys, index));
    this.#global = IndexEntries.ofSettings(settings, digest);
  }

  /** Write units of each index that the write changes. */
  units(key: Uint8Array, old: Image, next: Image): IndexUnits[] {
    const before = ItemImage.of(old);
    const after = ItemImage.of(next);
    const local = this.#local.map((entries) => ({ index: entries.name, units: entries.units(key, before, after) }));
    const global = this.#global.map((entries) => ({ index: entries.source.name, units: entries.units(key, before, after) }));
    return [...local, ...global].filter(({ units }) => units > 0);
  }

  /** By how many bytes the write lets its item collection grow: the item, and its entries in local indexes. */
  growth(key: Uint8Array, old: Image, next: Image): number {
    const before = ItemImage.of(old);
    const after = ItemImage.of(next);
    let growth = (after?.size ?? 0) - (before?.size ?? 0);
    for (const entries of this.#local) growth += entries.bytes(key, after) - entries.bytes(key, before);
    return growth;
  }
}

/** The entries of one local index, as they follow from items. */
class LocalEntries {
  readonly #keys: KeySchema;
  readonly #index: LocalIndex;
  readonly #keyNames: readonly string[];

  constructor(keys: KeySchema, index: LocalIndex) {
    this.#keys = keys;
    this.#index = index;
    const { partition, sort } = keys;
    this.#keyNames = [...new Set([partition, ...(sort === undefined ? [] : [sort]), index.sort].map(({ name }) => name))];
  }

  get name(): string {
    return this.#index.name;
  }

  /**
   * A new entry, one that goes, and one of which an attribute changes are one write; another sort key is two, for the old entry goes
   * and a new one comes; what leaves the entry as it is costs nothing. A write takes a unit for each KB of the entry, of the larger
   * one where it changes (Developer Guide, "Local secondary indexes": "Write operations").
   */
  units(key: Uint8Array, old: ItemImage | undefined, next: ItemImage | undefined): number {
    const before = this.#entry(key, old);
    const after = this.#entry(key, next);
    if (before === undefined || after === undefined || !before.key.equals(after.key)) return unitsOf(before) + unitsOf(after);
    if (equalValues({ M: before.projected }, { M: after.projected })) return 0;
    return Math.max(unitsOf(before), unitsOf(after));
  }

  bytes(key: Uint8Array, image: ItemImage | undefined): number {
    return this.#entry(key, image)?.size ?? 0;
  }

  #entry(tableKey: Uint8Array, image: ItemImage | undefined): Entry | undefined {
    if (image === undefined) return undefined;
    const key = localIndexKey(this.#keys, this.#index.sort, image.item, asBuffer(tableKey));
    if (key === undefined) return undefined;
    const { projection } = this.#index;
    const projected = projectedItem(image.item, projection, this.#keyNames);
    return { key, projected, size: projection.kind === 'all' ? image.size : itemSize(projected) };
  }
}

function unitsOf(entry: Entry | undefined): number {
  return entry === undefined ? 0 : Math.ceil(entry.size / WRITE_UNIT_BYTES);
}
