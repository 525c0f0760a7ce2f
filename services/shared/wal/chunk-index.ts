import { assert, must } from '../base/assert.ts';
import type { Slot } from '../base/ids.ts';

/**
 * Which chunks of one group are durable: three numbers a chunk, since a node may keep a million. Chunks follow each other
 * without holes, so a chunk ends where the next one begins.
 */
export class ChunkIndex {
  #firsts: number[] = [];
  #sizes: number[] = [];
  #checksums: number[] = [];
  /** Entries before this one are trimmed; they are dropped from the arrays now and then. */
  #head = 0;
  #last: Slot = 0;
  #bytes = 0;
  #changes = 0;

  /** Chunks held. */
  get length(): number {
    return this.#firsts.length - this.#head;
  }

  /** Keys and values of the chunks, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Slot of the newest record; only while there are chunks. */
  get last(): Slot {
    return this.#last;
  }

  /** Grows when chunks disappear: whoever read the store meanwhile must look again. */
  get removals(): number {
    return this.#changes;
  }

  first(position: number): Slot {
    return must(this.#firsts[this.#head + position]);
  }

  size(position: number): number {
    return must(this.#sizes[this.#head + position]);
  }

  checksum(position: number): number {
    return must(this.#checksums[this.#head + position]);
  }

  /** Slot of the newest record in the chunk. */
  lastOf(position: number): Slot {
    return position + 1 < this.length ? this.first(position + 1) - 1 : this.#last;
  }

  /** Checksum of the newest chunk; 0 without any. */
  get lastChecksum(): number {
    return this.length === 0 ? 0 : this.checksum(this.length - 1);
  }

  push(first: Slot, last: Slot, size: number, checksum: number): void {
    assert(last >= first && (this.length === 0 || first === this.#last + 1), () => `chunk ${first} after slot ${this.#last}`);
    this.#firsts.push(first);
    this.#sizes.push(size);
    this.#checksums.push(checksum);
    this.#last = last;
    this.#bytes += size;
  }

  /** Position of the chunk that holds the slot, which must not be before the first chunk. */
  find(slot: Slot): number {
    let low = this.#head;
    let high = this.#firsts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (must(this.#firsts[middle]) <= slot) low = middle;
      else high = middle;
    }
    return low - this.#head;
  }

  /** Bytes of the chunks that hold something above the slot. */
  bytesAbove(slot: Slot): number {
    let bytes = 0;
    for (let at = this.length - 1; at >= 0 && this.lastOf(at) > slot; at--) bytes += this.size(at);
    return bytes;
  }

  /** Drops the chunks from this position on. */
  cutAt(position: number): void {
    if (position >= this.length) return;
    this.#last = this.first(position) - 1;
    for (let at = position; at < this.length; at++) this.#bytes -= this.size(at);
    const kept = this.#head + position;
    this.#firsts.length = kept;
    this.#sizes.length = kept;
    this.#checksums.length = kept;
    this.#changes += 1;
  }

  /** Drops the oldest chunk. */
  dropOldest(): void {
    this.#bytes -= this.size(0);
    this.#head += 1;
    this.#changes += 1;
    if (this.#head < 1024 || this.#head * 2 < this.#firsts.length) return;
    this.#firsts = this.#firsts.slice(this.#head);
    this.#sizes = this.#sizes.slice(this.#head);
    this.#checksums = this.#checksums.slice(this.#head);
    this.#head = 0;
  }
}
