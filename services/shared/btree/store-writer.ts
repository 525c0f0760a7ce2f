import { assert } from '../base/assert.ts';
import type { Timers } from '../env/clock.ts';
import type { Digest } from '../env/digest.ts';
import type { ChainedBatch, KeyValueStore } from '../env/key-value-store.ts';
import { PageDamagedError, TreeClosedError } from './errors.ts';
import { NODE_KEY } from './store-keys.ts';
import { encodeNode } from './store-records.ts';
import type { PageRange } from './store-records.ts';

/** A batch is filled by at most this much in one turn of the loop. */
const PAGES_A_TURN = 128;
const BYTES_A_TURN = 512 * 1024;

export interface WriteOptions {
  readonly sync: boolean;
  /** Called once the batch is written, before any other is begun. */
  readonly written?: () => void;
}

/**
 * The only way to change the tree store: one batch at a time, in the order of the calls. Each batch carries the page counter
 * when it has moved, so an id that was ever stored is never given out again. After a failed write nothing is written any
 * more: what the disk holds is known only after a restart.
 */
export class StoreWriter {
  readonly #store: KeyValueStore;
  readonly #digest: Digest;
  readonly #timers: Timers;
  readonly #onFailure: (error: unknown) => void;
  #nextPageId: number;
  #storedNextPageId: number;
  #queue: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined = undefined;

  /** `nextPageId` is greater than the id of every page in the store. */
  constructor(store: KeyValueStore, digest: Digest, timers: Timers, nextPageId: number, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#digest = digest;
    this.#timers = timers;
    this.#onFailure = onFailure;
    this.#nextPageId = nextPageId;
    this.#storedNextPageId = 0;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Throws what made the store fail, if it has. */
  assertWorks(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  allocatePage(): number {
    return this.allocateRange(1).first;
  }

  allocateRange(pages: number): PageRange {
    const first = this.#nextPageId;
    this.#nextPageId += pages;
    assert(Number.isSafeInteger(this.#nextPageId), 'page ids are used up');
    return { first, end: this.#nextPageId };
  }

  /**
   * Calls `fill` when all earlier batches are written, then writes what it put, atomically. When `fill` throws
   * TreeClosedError nothing is written and the store goes on; any other error is a failure of the store.
   */
  write(options: WriteOptions, fill: (batch: PacedBatch) => Promise<void> | void): Promise<void> {
    const written = this.#queue.then(() => this.#write(options, fill));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  /** Resolves when everything queued so far is written or has failed. */
  idle(): Promise<void> {
    return this.#queue;
  }

  /** Records that the store has failed, the first time only. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#onFailure(error);
  }

  async #write(options: WriteOptions, fill: (batch: PacedBatch) => Promise<void> | void): Promise<void> {
    this.assertWorks();
    const batch = this.#store.startBatch();
    try {
      await fill(new PacedBatch(batch, this.#timers));
      const nextPageId = this.#nextPageId;
      if (nextPageId !== this.#storedNextPageId) batch.put(NODE_KEY, encodeNode(nextPageId, this.#digest));
      await batch.write({ sync: options.sync });
      this.#storedNextPageId = nextPageId;
      options.written?.();
    } catch (error) {
      // Its tree ended before the batch had its turn: the store is as sound as before.
      if (error instanceof TreeClosedError || error instanceof PageDamagedError) await batch.discard();
      else this.fail(error);
      throw error;
    }
  }
}

/** A batch with a measure of how much went into it during this turn of the loop. */
export class PacedBatch {
  readonly #batch: ChainedBatch;
  readonly #timers: Timers;
  #pages = 0;
  #bytes = 0;

  constructor(batch: ChainedBatch, timers: Timers) {
    this.#batch = batch;
    this.#timers = timers;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.put(key, value);
    this.#pages += 1;
    this.#bytes += value.length;
  }

  delete(key: Uint8Array): void {
    this.#batch.delete(key);
    this.#pages += 1;
  }

  /** A promise for the next turn of the loop when this one has done its share. */
  pause(): Promise<void> | undefined {
    if (this.#pages < PAGES_A_TURN && this.#bytes < BYTES_A_TURN) return undefined;
    this.#pages = 0;
    this.#bytes = 0;
    return new Promise((resolve) => this.#timers.endOfTurn(resolve));
  }
}
