import { parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { storedItemJson, storedItemSize } from '../../shared/item/stored-value.ts';

/** A stored value whose item is parsed once, whatever the number of indexes that look at it. */
export class ItemImage {
  readonly stored: Uint8Array;
  #item: AttributeMap | undefined;

  private constructor(stored: Uint8Array) {
    this.stored = stored;
  }

  /** Undefined where there is no item. */
  static of(stored: Uint8Array | undefined): ItemImage | undefined {
    return stored === undefined ? undefined : new ItemImage(stored);
  }

  get item(): AttributeMap {
    this.#item ??= parseItem(storedItemJson(this.stored));
    return this.#item;
  }

  /** Bytes of the item in DynamoDB's accounting. */
  get size(): number {
    return storedItemSize(this.stored);
  }
}
