import { assert } from '../../services/shared/base/assert.ts';
import {
  type BatchOperation,
  type ChainedBatch,
  type KeyRange,
  type KeyValueStore,
  StoreFailedError,
  type StoreSnapshot,
} from '../../services/shared/env/key-value-store.ts';

/** Entries by key; a key is kept as a latin-1 string, whose order is that of its bytes. Never changed once shared. */
type Entries = ReadonlyMap<string, Buffer>;

interface LoggedWrite {
  readonly operations: readonly BatchOperation[];
  readonly sync: boolean;
}

export interface MemoryStoreOptions {
  /** How long the disk takes for a write, a sync or a read; the default is a turn of the microtask queue. */
  readonly delay?: (operation: 'write' | 'sync' | 'read') => Promise<void>;
}

/**
 * A store in memory that forgets at a crash what was not synced, as LevelDB on a disk does: its log keeps the order, so what
 * survives is all that was synced and a beginning of the rest.
 */
export class MemoryStore implements KeyValueStore {
  readonly #delay: (operation: 'write' | 'sync' | 'read') => Promise<void>;
  /** What a reader sees. */
  #visible: Map<string, Buffer>;
  /** A snapshot or an iterator looks at the map of now: the next write needs a copy. */
  #shared = false;
  /** Synced for sure. */
  readonly #durable: Map<string, Buffer>;
  /** Given but not synced for sure, in order. */
  #unsynced: LoggedWrite[] = [];
  #tail: Promise<void> = Promise.resolve();
  #failure: StoreFailedError | undefined;
  #failNext: Error | undefined;
  #crashed = false;
  #openViews = 0;
  /** Writes so far, and those of them that asked for a sync. */
  writes = 0;
  syncs = 0;

  constructor(options: MemoryStoreOptions = {}, entries: Entries = new Map()) {
    this.#delay = options.delay ?? (() => Promise.resolve());
    this.#visible = new Map(entries);
    this.#durable = new Map(entries);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#read();
    return copyOf(this.#visible.get(textOf(key)));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#read();
    return keys.map((key) => copyOf(this.#visible.get(textOf(key))));
  }

  async write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void> {
    this.#check();
    assert(batch.length > 0 || !options.sync, 'an empty batch syncs nothing');
    const logged: LoggedWrite = { operations: batch.map(copyOfOperation), sync: options.sync };
    this.writes += 1;
    if (options.sync) this.syncs += 1;
    this.#unsynced.push(logged);
    const before = this.#tail;
    const written = this.#writeAfter(before, logged);
    this.#tail = written.catch(() => undefined);
    return written;
  }

  startBatch(): ChainedBatch {
    this.#check();
    return new MemoryBatch((operations, options) => this.write(operations, options));
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    this.#check();
    this.#shared = true;
    return this.entriesOf(this.#visible, range);
  }

  snapshot(): StoreSnapshot {
    this.#check();
    this.#shared = true;
    this.#openViews += 1;
    return new MemorySnapshot(this, this.#visible, () => {
      this.#openViews -= 1;
    });
  }

  async compact(): Promise<void> {
    await this.#read();
  }

  async close(): Promise<void> {
    assert(this.#openViews === 0, 'a snapshot is open');
    await this.#tail;
    this.#failure ??= new StoreFailedError('the store is closed');
  }

  /** The next write fails, and with it the store. */
  failNextWrite(error: Error): void {
    this.#failNext = error;
  }

  /**
   * The power is cut: nothing of this store is heard again. Returns the store that the disk holds afterwards; `kept` chooses
   * how many of the writes that were not synced survive.
   */
  crash(kept: (unsynced: number) => number, options: MemoryStoreOptions = {}): MemoryStore {
    this.#crashed = true;
    const entries = new Map(this.#durable);
    for (const { operations } of this.#unsynced.slice(0, kept(this.#unsynced.length))) apply(entries, operations);
    return new MemoryStore(options, entries);
  }

  /** Every entry, for tests that look at what is stored or damage it. */
  contents(): [Buffer, Buffer][] {
    return sortedKeys(this.#visible, {}).map((key) => [bytesOf(key), Buffer.from(this.#visible.get(key) as Buffer)]);
  }

  /** The disk changes an entry behind the store's back; undefined removes it. */
  tamper(key: Uint8Array, value: Uint8Array | undefined): void {
    for (const entries of [this.#visible, this.#durable]) {
      if (value === undefined) entries.delete(textOf(key));
      else entries.set(textOf(key), Buffer.from(value));
    }
  }

  /** For this file: iterates a fixed view. */
  async *entriesOf(view: Entries, range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    for (const key of sortedKeys(view, range)) {
      await this.#read();
      yield [bytesOf(key), Buffer.from(view.get(key) as Buffer)];
    }
  }

  /** For this file: reads a key of a fixed view. */
  async getOf(view: Entries, key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#read();
    return copyOf(view.get(textOf(key)));
  }

  async #writeAfter(before: Promise<void>, logged: LoggedWrite): Promise<void> {
    await before;
    await this.#delay('write');
    await this.#orNever();
    if (this.#failNext !== undefined) {
      this.#failure = new StoreFailedError('write failed', { cause: this.#failNext });
      this.#failNext = undefined;
    }
    this.#check();
    if (this.#shared) this.#visible = new Map(this.#visible);
    this.#shared = false;
    apply(this.#visible, logged.operations);
    if (!logged.sync) return;
    await this.#delay('sync');
    await this.#orNever();
    const upTo = this.#unsynced.indexOf(logged);
    for (const { operations } of this.#unsynced.splice(0, upTo + 1)) apply(this.#durable, operations);
  }

  async #read(): Promise<void> {
    this.#check();
    await this.#delay('read');
    await this.#orNever();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** After a crash nobody hears of the store again. */
  #orNever(): Promise<void> | undefined {
    return this.#crashed ? new Promise(() => undefined) : undefined;
  }
}

class MemoryBatch implements ChainedBatch {
  readonly #write: (operations: BatchOperation[], options: { sync: boolean }) => Promise<void>;
  readonly #operations: BatchOperation[] = [];

  constructor(write: (operations: BatchOperation[], options: { sync: boolean }) => Promise<void>) {
    this.#write = write;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#operations.push({ kind: 'put', key: Buffer.from(key), value: Buffer.from(value) });
  }

  delete(key: Uint8Array): void {
    this.#operations.push({ kind: 'delete', key: Buffer.from(key) });
  }

  write(options: { sync: boolean }): Promise<void> {
    return this.#write(this.#operations, options);
  }

  async discard(): Promise<void> {
    this.#operations.length = 0;
  }
}

class MemorySnapshot implements StoreSnapshot {
  readonly #store: MemoryStore;
  readonly #view: Entries;
  readonly #onClose: () => void;
  #open = true;

  constructor(store: MemoryStore, view: Entries, onClose: () => void) {
    this.#store = store;
    this.#view = view;
    this.#onClose = onClose;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    assert(this.#open, 'the snapshot is closed');
    return this.#store.getOf(this.#view, key);
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    assert(this.#open, 'the snapshot is closed');
    return this.#store.entriesOf(this.#view, range);
  }

  async close(): Promise<void> {
    if (this.#open) this.#onClose();
    this.#open = false;
  }
}

function sortedKeys(entries: Entries, range: KeyRange): string[] {
  const low = range.low === undefined ? undefined : textOf(range.low);
  const high = range.high === undefined ? undefined : textOf(range.high);
  const keys: string[] = [];
  for (const key of entries.keys()) {
    if ((low === undefined || key >= low) && (high === undefined || key < high)) keys.push(key);
  }
  keys.sort(compareText);
  if (range.reverse === true) keys.reverse();
  return range.limit === undefined ? keys : keys.slice(0, range.limit);
}

/** By code unit, which for latin-1 is by byte. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function apply(entries: Map<string, Buffer>, operations: readonly BatchOperation[]): void {
  for (const operation of operations) {
    if (operation.kind === 'put') entries.set(textOf(operation.key), operation.value as Buffer);
    else entries.delete(textOf(operation.key));
  }
}

function copyOfOperation(operation: BatchOperation): BatchOperation {
  const key = Buffer.from(operation.key);
  return operation.kind === 'put' ? { kind: 'put', key, value: Buffer.from(operation.value) } : { kind: 'delete', key };
}

function copyOf(value: Buffer | undefined): Buffer | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}
