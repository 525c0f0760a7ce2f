import type { Prng } from '../../../services/shared/base/prng.ts';
import type { BatchOperation } from '../../../services/shared/env/key-value-store.ts';

/** Entries by key; a key is kept as a latin-1 string, whose order is that of its bytes. */
export type Entries = Map<string, Buffer>;

/**
 * What one store has on the disk of a machine, over all lives of the process: what is durable, and after it the batches
 * that were written but not synced, in their order. As with LevelDB's log, a loss of power leaves a beginning of those, whole
 * batches only, and a synced batch makes everything before it durable.
 */
export class StoreImage {
  #durable: Entries = new Map();
  #unsynced: (readonly BatchOperation[])[] = [];

  /** What a process finds that opens the store. LevelDB writes what it replays into a table file, synced. */
  open(): Entries {
    for (const operations of this.#unsynced) applyTo(this.#durable, operations);
    this.#unsynced = [];
    return new Map(this.#durable);
  }

  /** The batch is being written: from now on a crash may leave it. */
  begin(operations: readonly BatchOperation[]): void {
    this.#unsynced.push(operations);
  }

  /** Everything begun so far is durable. */
  synced(): void {
    for (const operations of this.#unsynced) applyTo(this.#durable, operations);
    this.#unsynced = [];
  }

  /** The process ended in the middle of what it did; the operating system keeps what it was given. */
  processDied(random: Prng, writing: boolean): void {
    if (writing && random.chance(0.5)) this.#unsynced.pop();
  }

  /** A beginning of what was not synced is left. */
  powerLost(random: Prng): void {
    this.#unsynced.length = random.below(this.#unsynced.length + 1);
  }

  /** Bytes that a process would find, for measuring. */
  get entries(): number {
    return this.#durable.size;
  }
}

/** Carries a batch out. Values are shared: nobody changes them. */
export function applyTo(entries: Entries, operations: readonly BatchOperation[]): void {
  for (const operation of operations) {
    if (operation.kind === 'put') entries.set(keyText(operation.key), operation.value as Buffer);
    else entries.delete(keyText(operation.key));
  }
}

export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
