import type { Timers } from '../env/clock.ts';
import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import { PageDamagedError, TreeClosedError } from './errors.ts';
import { entryOverflowId } from './leaf-image.ts';
import { pageCount } from './page-format.ts';
import { decodePageAlone, readPage } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import type { LeafPage } from './pages.ts';
import { garbageKey, pageKey } from './store-keys.ts';
import type { Garbage, PageRange } from './store-records.ts';
import type { StoreWriter } from './store-writer.ts';

const PAGES_A_BATCH = 128;
/** Between two batches, so that the deletion of a large tree is not felt. */
const PAUSE_MS = 5;

/**
 * Deletes pages in the background that no tree needs any more. Each job has a record in the store, which goes with the last
 * of its pages: a crash only makes it start again. A page is deleted after everything below it, so what is left of a job
 * can always be reached from its root.
 */
export class GarbageCollector {
  readonly #store: KeyValueStore;
  readonly #digest: Digest;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #writer: StoreWriter;
  readonly #jobs: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined = undefined;
  #stopped = false;
  #doomed: Buffer[] = [];
  #pagesDeleted = 0;

  constructor(store: KeyValueStore, digest: Digest, timers: Timers, logger: Logger, writer: StoreWriter) {
    this.#store = store;
    this.#digest = digest;
    this.#timers = timers;
    this.#logger = logger;
    this.#writer = writer;
  }

  get pagesDeleted(): number {
    return this.#pagesDeleted;
  }

  /** Deletions that have not ended. */
  get jobs(): number {
    return this.#jobs.length + (this.#running === undefined ? 0 : 1);
  }

  /** The pages below a root that the store records as garbage. */
  collectTree(garbage: Garbage): void {
    this.#add(async () => {
      await this.#deleteBelow(garbage.treeId, garbage.rootId, garbage.rootLevel);
      await this.#finishJob(garbageKey(garbage.rootId));
    });
  }

  /** The pages of a load that was given up. Those that were never written count as deleted too. */
  collectRanges(ranges: readonly PageRange[], recordKey: Buffer): void {
    this.#add(async () => {
      for (const range of ranges) {
        for (let id = range.first; id < range.end; id++) await this.#deletePage(id);
      }
      await this.#finishJob(recordKey);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #add(job: () => Promise<void>): void {
    this.#jobs.push(job);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      // Not in the turn of the caller, who has other work to finish.
      await this.#timers.sleep(PAUSE_MS);
      for (let job = this.#jobs.shift(); job !== undefined && !this.#stopped; job = this.#jobs.shift()) {
        this.#doomed = [];
        await job();
      }
    } catch (error) {
      if (!(error instanceof TreeClosedError)) this.#writer.fail(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #deleteBelow(treeId: number, id: number, level: number): Promise<void> {
    if (this.#stopped) throw new TreeClosedError('the collector was stopped');
    const bytes = await readPage(this.#store, id);
    // Deleted before a crash, with everything below it; or damaged, and what is below it stays, as orphans that check() lists.
    if (bytes === undefined) return;
    const page = this.#decode(bytes, treeId, id, level);
    if (page instanceof InteriorPage) {
      for (const child of page.children) {
        await this.#deleteBelow(treeId, child.id, level - 1);
      }
    } else if (page !== undefined) {
      for (let index = 0; index < pageCount(page.image); index++) {
        const overflowId = entryOverflowId(page.image, index);
        if (overflowId !== 0) await this.#deletePage(overflowId);
      }
    }
    await this.#deletePage(id);
  }

  /** Undefined when the page is damaged: what is below it cannot be found and stays, as orphans that check() lists. */
  #decode(bytes: Uint8Array, treeId: number, id: number, level: number): LeafPage | InteriorPage | undefined {
    try {
      return decodePageAlone(bytes, treeId, id, level, this.#digest);
    } catch (error) {
      if (!(error instanceof PageDamagedError)) throw error;
      this.#logger.warn('tree-garbage-damaged', { treeId, pageId: id, reason: error.reason });
      return undefined;
    }
  }

  async #deletePage(id: number): Promise<void> {
    this.#doomed.push(pageKey(id));
    if (this.#doomed.length < PAGES_A_BATCH) return;
    await this.#flush();
    await this.#timers.sleep(PAUSE_MS);
    if (this.#stopped) throw new TreeClosedError('the collector was stopped');
  }

  async #finishJob(recordKey: Buffer): Promise<void> {
    this.#doomed.push(recordKey);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const doomed = this.#doomed;
    this.#doomed = [];
    await this.#writer.write({ sync: true }, (batch) => {
      for (const key of doomed) batch.delete(key);
    });
    this.#pagesDeleted += doomed.length;
  }
}
