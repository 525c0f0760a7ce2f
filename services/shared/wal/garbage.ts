import { compareBytes, successor } from '../base/bytes.ts';
import type { GroupId } from '../base/ids.ts';
import { MIB } from '../base/units.ts';

/** So many bytes deleted of one group are worth a compaction of their range. */
const COMPACT_AFTER_BYTES = 32 * MIB;

interface Unneeded {
  readonly group: GroupId;
  readonly key: Uint8Array;
  readonly size: number;
}

/** Least and greatest key deleted of a group since the last compaction. */
interface DeletedRange {
  low: Uint8Array;
  high: Uint8Array;
  bytes: number;
}

/**
 * Chunks that nothing needs any more. They are deleted a few at a time, within batches that are written anyway: every write
 * to the WAL store is synced, so that the scan of LevelDB's own log may take any gap for damage.
 */
export class Garbage {
  #queue: Unneeded[] = [];
  #next = 0;
  readonly #deleted = new Map<GroupId, DeletedRange>();

  get length(): number {
    return this.#queue.length - this.#next;
  }

  add(group: GroupId, key: Uint8Array, size: number): void {
    this.#queue.push({ group, key, size });
  }

  /** Takes up to `limit` keys out, to be deleted now. */
  take(limit: number): Uint8Array[] {
    const end = Math.min(this.#queue.length, this.#next + limit);
    const keys: Uint8Array[] = [];
    for (; this.#next < end; this.#next++) {
      const { group, key, size } = this.#queue[this.#next] as Unneeded;
      keys.push(key);
      this.#noteDeleted(group, key, size);
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    return keys;
  }

  /** A range whose compaction is worth its cost, once nothing of it waits here any more; it is not named twice. */
  takeCompaction(): { readonly low: Uint8Array; readonly high: Uint8Array } | undefined {
    if (this.length > 0) return undefined;
    for (const [group, range] of this.#deleted) {
      if (range.bytes < COMPACT_AFTER_BYTES) continue;
      this.#deleted.delete(group);
      return { low: range.low, high: successor(range.high) };
    }
    return undefined;
  }

  #noteDeleted(group: GroupId, key: Uint8Array, size: number): void {
    const range = this.#deleted.get(group);
    if (range === undefined) {
      this.#deleted.set(group, { low: key, high: key, bytes: size });
      return;
    }
    if (compareBytes(key, range.low) < 0) range.low = key;
    if (compareBytes(key, range.high) > 0) range.high = key;
    range.bytes += size;
  }
}
