import { assert } from '../../../services/shared/base/assert.ts';
import type { Prng } from '../../../services/shared/base/prng.ts';
import { GIB } from '../../../services/shared/base/units.ts';
import { type KeyValueStore, StoreFailedError } from '../../../services/shared/env/key-value-store.ts';
import { type MarkFile, MarkFileDamagedError } from '../../../services/shared/env/mark-file.ts';
import type { NodeDisk } from '../../../services/storage-node/groups/node-disk.ts';
import type { Kernel } from './kernel.ts';
import { DiskFaults, type StoreName } from './sim-disk-faults.ts';
import type { SimProcess } from './sim-process.ts';
import { type DiskError, type DiskPace, SimStore } from './sim-store.ts';
import { StoreImage } from './sim-store-image.ts';

/** Times of a solid-state disk, milliseconds, before what is drawn on top. */
const READ_MS = 0.05;
const WRITE_MS = 0.02;
const SYNC_MS = 0.3;
const BYTES_A_MS = 500_000;
/** One sync of so many meets the disk's own housekeeping. */
const SLOW_SYNC_ONE_OF = 100;
const SLOW_SYNC_MS = 20;
/** Far more than any run writes. */
const DISK_BYTES = 100 * GIB;
/** A process that was told of a failure has ended itself by then: nothing is left to wait for. */
const END_MS = 1;

/** Everything on a disk at one moment. */
export interface DiskImage {
  readonly wal: StoreImage;
  readonly tree: StoreImage;
  readonly identity: Uint8Array | undefined;
  readonly mark: number | undefined;
  /** A loss of power leaves the one or the other. */
  readonly markUnderWay: number | undefined;
}

/**
 * The disk of one machine, over all lives of its storage node: two stores, the mark file and the identity. A crash leaves of
 * what was under way what a real disk may leave.
 */
export class SimDisk {
  /** Injected. */
  readonly faults = new DiskFaults();
  /** Called when something became durable, before whoever waits for it hears of it. */
  onSync: ((what: StoreName | 'mark') => void) | undefined;
  readonly #kernel: Kernel;
  readonly #random: Prng;
  #wal: StoreImage;
  #tree: StoreImage;
  #identity: Uint8Array | undefined;
  #mark: number | undefined;
  #markUnderWay: number | undefined;
  #markDamaged = false;
  /** The trees are set aside when they are opened next. */
  #treeDamage: string | undefined;
  /** Trees that are kept though others took their place. */
  treesSetAside = 0;
  /** What the scan of the log finds at the next start. */
  #walDamage: string | undefined;
  #stores: { readonly image: StoreImage; readonly store: SimStore }[] = [];
  /** Injected: what is left on the disk. */
  freeBytes = DISK_BYTES;

  /** An empty one, or one that holds what this image does. */
  constructor(kernel: Kernel, image?: DiskImage) {
    this.#kernel = kernel;
    this.#random = kernel.random();
    this.#wal = image?.wal.copy() ?? new StoreImage();
    this.#tree = image?.tree.copy() ?? new StoreImage();
    this.#identity = image?.identity;
    this.#mark = image?.mark;
  }

  /** What it holds now, with what is under way. */
  image(): DiskImage {
    const wal = this.#wal.copy();
    return { wal, tree: this.#tree.copy(), identity: this.#identity, mark: this.#mark, markUnderWay: this.#markUnderWay };
  }

  /** The disk as one process sees it. */
  mount(process: SimProcess): NodeDisk {
    this.#stores = [];
    this.faults.failNext = undefined;
    const pace = this.#paceOf(process);
    const read = (): Promise<void> =>
      new Promise((resolve, reject) => pace.read((failure) => (failure === undefined ? resolve() : reject(failure))));
    const open = async (image: StoreImage, name: StoreName): Promise<SimStore> => {
      await read();
      const failure = this.faults.openFailure();
      if (failure !== undefined) {
        process.excused = true;
        throw new StoreFailedError(`cannot open the store ${name}`, { cause: failure });
      }
      const place: DiskPace['place'] = (operations, keys) => {
        const placed = this.faults.place(name, operations, keys, this.#random);
        // A record that is not what was written ends the node when it is read.
        if (name === 'wal' && placed !== undefined && placed.visible !== operations) process.excused = true;
        return placed;
      };
      const store = new SimStore(image, { ...pace, place, synced: () => this.onSync?.(name) });
      this.#stores.push({ image, store });
      return store;
    };
    return {
      readIdentity: () => read().then(() => this.#identity),
      writeIdentity: (bytes) => this.#writeIdentity(bytes, process),
      openWal: async () => {
        const store = await open(this.#wal, 'wal');
        const damage = this.#walDamage;
        this.#walDamage = undefined;
        return { store, mark: this.#markFile(pace), damage };
      },
      openTree: async () => {
        const setAside = this.#treeDamage;
        if (setAside !== undefined) {
          this.#tree = new StoreImage();
          this.treesSetAside += 1;
        }
        this.#treeDamage = undefined;
        return { store: await open(this.#tree, 'tree'), setAside };
      },
      noteTreeDamage: async (reason) => {
        this.#treeDamage = reason;
      },
      // Only LevelDB ends a process by itself.
      noteTreesHold: () => Promise.resolve(),
      removeSetAside: async () => {
        this.treesSetAside = 0;
      },
      space: () => Promise.resolve({ sizeBytes: DISK_BYTES, freeBytes: this.freeBytes }),
    };
  }

  /** The trees as the present process has them open; undefined when none has. */
  get openTree(): KeyValueStore | undefined {
    return this.#stores.find(({ image }) => image === this.#tree)?.store;
  }

  /** SIGKILL: the operating system keeps what it was given. */
  processDied(): void {
    for (const { image, store } of this.#stores) image.processDied(this.#random, store.writing);
    this.#endMark();
    this.#stores = [];
  }

  powerLost(): void {
    for (const image of [this.#wal, this.#tree]) image.powerLost(this.#random);
    this.#endMark();
    this.#stores = [];
  }

  /** A new, empty disk takes its place. */
  replace(): void {
    this.#wal = new StoreImage();
    this.#tree = new StoreImage();
    this.#identity = undefined;
    this.#treeDamage = undefined;
    this.#mark = undefined;
    this.#markDamaged = false;
  }

  /** The log's store, or what stands beside it, is damaged while nobody uses it. What was done; undefined: nothing. */
  damageLog(): string | undefined {
    const random = this.#random;
    switch (random.below(4)) {
      case 0:
        return this.#wal.loseTail(random) ? 'the last batches are gone' : undefined;
      case 1:
        if (!this.#wal.loseMiddle(random)) return undefined;
        // LevelDB drops bad blocks in silence; those before a good one show when its log is read.
        this.#walDamage = 'a bad block before a good one';
        return this.#walDamage;
      case 2:
        return this.#wal.flipBit(random) ? 'a bit is changed' : undefined;
      default:
        this.#markDamaged = this.#mark !== undefined;
        return this.#markDamaged ? 'the mark is not readable' : undefined;
    }
  }

  /** All pages, or all headers, of the trees are damaged while nobody uses them. How many there are. */
  damageTrees(what: 'pages' | 'headers'): number {
    this.faults.treesDamaged = true;
    return this.#tree.flipBits(this.#random, what === 'pages' ? 'p' : 't');
  }

  /** The store of the trees is damaged beyond use while nobody uses it. */
  damageTreeStore(): void {
    this.#treeDamage = 'Corruption: bad block';
  }

  /** A bit of some value of the trees is changed while nobody uses them. False: there is none. */
  flipTreeBit(): boolean {
    this.faults.treesDamaged = true;
    return this.#tree.flipBit(this.#random);
  }

  #endMark(): void {
    if (this.#markUnderWay !== undefined && this.#random.chance(0.5)) this.#mark = this.#markUnderWay;
    this.#markUnderWay = undefined;
  }

  #paceOf(process: SimProcess): DiskPace {
    const told = (failure: DiskError | undefined, done: (failure?: DiskError) => void): void => {
      if (failure !== undefined) this.#mustEnd(process, failure);
      done(failure);
    };
    return {
      read: (done) => {
        this.#later(process, READ_MS * (1 + this.#random.float()), () => told(this.faults.readFailure(), done));
      },
      write: (bytes, sync, done) => {
        let delayMs = WRITE_MS + bytes / BYTES_A_MS;
        if (sync) delayMs += SYNC_MS * (0.5 + this.#random.float()) + this.#slowSyncMs();
        this.#later(process, delayMs, () => told(this.faults.writeFailure(bytes, sync), done));
      },
    };
  }

  #later(process: SimProcess, delayMs: number, done: () => void): void {
    const { faults } = this;
    const atMs = Math.max(this.#kernel.nowMs + delayMs * faults.slowness, faults.stalledUntilMs);
    if (faults.slowness > 1) faults.struck.slowed += 1;
    if (faults.stalledUntilMs === atMs) faults.struck.stalled += 1;
    this.#kernel.at(atMs, () => {
      // It may have stalled meanwhile.
      if (this.#kernel.nowMs < faults.stalledUntilMs) this.#later(process, 0, done);
      else process.run(done);
    });
  }

  /** What a disk holds on which something failed is known only after a restart. */
  #mustEnd(process: SimProcess, { message }: DiskError): void {
    process.excused = true;
    this.#kernel.after(END_MS, () => {
      process.run(() => this.#kernel.violated('disk', `${process.name} goes on though it was told: ${message}`));
    });
  }

  #slowSyncMs(): number {
    return this.#random.below(SLOW_SYNC_ONE_OF) === 0 ? this.#random.float() * SLOW_SYNC_MS : 0;
  }

  /** A new file that takes the place of the old one: when there is no space for it, the old one stays. */
  async #writeIdentity(bytes: Uint8Array, process: SimProcess): Promise<void> {
    await new Promise<void>((resolve) => this.#later(process, WRITE_MS + SYNC_MS * (0.5 + this.#random.float()), resolve));
    const failure = this.faults.freeBytes === undefined ? undefined : this.faults.writeFailure(bytes.length, false);
    if (failure !== undefined) throw failure;
    this.#identity = Buffer.from(bytes);
  }

  /** Its slots are overwritten in place: it needs no space. */
  #markFile(pace: DiskPace): MarkFile {
    const failureOf = (call: (done: (failure?: DiskError) => void) => void): Promise<DiskError | undefined> => new Promise(call);
    return {
      read: async () => {
        const failure = await failureOf((done) => pace.read(done));
        if (failure !== undefined) throw new StoreFailedError('the mark could not be read', { cause: failure });
        if (this.#markDamaged) throw new MarkFileDamagedError('neither slot is valid');
        return this.#mark;
      },
      write: async (mark) => {
        assert(this.#markUnderWay === undefined, 'a mark is being written');
        assert(mark >= (this.#mark ?? 0), () => `mark ${mark} after ${this.#mark}`);
        this.#markUnderWay = mark;
        const failure = await failureOf((done) => pace.write(0, true, done));
        if (failure !== undefined) throw new StoreFailedError('the mark could not be written', { cause: failure });
        this.#mark = mark;
        this.#markUnderWay = undefined;
        this.#markDamaged = false;
        this.onSync?.('mark');
      },
      close: async () => undefined,
    };
  }
}
