import { compareBytes } from '../../services/shared/base/bytes.ts';
import type { GroupId, NodeId } from '../../services/shared/base/ids.ts';
import { parseItem } from '../../services/shared/item/attribute-map.ts';
import type { RangeOperation, RangeResult, StorageOperation, StorageResponse } from '../../services/shared/wire/storage-operations.ts';

type Answer = Omit<StorageResponse, 'id'>;
type Write = Exclude<StorageOperation, { readonly kind: 'get' | 'range' | 'apply-changes' }>;

interface StoredItem {
  readonly key: Uint8Array;
  readonly item: Uint8Array;
  readonly size: number;
  readonly slot: number;
}

/**
 * A replicated group as if by magic: one state for all its replicas. It remembers request numbers as the real one does, and
 * understands the two conditions with which catalog records are written.
 */
export class FakeGroup {
  readonly id: GroupId;
  readonly tableId: string;
  readonly low: Uint8Array;
  /** Empty: no upper bound. */
  readonly high: Uint8Array;
  /** Undefined: none just now. */
  leader: NodeId | undefined;
  /** False: the leader is still adopting its log. */
  ready = true;
  slot = 0;
  settingsVersion = 0;
  /** How often it was told of this version. */
  settingsTold = 0;
  /** A range ends early after so many items, as the slices of a real partition do. */
  sliceItemsMax = Number.POSITIVE_INFINITY;
  /** The writes that were really carried out, in order: `life:number`. */
  readonly executed: string[] = [];
  readonly #items = new Map<string, StoredItem>();
  readonly #answers = new Map<string, Answer>();
  onWrite: ((key: Uint8Array, item: Uint8Array | undefined) => void) | undefined;

  constructor(id: GroupId, tableId: string, low: Uint8Array, high: Uint8Array) {
    this.id = id;
    this.tableId = tableId;
    this.low = low;
    this.high = high;
  }

  get items(): readonly StoredItem[] {
    return [...this.#items.values()].sort((a, b) => compareBytes(a.key, b.key));
  }

  holds(operation: StorageOperation): boolean {
    if (operation.kind === 'apply-changes') return true;
    const first = operation.kind === 'range' ? operation.low : operation.key;
    const last = operation.kind === 'range' ? operation.high : undefined;
    if (compareBytes(first, this.low) < 0) return false;
    if (this.high.length === 0) return true;
    if (operation.kind === 'range') return last !== undefined && compareBytes(last, this.high) <= 0;
    return compareBytes(first, this.high) < 0;
  }

  execute(operation: StorageOperation, life: number): Answer {
    if (operation.kind === 'get') {
      const found = this.#items.get(hex(operation.key));
      return found === undefined ? { status: 'ok', oldSize: 0 } : { status: 'ok', item: found.item, oldSize: found.size, slot: found.slot };
    }
    if (operation.kind === 'range') return { status: 'ok', range: this.#range(operation) };
    if (operation.kind === 'apply-changes') return { status: 'validation', message: 'a fake group keeps no index' };
    const number = `${life}:${operation.number}`;
    const remembered = this.#answers.get(number);
    if (remembered !== undefined) return remembered;
    const answer = this.#write(operation);
    // As in the real group, only what left a record is remembered.
    if (answer.status !== 'ok') return answer;
    this.executed.push(number);
    this.#answers.set(number, answer);
    return answer;
  }

  #write(operation: Write): Answer {
    const name = hex(operation.key);
    const old = this.#items.get(name);
    if (!isMet(operation.condition, operation.values, old?.item)) return { status: 'condition-failed' };
    this.slot += 1;
    const written = operation.kind === 'put' ? operation.item : operation.kind === 'update' ? operation.keyAttributes : undefined;
    if (written === undefined) this.#items.delete(name);
    else this.#items.set(name, { key: operation.key, item: written, size: written.length, slot: this.slot });
    this.onWrite?.(operation.key, written);
    return { status: 'ok', oldSize: old?.size ?? 0, newSize: written?.length ?? 0, slot: this.slot };
  }

  #range(operation: RangeOperation): RangeResult {
    const inside = this.items.filter(({ key }) => {
      return compareBytes(key, operation.low) >= 0 && (operation.high === undefined || compareBytes(key, operation.high) < 0);
    });
    if (operation.reverse) inside.reverse();
    const taken: StoredItem[] = [];
    let bytes = 0;
    for (const item of inside) {
      if ((operation.limit > 0 && taken.length >= operation.limit) || bytes >= operation.byteLimit || taken.length >= this.sliceItemsMax)
        break;
      taken.push(item);
      bytes += item.size;
    }
    const last = taken.at(-1);
    return {
      items: operation.countOnly ? [] : taken.map(({ item }) => item),
      count: taken.length,
      scanned: taken.length,
      ...(operation.fetchItems === true
        ? // As if each entry of an index took one byte.
          { scannedBytes: taken.length, fetchedBytes: bytes, fetchedUnits: taken.length }
        : { scannedBytes: bytes }),
      ...(last === undefined ? {} : { lastKey: last.key }),
      more: taken.length < inside.length,
    };
  }
}

function isMet(condition: string | undefined, values: Uint8Array | undefined, old: Uint8Array | undefined): boolean {
  if (condition === undefined) return true;
  if (condition === 'attribute_not_exists(k)') return old === undefined;
  if (condition !== 'g = :g' || values === undefined) throw new Error(`the fake does not know the condition ${condition}`);
  return old !== undefined && JSON.stringify(parseItem(old)['g']) === JSON.stringify(parseItem(values)[':g']);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
