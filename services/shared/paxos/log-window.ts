import { assert, must } from '../base/assert.ts';
import type { Slot } from '../base/ids.ts';

/**
 * The end of a replica's log in memory: every record above the commit slot, and some chosen ones for followers that are a
 * little behind. Slots are contiguous: `first` to `last`; empty when first = last + 1.
 */
export class LogWindow {
  #first: Slot;
  #records: Uint8Array[] = [];
  /** For each record, the bytes appended up to and including it: the bytes of any stretch are one subtraction. */
  #endBytes: number[] = [];
  /** Start of the live part of both arrays: evicting moves it, and the arrays are cut now and then. */
  #offset = 0;
  #evictedBytes = 0;

  constructor(first: Slot, records: readonly Uint8Array[]) {
    this.#first = first;
    for (const record of records) this.append(record);
  }

  get first(): Slot {
    return this.#first;
  }

  get last(): Slot {
    return this.#first + (this.#records.length - this.#offset) - 1;
  }

  get bytes(): number {
    return (this.#endBytes[this.#endBytes.length - 1] ?? this.#evictedBytes) - this.#evictedBytes;
  }

  append(record: Uint8Array): void {
    const before = this.#endBytes[this.#endBytes.length - 1] ?? this.#evictedBytes;
    this.#records.push(record);
    this.#endBytes.push(before + record.length);
  }

  /** The record of a slot, or undefined when it is not (or no longer) here. */
  at(slot: Slot): Uint8Array | undefined {
    if (slot < this.#first || slot > this.last) return undefined;
    return this.#records[this.#offset + slot - this.#first];
  }

  /** Records first..last, as many as fit into `bytesMax` but at least one. All must be here; first > last gives none. */
  slice(first: Slot, last: Slot, bytesMax: number): Uint8Array[] {
    if (first > last) return [];
    this.#assertHere(first, last);
    let end = last;
    if (this.bytesBetween(first, last) > bytesMax) {
      for (end = first; end < last && this.bytesBetween(first, end + 1) <= bytesMax; ) end += 1;
    }
    const from = this.#offset + first - this.#first;
    return this.#records.slice(from, from + end - first + 1);
  }

  /** Bytes of the records first..last, all of which must be here. */
  bytesBetween(first: Slot, last: Slot): number {
    if (first > last) return 0;
    this.#assertHere(first, last);
    const at = this.#offset + first - this.#first;
    const before = at === this.#offset ? this.#evictedBytes : must(this.#endBytes[at - 1]);
    return must(this.#endBytes[at + last - first]) - before;
  }

  /** Drops everything above `slot`, which must not lie before the window. */
  cutAbove(slot: Slot): void {
    assert(slot >= this.#first - 1, () => `cut above ${slot} before the window's first slot ${this.#first}`);
    if (slot >= this.last) return;
    this.#records.length = this.#offset + slot - this.#first + 1;
    this.#endBytes.length = this.#records.length;
    if (this.#records.length === this.#offset) this.restartAfter(slot);
  }

  /** Forgets old records up to `slot` (included) while the window holds more than `bytesMax`. */
  evict(slot: Slot, bytesMax: number): void {
    while (this.bytes > bytesMax && this.#first <= slot && this.#first <= this.last) {
      this.#evictedBytes = must(this.#endBytes[this.#offset]);
      this.#records[this.#offset] = EMPTY;
      this.#offset += 1;
      this.#first += 1;
    }
    if (this.#offset > 1024 && this.#offset * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#offset);
      this.#endBytes = this.#endBytes.slice(this.#offset);
      this.#offset = 0;
    }
  }

  /** Starts again, empty, behind `slot`: after a snapshot took the log's place. */
  restartAfter(slot: Slot): void {
    this.#records = [];
    this.#endBytes = [];
    this.#offset = 0;
    this.#evictedBytes = 0;
    this.#first = slot + 1;
  }

  #assertHere(first: Slot, last: Slot): void {
    assert(first >= this.#first && last <= this.last, () => `slots ${first}..${last} are not in the window ${this.#first}..${this.last}`);
  }
}

const EMPTY = new Uint8Array(0);
