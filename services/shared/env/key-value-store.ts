/**
 * An ordered key-value store with atomic batches: LevelDB in production, a simulated disk in simulations. One contract
 * suite (test/contract) runs against every implementation. Keys and values are bytes, keys in unsigned byte order.
 */
export interface KeyValueStore {
  /** The value, or undefined. Rejects with StoredDataDamagedError when the place where it should stand is damaged. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Values in the order of the keys. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Applies all or nothing. With `sync` the batch survives a power cut once the promise is resolved. Of a batch without it that is
   * not promised, whatever is synced later: LevelDB closes a full log without a sync. Writes take effect in the order of the calls. Rejects with StoreFailedError; from then on the store refuses
   * every call. A batch that asks for a sync is not empty.
   */
  write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void>;
  /** A batch that is filled over several turns of the loop and then written at once, for checkpoints. */
  startBatch(): ChainedBatch;
  /** Entries with low <= key < high in order (or in reverse). The view is that of the call, whatever is written meanwhile. */
  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]>;
  /** A fixed view of now; must be closed. */
  snapshot(): StoreSnapshot;
  /** Returns space of deleted ranges to the disk. */
  compact(low: Uint8Array, high: Uint8Array): Promise<void>;
  /** Resolves when nothing is under way any more; every iterator and snapshot must be closed before. */
  close(): Promise<void>;
}

export interface KeyRange {
  readonly low?: Uint8Array;
  /** Exclusive. */
  readonly high?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export type BatchOperation =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

export interface ChainedBatch {
  /** Copies both before it returns. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Writes everything atomically. The batch is used up. */
  write(options: { sync: boolean }): Promise<void>;
  /** Gives the batch up without writing. */
  discard(): Promise<void>;
}

export interface StoreSnapshot {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]>;
  close(): Promise<void>;
}

/** A write, a sync or a read failed: what is on the disk is unknown. The node stops voting, exits and verifies at its restart. */
export class StoreFailedError extends Error {
  override readonly name: string = 'StoreFailedError';
}

/** What the store keeps on the disk is damaged where it cannot do without: it refuses to open, or to go on. Peers may have the data. */
export class StoreDamagedError extends StoreFailedError {
  override readonly name: string = 'StoreDamagedError';
}

/** What stands at one place cannot be read, and may have been anything; other places may be whole, and the store goes on. */
export class StoredDataDamagedError extends Error {
  override readonly name = 'StoredDataDamagedError';
}
