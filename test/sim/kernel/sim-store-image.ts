import type { Prng } from '../../../services/shared/base/prng.ts';
import type { BatchOperation } from '../../../services/shared/env/key-value-store.ts';

/** Entries by key; a key is kept as a latin-1 string, whose order is that of its bytes. */
export type Entries = Map<string, Buffer>;

/** One change of one key, which the image keeps for itself. */
export interface StoredOperation {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Buffer | undefined;
}

/** So many of the last durable batches can be lost to damage. */
const RECENT_BATCHES = 40;

/**
 * What one store has on the disk of a machine, over all lives of the process: what is durable, and after it the batches
 * that were written but not synced, in their order. As with LevelDB's log, a loss of power leaves a beginning of those, whole
 * batches only, and a synced batch makes everything before it durable.
 */
export class StoreImage {
  readonly #base: Entries = new Map();
  /** Durable, too: on top of the base, in their order. */
  #recent: (readonly StoredOperation[])[] = [];
  #unsynced: (readonly StoredOperation[])[] = [];

  /** What a process finds that opens the store. LevelDB writes what it replays into a table file, synced. */
  open(): Entries {
    this.synced();
    const entries = new Map(this.#base);
    for (const operations of this.#recent) applyTo(entries, operations);
    return entries;
  }

  /** The batch is being written: from now on a crash may leave it. */
  begin(operations: readonly StoredOperation[]): void {
    this.#unsynced.push(operations);
  }

  /** Everything begun so far is durable. */
  synced(): void {
    this.#recent.push(...this.#unsynced);
    this.#unsynced = [];
    const settled = Math.max(0, this.#recent.length - RECENT_BATCHES);
    for (const operations of this.#recent.splice(0, settled)) applyTo(this.#base, operations);
  }

  /** The process ended in the middle of what it did; the operating system keeps what it was given. */
  processDied(random: Prng, writing: boolean): void {
    if (writing && random.chance(0.5)) this.#unsynced.pop();
  }

  /** A beginning of what was not synced is left. */
  powerLost(random: Prng): void {
    this.#unsynced.length = random.below(this.#unsynced.length + 1);
  }

  /** The disk loses the last batches, though they were synced. False: there were none. */
  loseTail(random: Prng): boolean {
    this.synced();
    if (this.#recent.length === 0) return false;
    this.#recent.length -= 1 + random.below(this.#recent.length);
    return true;
  }

  /** The disk loses some batches before the last one. False: there were too few. */
  loseMiddle(random: Prng): boolean {
    this.synced();
    if (this.#recent.length < 2) return false;
    const from = random.below(this.#recent.length - 1);
    this.#recent.splice(from, 1 + random.below(this.#recent.length - 1 - from));
    return true;
  }

  /** One bit is changed in each value whose key begins with the letter. How many there are. */
  flipBits(random: Prng, letter: string): number {
    const operations: StoredOperation[] = [];
    for (const [key, value] of this.open()) {
      if (!key.startsWith(letter) || value.length === 0) continue;
      operations.push({ key, value: withFlippedBit(random, value) });
    }
    this.#recent.push(operations);
    return operations.length;
  }

  /** One bit of some value is changed. False: there is none. */
  flipBit(random: Prng): boolean {
    const entries = this.open();
    const [key, value] = random.pick([...entries, ['', Buffer.alloc(0)] as const]);
    if (value.length === 0) return false;
    this.#recent.push([{ key, value: withFlippedBit(random, value) }]);
    return true;
  }
}

function withFlippedBit(random: Prng, value: Buffer): Buffer {
  const flipped = Buffer.from(value);
  const at = random.below(flipped.length);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
  return flipped;
}

/** Carries a batch out. Values are shared: nobody changes them. */
export function applyTo(entries: Entries, operations: readonly StoredOperation[]): void {
  for (const { key, value } of operations) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
}

/** A copy of what the caller may change afterwards. */
export function storedOperation(operation: BatchOperation): StoredOperation {
  return { key: keyText(operation.key), value: operation.kind === 'put' ? Buffer.from(operation.value) : undefined };
}

export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
