import { assert } from '../../shared/base/assert.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import { type BoundCondition, evaluateCondition } from '../../shared/expression/condition.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import type { KeySchema } from '../../shared/item/attribute-value.ts';
import { tableKeyOfLocal } from '../../shared/item/index-key.ts';
import { withoutSpace } from '../../shared/item/local-space.ts';
import { storedItemJson, storedItemSize } from '../../shared/item/stored-value.ts';
import { READ_UNIT_BYTES } from '../../shared/limits/api-limits.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { RangeOperation, RangeResult } from '../../shared/wire/storage-operations.ts';
import type { TreeRange } from '../core/tree-range.ts';
import type { Group } from './group.ts';
import type { Respond } from './pending-answers.ts';

/** What a range read was asked for. */
export interface RangeRequest {
  readonly group: Group;
  readonly operation: RangeOperation;
  readonly filter: BoundCondition | undefined;
  readonly deadlineMs: number;
  readonly respond: Respond;
}

/** A range read under way: where it is, and what it has found. */
export class RangeReading {
  readonly request: RangeRequest;
  /** For a strong read: the ballot it began under; each slice must be read in it. */
  readonly leading: Ballot | undefined;
  readonly #range: TreeRange;
  /** The table's key, where the range is one of an index. */
  readonly #keys: KeySchema | undefined;
  low: Uint8Array;
  high: Uint8Array;
  readonly #items: Uint8Array[] = [];
  heldBytes = 0;
  scanned = 0;
  #count = 0;
  #scannedBytes = 0;
  #fetchedBytes = 0;
  #fetchedUnits = 0;
  #lastKey: Uint8Array | undefined;

  constructor(request: RangeRequest, range: TreeRange) {
    const { group, operation } = request;
    this.request = request;
    this.leading = operation.consistent ? group.paxos.leading : undefined;
    this.#range = range;
    this.#keys = group.state.settings?.keys;
    this.low = range.low;
    this.high = range.high;
  }

  /** As many items were evaluated, or as much was read, as was asked for. */
  get full(): boolean {
    const { limit, byteLimit } = this.request.operation;
    return (limit > 0 && this.scanned >= limit) || this.#scannedBytes >= byteLimit || this.#fetchedBytes >= byteLimit;
  }

  /** An item of the range, or an entry of the index. Returns the bytes that were looked at. */
  take(key: Uint8Array, value: Uint8Array): number {
    this.#passed(key, value);
    return this.#evaluate(value);
  }

  /** The key of the item that an entry of the index stands for. */
  itemKey(entryKey: Uint8Array): Buffer {
    const { index } = this.#range;
    assert(index !== undefined && this.#keys !== undefined, 'items are fetched for the entries of an index');
    return tableKeyOfLocal(this.#keys, index.sort, withoutSpace(entryKey));
  }

  /** An entry of the index, in whose place its item counts. All pages of the item are in memory. Returns the bytes that were looked at. */
  takeItem(entryKey: Uint8Array, entry: Uint8Array, itemKey: Uint8Array, tree: BTree): number {
    const item = tree.get(itemKey);
    assert(item !== undefined, 'an entry of an index whose item is not there');
    this.#passed(entryKey, entry);
    const size = storedItemSize(item);
    this.#fetchedBytes += size;
    this.#fetchedUnits += Math.ceil(size / READ_UNIT_BYTES);
    return this.#evaluate(item);
  }

  result(more: boolean): RangeResult {
    return {
      items: this.#items,
      count: this.#count,
      scanned: this.scanned,
      scannedBytes: this.#scannedBytes,
      more,
      ...(this.#lastKey === undefined ? {} : { lastKey: this.#lastKey }),
      ...(this.request.operation.fetchItems === true ? { fetchedUnits: this.#fetchedUnits, fetchedBytes: this.#fetchedBytes } : {}),
    };
  }

  #passed(key: Uint8Array, value: Uint8Array): void {
    this.scanned += 1;
    this.#scannedBytes += storedItemSize(value);
    this.#lastKey = this.#range.index === undefined ? key : withoutSpace(key);
  }

  #evaluate(value: Uint8Array): number {
    const { filter, operation } = this.request;
    const json = storedItemJson(value);
    if (filter === undefined || evaluateCondition(filter, parseItem(json))) {
      this.#count += 1;
      if (!operation.countOnly) {
        this.#items.push(json);
        this.heldBytes += json.length;
      }
    }
    return json.length;
  }
}
