import { open } from 'node:fs/promises';
import { type ChainedBatch as LevelBatchOf, type Iterator as LevelIteratorOf, Level } from 'level';
import { assert } from '../base/assert.ts';
import { KIB, MIB } from '../base/units.ts';
import {
  type BatchOperation,
  type ChainedBatch,
  type KeyRange,
  type KeyValueStore,
  StoreDamagedError,
  StoredDataDamagedError,
  StoreFailedError,
  type StoreSnapshot,
} from '../env/key-value-store.ts';

export interface LevelStoreOptions {
  /** Log and memory before LevelDB sorts them into a table file; up to two are held. */
  readonly writeBufferBytes: number;
  /** LevelDB's own cache of table blocks. */
  readonly cacheBytes: number;
  /** Target size of a block in table files. */
  readonly blockBytes: number;
  /** Target size of a table file. */
  readonly fileBytes: number;
  readonly maxOpenFiles: number;
  /** Snappy. */
  readonly compression: boolean;
}

/** For the write-ahead log: appended, read again only by replicas that are behind, soon deleted. */
export const WAL_STORE_OPTIONS: LevelStoreOptions = {
  writeBufferBytes: 64 * MIB,
  cacheBytes: 8 * MIB,
  blockBytes: 64 * KIB,
  fileBytes: 32 * MIB,
  maxOpenFiles: 500,
  compression: false,
};

/** For the pages of trees: read at random, overwritten in place by checkpoints. */
export const TREE_STORE_OPTIONS: LevelStoreOptions = {
  writeBufferBytes: 16 * MIB,
  cacheBytes: 32 * MIB,
  blockBytes: 8 * KIB,
  fileBytes: 8 * MIB,
  maxOpenFiles: 1000,
  compression: false,
};

/** Entries fetched from LevelDB at once, and the bytes at which it stops before. */
const ENTRIES_A_FETCH = 256;
const FETCH_BYTES = 1 * MIB;

/** `level` types what Node and browsers have in common; this is Node's own. */
type LevelDatabase = Level<Uint8Array, Uint8Array> & { compactRange(low: Uint8Array, high: Uint8Array): Promise<void> };
type LevelSnapshot = ReturnType<LevelDatabase['snapshot']>;
type LevelIterator = LevelIteratorOf<Level<Uint8Array, Uint8Array>, Uint8Array, Uint8Array>;
type LevelChainedBatch = LevelBatchOf<Level<Uint8Array, Uint8Array>, Uint8Array, Uint8Array>;

/**
 * Opens LevelDB, creating the folder when it is missing. Rejects with StoreFailedError when it cannot be opened, as when it
 * is held by another process, and with StoreDamagedError when it is damaged where LevelDB notices.
 */
export async function openLevelStore(path: string, options: LevelStoreOptions): Promise<KeyValueStore> {
  const database = new Level<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: options.writeBufferBytes,
    cacheSize: options.cacheBytes,
    blockSize: options.blockBytes,
    maxFileSize: options.fileBytes,
    maxOpenFiles: options.maxOpenFiles,
    compression: options.compression,
  }) as LevelDatabase;
  try {
    await database.open();
    await syncFolder(path);
  } catch (error) {
    throw storeFailure(`cannot open the store in ${path}`, error);
  }
  return new LevelStore(database);
}

/**
 * While opening, LevelDB replays its logs and deletes them. A deleted log with a torn end must not come back after a power cut,
 * for it would lie before a newer log and look like damage (level-log-scan.ts).
 */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** LevelDB tells damage apart from failures of the disk; opening wraps what it met. */
function storeFailure(message: string, cause: unknown): StoreFailedError {
  for (let inner = cause; inner instanceof Error; inner = inner.cause) {
    if ((inner as { code?: unknown }).code === 'LEVEL_CORRUPTION') return new StoreDamagedError(`${message}: ${inner.message}`, { cause });
  }
  return new StoreFailedError(message, { cause });
}

/** Says whether the store may still be used, and ends its use at the first failure. */
class Health {
  #failure: StoreFailedError | undefined;

  /** Throws StoreFailedError once anything failed or the store was closed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Remembers the first failure; returns the error to throw. */
  failed(what: string, cause: unknown): StoreFailedError | StoredDataDamagedError {
    if (cause instanceof StoreFailedError || cause instanceof StoredDataDamagedError) return cause;
    const error = storeFailure(`${what} failed`, cause);
    this.#failure ??= error;
    return error;
  }

  closed(): void {
    this.#failure ??= new StoreFailedError('the store is closed');
  }

  /** A damaged block of a table file concerns those alone whose values stand in it. */
  guardRead<T>(read: () => Promise<T>): Promise<T> {
    return this.guard('get', () =>
      read().catch((cause: unknown) => {
        if ((cause as { code?: unknown }).code !== 'LEVEL_CORRUPTION') throw cause;
        throw new StoredDataDamagedError('the place of the value is damaged', { cause });
      }),
    );
  }

  async guard<T>(what: string, action: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await action();
    } catch (error) {
      throw this.failed(what, error);
    }
  }
}

/** Lets writes into LevelDB one after the other: two at once would race for its lock from threads of the pool. */
class WriteOrder {
  readonly #health: Health;
  #newest: Promise<void> | undefined;

  constructor(health: Health) {
    this.#health = health;
  }

  async write(action: () => Promise<void>): Promise<void> {
    const before = this.#newest;
    const written = before === undefined ? this.#health.guard('write', action) : this.#writeAfter(before, action);
    this.#newest = written;
    try {
      await written;
    } finally {
      if (this.#newest === written) this.#newest = undefined;
    }
  }

  async #writeAfter(before: Promise<void>, action: () => Promise<void>): Promise<void> {
    // Its caller hears of a failure; here it shows in the health of the store.
    await before.catch(() => undefined);
    await this.#health.guard('write', action);
  }

  /** Resolves when no write is under way. */
  async idle(): Promise<void> {
    while (this.#newest !== undefined) await this.#newest.catch(() => undefined);
  }
}

class LevelStore implements KeyValueStore {
  readonly #database: LevelDatabase;
  readonly #health = new Health();
  readonly #order = new WriteOrder(this.#health);

  constructor(database: LevelDatabase) {
    this.#database = database;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#health.guardRead(() => this.#database.get(key));
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#health.guard('getMany', () => this.#database.getMany(keys as Uint8Array[]));
  }

  async write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void> {
    if (batch.length === 0) {
      assert(!options.sync, 'an empty batch syncs nothing');
      return;
    }
    const chained = this.startBatch();
    for (const operation of batch) {
      if (operation.kind === 'put') chained.put(operation.key, operation.value);
      else chained.delete(operation.key);
    }
    return chained.write(options);
  }

  startBatch(): ChainedBatch {
    this.#health.check();
    return new LevelBatch(this.#database.batch(), this.#order);
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    this.#health.check();
    return new LevelEntries(this.#database.iterator<Uint8Array, Uint8Array>(iteratorOptions(range)), this.#health);
  }

  snapshot(): StoreSnapshot {
    this.#health.check();
    return new LevelStoreSnapshot(this.#database, this.#database.snapshot(), this.#health);
  }

  compact(low: Uint8Array, high: Uint8Array): Promise<void> {
    return this.#health.guard('compact', () => this.#database.compactRange(low, high));
  }

  async close(): Promise<void> {
    await this.#order.idle();
    this.#health.closed();
    await this.#database.close();
  }
}

class LevelBatch implements ChainedBatch {
  readonly #batch: LevelChainedBatch;
  readonly #order: WriteOrder;

  constructor(batch: LevelChainedBatch, order: WriteOrder) {
    this.#batch = batch;
    this.#order = order;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.#batch.del(key);
  }

  write(options: { sync: boolean }): Promise<void> {
    return this.#order.write(() => this.#batch.write(options));
  }

  discard(): Promise<void> {
    return this.#batch.close();
  }
}

class LevelStoreSnapshot implements StoreSnapshot {
  readonly #database: LevelDatabase;
  readonly #snapshot: LevelSnapshot;
  readonly #health: Health;

  constructor(database: LevelDatabase, snapshot: LevelSnapshot, health: Health) {
    this.#database = database;
    this.#snapshot = snapshot;
    this.#health = health;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#health.guardRead(() => this.#database.get(key, { snapshot: this.#snapshot }));
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    this.#health.check();
    const options = { ...iteratorOptions(range), snapshot: this.#snapshot };
    return new LevelEntries(this.#database.iterator<Uint8Array, Uint8Array>(options), this.#health);
  }

  close(): Promise<void> {
    return this.#snapshot.close();
  }
}

/** Not a generator: LevelDB must take its view when `entries` is called, not at the first `next`. */
class LevelEntries implements AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
  readonly #iterator: LevelIterator;
  readonly #health: Health;
  #fetched: [Uint8Array, Uint8Array][] = [];
  #position = 0;
  #ended = false;

  constructor(iterator: LevelIterator, health: Health) {
    this.#iterator = iterator;
    this.#health = health;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<readonly [Uint8Array, Uint8Array], undefined>> {
    if (this.#position === this.#fetched.length && !this.#ended) await this.#fetch();
    const entry = this.#fetched[this.#position];
    if (entry === undefined) return { done: true, value: undefined };
    this.#position += 1;
    return { done: false, value: entry };
  }

  async return(): Promise<IteratorResult<readonly [Uint8Array, Uint8Array], undefined>> {
    this.#fetched = [];
    this.#position = 0;
    this.#ended = true;
    await this.#iterator.close();
    return { done: true, value: undefined };
  }

  async #fetch(): Promise<void> {
    try {
      this.#health.check();
      this.#fetched = await this.#iterator.nextv(ENTRIES_A_FETCH);
    } catch (error) {
      await this.return();
      throw this.#health.failed('iterator', error);
    }
    this.#position = 0;
    if (this.#fetched.length > 0) return;
    this.#ended = true;
    await this.#iterator.close();
  }
}

function iteratorOptions(range: KeyRange) {
  return {
    ...(range.low !== undefined && { gte: range.low }),
    ...(range.high !== undefined && { lt: range.high }),
    ...(range.reverse !== undefined && { reverse: range.reverse }),
    ...(range.limit !== undefined && { limit: range.limit }),
    highWaterMarkBytes: FETCH_BYTES,
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  };
}
