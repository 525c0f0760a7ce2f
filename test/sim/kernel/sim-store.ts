import { assert } from '../../../services/shared/base/assert.ts';
import {
  type BatchOperation,
  type ChainedBatch,
  type KeyRange,
  type KeyValueStore,
  StoreFailedError,
  type StoreSnapshot,
} from '../../../services/shared/env/key-value-store.ts';
import { applyTo, type Entries, keyText, type StoredOperation, storedOperation, type StoreImage } from './sim-store-image.ts';

/** Why a disk did not do what it was told. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  /** What is left of a write: a part of it or all, what only the operating system still shows, or nothing. */
  readonly left: 'unknown' | 'shown' | 'nothing';

  constructor(message: string, left: DiskError['left']) {
    super(message);
    this.left = left;
  }
}

/** What a disk really does with a batch. */
export interface Placement {
  readonly onDisk: readonly StoredOperation[];
  /** As long as the store stays open. */
  readonly visible: readonly StoredOperation[];
}

/** How long a disk takes, and what goes wrong. Callbacks come later, in the process that asked, or never once that is dead. */
export interface DiskPace {
  readonly read: (done: (failure?: DiskError) => void) => void;
  readonly write: (bytes: number, sync: boolean, done: (failure?: DiskError) => void) => void;
  /** A sync has succeeded. */
  readonly synced?: () => void;
  /** `keys`: of all entries of the store. Undefined: everything goes where it should. */
  readonly place?: (operations: readonly StoredOperation[], keys: () => Iterable<string>) => Placement | undefined;
}

/** Entries fetched at once by an iterator, as by the real store. */
const ENTRIES_A_FETCH = 256;

/** A store as one process has it open. */
export class SimStore implements KeyValueStore {
  readonly #image: StoreImage;
  readonly #pace: DiskPace;
  #visible: Entries;
  /** A snapshot or an iterator looks at the map of now: the next write needs a copy. */
  #shared = false;
  #sortedKeys: string[] | undefined;
  #failure: StoreFailedError | undefined;
  #openViews = 0;
  #queue: Promise<void> = Promise.resolve();
  /** A batch is on its way to the disk. */
  writing = false;

  constructor(image: StoreImage, pace: DiskPace) {
    this.#image = image;
    this.#pace = pace;
    this.#visible = image.open();
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#read();
    return copyOf(this.#visible.get(keyText(key)));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#read();
    return keys.map((key) => copyOf(this.#visible.get(keyText(key))));
  }

  async write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void> {
    assert(batch.length > 0 || !options.sync, 'an empty batch syncs nothing');
    return this.#enqueue(batch.map(storedOperation), options.sync);
  }

  startBatch(): ChainedBatch {
    this.#check();
    return new SimBatch((operations, sync) => this.#enqueue(operations, sync));
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    this.#check();
    this.#shared = true;
    return this.entriesOf(this.#visible, this.#keys(), range);
  }

  snapshot(): StoreSnapshot {
    this.#check();
    this.#shared = true;
    this.#openViews += 1;
    return new SimSnapshot(this, this.#visible, this.#keys(), () => {
      this.#openViews -= 1;
    });
  }

  compact(): Promise<void> {
    return this.#read();
  }

  async close(): Promise<void> {
    assert(this.#openViews === 0, 'a snapshot is open');
    await this.#queue;
    this.#failure ??= new StoreFailedError('the store is closed');
  }

  /** For this file: iterates a fixed view. */
  async *entriesOf(view: Entries, sorted: readonly string[], range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    const keys = inRange(sorted, range);
    for (let at = 0; at < keys.length; at++) {
      if (at % ENTRIES_A_FETCH === 0) await this.#read();
      const key = keys[at] as string;
      yield [Buffer.from(key, 'latin1'), Buffer.from(view.get(key) as Buffer)];
    }
    if (keys.length % ENTRIES_A_FETCH === 0) await this.#read();
  }

  /** For this file: reads a key of a fixed view. */
  async getOf(view: Entries, key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#read();
    return copyOf(view.get(keyText(key)));
  }

  /** Writes go to the disk one after the other. */
  #enqueue(operations: readonly StoredOperation[], sync: boolean): Promise<void> {
    const written = this.#queue.then(() => this.#writeNow(operations, sync));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async #writeNow(operations: readonly StoredOperation[], sync: boolean): Promise<void> {
    this.#check();
    const placed = this.#pace.place?.(operations, () => this.#visible.keys());
    this.#image.begin(placed?.onDisk ?? operations);
    this.writing = true;
    let bytes = 0;
    for (const operation of operations) bytes += operation.key.length + (operation.value?.length ?? 0);
    const failure = await new Promise<DiskError | undefined>((resolve) => this.#pace.write(bytes, sync, resolve));
    if (failure !== undefined) throw this.#writeFailed(failure);
    this.writing = false;
    this.#show(placed?.visible ?? operations);
    if (!sync) return;
    this.#image.synced();
    this.#pace.synced?.();
  }

  #writeFailed(failure: DiskError): StoreFailedError {
    if (failure.left === 'nothing') {
      this.#image.refused();
      this.writing = false;
    } else if (failure.left === 'shown') this.#image.syncFailed();
    // Else it stays under way: whether the disk has it is not known before the next start.
    this.#failure ??= new StoreFailedError('write failed', { cause: failure });
    return this.#failure;
  }

  #show(operations: readonly StoredOperation[]): void {
    if (this.#shared) this.#visible = new Map(this.#visible);
    this.#shared = false;
    this.#sortedKeys = undefined;
    applyTo(this.#visible, operations);
  }

  /** Keys in order, sorted again only when somebody iterates. */
  #keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#visible.keys()].sort();
    return this.#sortedKeys;
  }

  async #read(): Promise<void> {
    this.#check();
    const failure = await new Promise<DiskError | undefined>((resolve) => this.#pace.read(resolve));
    if (failure !== undefined) this.#failure ??= new StoreFailedError('read failed', { cause: failure });
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

class SimBatch implements ChainedBatch {
  readonly #write: (operations: readonly StoredOperation[], sync: boolean) => Promise<void>;
  readonly #operations: StoredOperation[] = [];

  constructor(write: (operations: readonly StoredOperation[], sync: boolean) => Promise<void>) {
    this.#write = write;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#operations.push({ key: keyText(key), value: Buffer.from(value) });
  }

  delete(key: Uint8Array): void {
    this.#operations.push({ key: keyText(key), value: undefined });
  }

  write(options: { sync: boolean }): Promise<void> {
    return this.#write(this.#operations, options.sync);
  }

  async discard(): Promise<void> {
    this.#operations.length = 0;
  }
}

class SimSnapshot implements StoreSnapshot {
  readonly #store: SimStore;
  readonly #view: Entries;
  readonly #keys: readonly string[];
  readonly #onClose: () => void;
  #open = true;

  constructor(store: SimStore, view: Entries, keys: readonly string[], onClose: () => void) {
    this.#store = store;
    this.#view = view;
    this.#keys = keys;
    this.#onClose = onClose;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    assert(this.#open, 'the snapshot is closed');
    return this.#store.getOf(this.#view, key);
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    assert(this.#open, 'the snapshot is closed');
    return this.#store.entriesOf(this.#view, this.#keys, range);
  }

  async close(): Promise<void> {
    if (this.#open) this.#onClose();
    this.#open = false;
  }
}

function inRange(sorted: readonly string[], range: KeyRange): readonly string[] {
  const from = range.low === undefined ? 0 : lowerBound(sorted, keyText(range.low));
  const to = range.high === undefined ? sorted.length : lowerBound(sorted, keyText(range.high));
  const keys = sorted.slice(from, Math.max(from, to));
  if (range.reverse === true) keys.reverse();
  return range.limit === undefined ? keys : keys.slice(0, range.limit);
}

/** Place of the first key that is not less. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copyOf(value: Buffer | undefined): Buffer | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}
