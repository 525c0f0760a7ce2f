import { compareBytes } from '../base/bytes.ts';
import type { PartitionRecord } from './catalog-records.ts';

/** A partition with its bounds as bytes. */
export interface Partition {
  readonly record: PartitionRecord;
  readonly low: Uint8Array;
  /** Exclusive; undefined: no upper bound. */
  readonly high: Uint8Array | undefined;
}

/**
 * The partitions of one table, sorted by low. While a split spreads, parent and children may stand side by side: of two
 * with the same low the higher epoch wins, and the right child hides the parent by its greater low.
 */
export class PartitionMap {
  readonly #partitions: Partition[] = [];

  get all(): readonly Partition[] {
    return this.#partitions;
  }

  /** Adds a partition, or replaces the one with the same id. */
  set(record: PartitionRecord): void {
    this.delete(record.partitionId);
    const low = Buffer.from(record.low, 'hex');
    const partition = { record, low, high: record.high === '' ? undefined : Buffer.from(record.high, 'hex') };
    let at = this.#partitions.length;
    while (at > 0 && isAfter(this.#partitions[at - 1] as Partition, partition)) at -= 1;
    this.#partitions.splice(at, 0, partition);
  }

  delete(partitionId: number): void {
    const at = this.#partitions.findIndex((partition) => partition.record.partitionId === partitionId);
    if (at >= 0) this.#partitions.splice(at, 1);
  }

  /** The partition whose range holds `key`, in O(log n); undefined when the map has a hole there. */
  find(key: Uint8Array): Partition | undefined {
    const found = this.#partitions[this.#countOfLowsUpTo(key, true) - 1];
    if (found === undefined) return undefined;
    return found.high === undefined || compareBytes(key, found.high) < 0 ? found : undefined;
  }

  /** The partition that holds the greatest keys below `high` (undefined: of all); undefined when the map has a hole there. */
  findBelow(high: Uint8Array | undefined): Partition | undefined {
    if (high === undefined) {
      const last = this.#partitions.at(-1);
      return last?.high === undefined ? last : undefined;
    }
    const found = this.#partitions[this.#countOfLowsUpTo(high, false) - 1];
    if (found === undefined) return undefined;
    return found.high === undefined || compareBytes(high, found.high) <= 0 ? found : undefined;
  }

  /** How many partitions have low < key, or low <= key when `included`. */
  #countOfLowsUpTo(key: Uint8Array, included: boolean): number {
    let least = 0;
    let greatest = this.#partitions.length;
    while (least < greatest) {
      const middle = (least + greatest) >>> 1;
      const order = compareBytes((this.#partitions[middle] as Partition).low, key);
      if (order < 0 || (included && order === 0)) least = middle + 1;
      else greatest = middle;
    }
    return least;
  }
}

function isAfter(a: Partition, b: Partition): boolean {
  const order = compareBytes(a.low, b.low);
  return order > 0 || (order === 0 && a.record.epoch > b.record.epoch);
}
