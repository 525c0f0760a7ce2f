import { assert, must } from '../base/assert.ts';
import type { Timers } from '../env/clock.ts';
import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import { DirtyPages } from './dirty-pages.ts';
import { type PageDamagedError, TreeClosedError } from './errors.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { PageBuffers } from './page-buffers.ts';
import { PageCache } from './page-cache.ts';
import { PageReader } from './page-reader.ts';
import { readStoredState } from './stored-state.ts';
import type { StoredState } from './stored-state.ts';
import { garbageKey, treeKey } from './store-keys.ts';
import { encodeGarbage, encodeTree, storedTree } from './store-records.ts';
import type { PageRange, StoredTree, TreeHeader } from './store-records.ts';
import { StoreWriter } from './store-writer.ts';
import type { PacedBatch } from './store-writer.ts';
import { BTree } from './tree.ts';
import type { CheckpointResult, TreeOwner } from './tree.ts';
import { TreeCore } from './tree-core.ts';
import type { TreeParts } from './tree-parts.ts';
import { TreeLoader } from './tree-loader.ts';
import type { PageReference } from './totals.ts';

export interface PageStoreParts {
  /** The node's `tree/` store, which nobody else writes to. Its owner closes it, after the page store. */
  readonly store: KeyValueStore;
  readonly digest: Digest;
  readonly logger: Logger;
  readonly timers: Timers;
  /** For all pages in memory. Pages that are dirty or in use are never evicted, so small budgets are overrun by those. */
  readonly cacheBytesMax: number;
  /** Called once, with the error of the first read or write that failed. All trees are unusable from then on. */
  readonly onFailure: (error: unknown) => void;
}

/** For metrics. What is not marked otherwise counts since open(). */
export interface PageStoreStats {
  /** Now. */
  readonly cachePages: number;
  /** Now, with the objects around the pages. */
  readonly cacheBytes: number;
  readonly cacheBytesMax: number;
  /** Fetches and scan steps that found everything in memory. */
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly pagesRead: number;
  readonly pagesWritten: number;
  readonly bytesWritten: number;
  readonly checkpoints: number;
  /** Now, over all open trees. */
  readonly dirtyBytes: number;
  /** Pages of removed and replaced trees deleted in the background. */
  readonly garbagePagesDeleted: number;
  /** Such deletions that have not ended, now. */
  readonly garbageJobs: number;
}

/** The trees of a node: one store, one cache, one writer for all of them. */
export class PageStore {
  readonly #parts: PageStoreParts;
  readonly #trees: Map<number, StoredTree>;
  readonly #damaged: Map<number, PageDamagedError>;
  readonly #open = new Map<number, BTree>();
  readonly #buffers = new PageBuffers();
  readonly #cache: PageCache;
  readonly #writer: StoreWriter;
  readonly #reader: PageReader;
  readonly #collector: GarbageCollector;
  #closed = false;
  #hits = 0;
  #misses = 0;
  #pagesWritten = 0;
  #bytesWritten = 0;
  #checkpoints = 0;
  readonly #treeOwner: TreeOwner;

  private constructor(parts: PageStoreParts, state: StoredState) {
    const { store, digest, timers, logger } = parts;
    this.#parts = parts;
    this.#trees = state.trees;
    this.#damaged = state.damaged;
    this.#cache = new PageCache(parts.cacheBytesMax, this.#buffers);
    this.#writer = new StoreWriter(store, digest, timers, state.nextPageId, (error) => this.#failed(error));
    this.#reader = new PageReader(store, digest, this.#cache, this.#buffers, this.#writer);
    this.#collector = new GarbageCollector(store, digest, timers, logger, this.#writer);
    this.#treeOwner = {
      store,
      digest,
      fetched: (resident) => this.#fetched(resident),
      storeFailed: (error) => (this.#closed ? undefined : this.#writer.fail(error)),
      checkpointed: (tree, result) => this.#checkpointed(tree, result),
    };
  }

  /**
   * Reads what the store holds and goes on with deletions that a crash cut off. A damaged tree header is found in damagedTrees();
   * other damaged records are given up. Rejects with UnknownTreeFormatError when another version wrote the store.
   */
  static async open(parts: PageStoreParts): Promise<PageStore> {
    const state = await readStoredState(parts.store, parts.digest);
    const pages = new PageStore(parts, state);
    for (const { key, reason } of state.givenUp) parts.logger.warn('tree-record-damaged', { key: key.toString('hex'), reason });
    // The record of the node is written with it.
    if (state.fresh || state.givenUp.length > 0) {
      await pages.#writer.write({ sync: true }, (batch) => {
        for (const { key } of state.givenUp) batch.delete(key);
      });
    }
    for (const { ranges, recordKey } of state.loads) pages.#collector.collectRanges(ranges, recordKey);
    for (const garbage of state.garbage) pages.#collector.collectTree(garbage);
    for (const error of state.damaged.values()) parts.logger.warn('tree-header-damaged', { treeId: error.treeId, reason: error.reason });
    return pages;
  }

  /** Every tree with an intact header, as of its last checkpoint. */
  trees(): ReadonlyMap<number, TreeHeader> {
    return this.#trees;
  }

  /** Trees whose header is damaged: remove and load them anew. */
  damagedTrees(): ReadonlyMap<number, PageDamagedError> {
    return this.#damaged;
  }

  /** A new empty tree; durable when the promise resolves. */
  async createTree(treeId: number, meta: Uint8Array): Promise<BTree> {
    this.#assertOpen();
    assert(!this.#trees.has(treeId) && !this.#damaged.has(treeId) && !this.#open.has(treeId), () => `tree ${treeId} exists`);
    const parts = this.#treeParts(treeId);
    const tree = this.#adopt(parts, TreeCore.create(parts));
    await tree.checkpoint(meta);
    return tree;
  }

  /** The tree as its last checkpoint left it; the same object as long as it is open. Rejects with PageDamagedError when its header was. */
  async openTree(treeId: number): Promise<BTree> {
    this.#assertOpen();
    const damage = this.#damaged.get(treeId);
    if (damage !== undefined) throw damage;
    const stored = must(this.#trees.get(treeId), `there is no tree ${treeId}`);
    const tree = this.#open.get(treeId) ?? this.#adoptStored(stored);
    tree.assertUsable();
    return tree;
  }

  /** Builds a tree aside and swaps it in: for a snapshot that replaces whatever the replica has. */
  startLoad(treeId: number): TreeLoader {
    this.#assertOpen();
    return new TreeLoader(treeId, {
      digest: this.#parts.digest,
      writer: this.#writer,
      install: (id, root, rootLevel, meta, recordKey) => this.#install(id, root, rootLevel, meta, recordKey),
      abandon: (ranges: readonly PageRange[], recordKey: Buffer) => this.#collector.collectRanges(ranges, recordKey),
    });
  }

  /** Removes a tree durably; its pages are deleted in the background. Does nothing when there is no such tree. */
  async removeTree(treeId: number): Promise<void> {
    this.#assertOpen();
    if (!this.#trees.has(treeId) && !this.#damaged.has(treeId) && !this.#open.has(treeId)) return;
    await this.#replace(treeId, undefined, 'removed', (batch) => batch.delete(treeKey(treeId)));
  }

  stats(): PageStoreStats {
    let dirtyBytes = 0;
    for (const tree of this.#open.values()) dirtyBytes += tree.dirtyBytes;
    return {
      cachePages: this.#cache.pages,
      cacheBytes: this.#cache.bytes,
      cacheBytesMax: this.#parts.cacheBytesMax,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#cache.evictions,
      pagesRead: this.#reader.pagesRead,
      pagesWritten: this.#pagesWritten,
      bytesWritten: this.#bytesWritten,
      checkpoints: this.#checkpoints,
      dirtyBytes,
      garbagePagesDeleted: this.#collector.pagesDeleted,
      garbageJobs: this.#collector.jobs,
    };
  }

  /** Ends all trees without a checkpoint and resolves when nothing is under way in the store any more. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const tree of this.#open.values()) tree.end(new TreeClosedError('the page store was closed'));
    this.#open.clear();
    await this.#collector.stop();
    await this.#writer.idle();
    await this.#reader.idle();
  }

  #adoptStored(stored: StoredTree): BTree {
    const parts = this.#treeParts(stored.treeId);
    return this.#adopt(
      parts,
      new TreeCore(parts, storedTree(stored.treeId, stored.root, stored.rootLevel, stored.meta).root, stored.rootLevel),
    );
  }

  #adopt(parts: TreeParts, core: TreeCore): BTree {
    const tree = new BTree(parts, this.#treeOwner, core);
    this.#open.set(parts.treeId, tree);
    return tree;
  }

  #treeParts(treeId: number): TreeParts {
    const dirty = new DirtyPages(this.#cache, this.#reader);
    return { treeId, cache: this.#cache, buffers: this.#buffers, reader: this.#reader, writer: this.#writer, dirty };
  }

  async #install(treeId: number, root: PageReference, rootLevel: number, meta: Uint8Array, recordKey: Buffer | undefined): Promise<BTree> {
    this.#assertOpen();
    const stored = storedTree(treeId, root, rootLevel, meta);
    await this.#replace(treeId, stored, 'replaced by a load', (batch) => {
      batch.put(treeKey(treeId), encodeTree(stored, this.#parts.digest));
      if (recordKey !== undefined) batch.delete(recordKey);
    });
    return this.openTree(treeId);
  }

  /** Puts a tree, or nothing, in the place of the stored one, whose pages become garbage in the same batch. */
  async #replace(treeId: number, stored: StoredTree | undefined, why: string, fill: (batch: PacedBatch) => void): Promise<void> {
    let old: StoredTree | undefined;
    const written = (): void => {
      this.#open.get(treeId)?.end(new TreeClosedError(`tree ${treeId} was ${why}`));
      this.#open.delete(treeId);
      this.#damaged.delete(treeId);
      if (stored === undefined) this.#trees.delete(treeId);
      else this.#trees.set(treeId, stored);
      if (old !== undefined) this.#collector.collectTree({ treeId, rootId: old.root.id, rootLevel: old.rootLevel });
    };
    await this.#writer.write({ sync: true, written }, (batch) => {
      old = this.#trees.get(treeId);
      fill(batch);
      if (old === undefined) return;
      const garbage = { treeId, rootId: old.root.id, rootLevel: old.rootLevel };
      batch.put(garbageKey(old.root.id), encodeGarbage(garbage, this.#parts.digest));
    });
  }

  #fetched(resident: boolean): void {
    if (resident) this.#hits += 1;
    else this.#misses += 1;
  }

  #checkpointed(tree: StoredTree, result: CheckpointResult): void {
    this.#trees.set(tree.treeId, tree);
    this.#checkpoints += 1;
    this.#pagesWritten += result.pagesWritten;
    this.#bytesWritten += result.bytesWritten;
  }

  #failed(error: unknown): void {
    for (const tree of this.#open.values()) tree.end(error);
    this.#parts.onFailure(error);
  }

  #assertOpen(): void {
    this.#writer.assertWorks();
    if (this.#closed) throw new TreeClosedError('the page store was closed');
  }
}
