import { assert } from '../../../services/shared/base/assert.ts';
import type { Prng } from '../../../services/shared/base/prng.ts';
import { GIB } from '../../../services/shared/base/units.ts';
import { type KeyValueStore, StoreFailedError } from '../../../services/shared/env/key-value-store.ts';
import { type MarkFile, MarkFileDamagedError } from '../../../services/shared/env/mark-file.ts';
import type { NodeDisk } from '../../../services/storage-node/groups/node-disk.ts';
import type { Kernel } from './kernel.ts';
import type { SimProcess } from './sim-process.ts';
import { type DiskPace, SimStore } from './sim-store.ts';
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

/**
 * The disk of one machine, over all lives of its storage node: two stores, the mark file and the identity. A crash leaves of
 * what was under way what a real disk may leave.
 */
export class SimDisk {
  readonly #kernel: Kernel;
  readonly #random: Prng;
  #wal = new StoreImage();
  #tree = new StoreImage();
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
  /** Injected: nothing is finished before. */
  stalledUntilMs = 0;
  /** Injected: so much slower than usual. */
  slowness = 1;
  /** Injected: what is left on the disk. */
  freeBytes = DISK_BYTES;
  /** Injected: the next write of this life of the process fails. */
  failNextWrite = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#random = kernel.random();
  }

  /** The disk as one process sees it. */
  mount(process: SimProcess): NodeDisk {
    const pace = this.#paceOf(process);
    this.#stores = [];
    this.failNextWrite = false;
    const open = (image: StoreImage): SimStore => {
      const store = new SimStore(image, pace);
      this.#stores.push({ image, store });
      return store;
    };
    const read = (): Promise<void> => new Promise((resolve) => pace.read(resolve));
    return {
      readIdentity: () => read().then(() => this.#identity),
      writeIdentity: (bytes) => this.#writeIdentity(bytes, pace),
      openWal: async () => {
        await read();
        const store: KeyValueStore = open(this.#wal);
        const damage = this.#walDamage;
        this.#walDamage = undefined;
        return { store, mark: this.#markFile(pace), damage };
      },
      openTree: async () => {
        await read();
        const setAside = this.#treeDamage;
        if (setAside !== undefined) {
          this.#tree = new StoreImage();
          this.treesSetAside += 1;
        }
        this.#treeDamage = undefined;
        return { store: open(this.#tree), setAside };
      },
      noteTreeDamage: async (reason) => {
        await read();
        this.#treeDamage = reason;
      },
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
    return this.#tree.flipBits(this.#random, what === 'pages' ? 'p' : 't');
  }

  /** The store of the trees is damaged beyond use while nobody uses it. */
  damageTreeStore(): void {
    this.#treeDamage = 'Corruption: bad block';
  }

  #endMark(): void {
    if (this.#markUnderWay !== undefined && this.#random.chance(0.5)) this.#mark = this.#markUnderWay;
    this.#markUnderWay = undefined;
  }

  #paceOf(process: SimProcess): DiskPace {
    const later = (delayMs: number, done: () => void): void => {
      const atMs = Math.max(this.#kernel.nowMs + delayMs * this.slowness, this.stalledUntilMs);
      this.#kernel.at(atMs, () => {
        // It may have stalled meanwhile.
        if (this.#kernel.nowMs < this.stalledUntilMs) later(0, done);
        else process.run(done);
      });
    };
    return {
      read: (done) => later(READ_MS * (1 + this.#random.float()), done),
      write: (bytes, sync, done) => {
        let delayMs = WRITE_MS + bytes / BYTES_A_MS;
        if (sync) delayMs += SYNC_MS * (0.5 + this.#random.float()) + this.#slowSyncMs();
        later(delayMs, () => {
          if (!this.failNextWrite) return done(undefined);
          this.failNextWrite = false;
          done(new Error('input/output error'));
        });
      },
    };
  }

  #slowSyncMs(): number {
    return this.#random.below(SLOW_SYNC_ONE_OF) === 0 ? this.#random.float() * SLOW_SYNC_MS : 0;
  }

  async #writeIdentity(bytes: Uint8Array, pace: DiskPace): Promise<void> {
    const failure = await new Promise<Error | undefined>((resolve) => pace.write(bytes.length, true, resolve));
    if (failure !== undefined) throw failure;
    this.#identity = Buffer.from(bytes);
  }

  #markFile(pace: DiskPace): MarkFile {
    return {
      read: async () => {
        await new Promise<void>((resolve) => pace.read(resolve));
        if (this.#markDamaged) throw new MarkFileDamagedError('neither slot is valid');
        return this.#mark;
      },
      write: async (mark) => {
        assert(this.#markUnderWay === undefined, 'a mark is being written');
        assert(mark >= (this.#mark ?? 0), () => `mark ${mark} after ${this.#mark}`);
        this.#markUnderWay = mark;
        const failure = await new Promise<Error | undefined>((resolve) => pace.write(20, true, resolve));
        if (failure !== undefined) throw new StoreFailedError('the mark could not be written', { cause: failure });
        this.#mark = mark;
        this.#markUnderWay = undefined;
        this.#markDamaged = false;
      },
      close: async () => undefined,
    };
  }
}
