import { assert } from '../base/assert.ts';
import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import { capturedImage } from './dirty-pages.ts';
import type { Capture } from './dirty-pages.ts';
import { PageDamagedError } from './errors.ts';
import { entryItemBytes, lowerBound } from './leaf-image.ts';
import { seal } from './page-format.ts';
import { InteriorPage, LeafPage } from './pages.ts';
import { openPinnedTree } from './pinned-tree.ts';
import type { PinnedTree } from './pinned-tree.ts';
import { ScanRun } from './scan.ts';
import type { ScanStep, ScanVisitor } from './scan.ts';
import { stateHashText } from './state-hash.ts';
import { pageKey, treeKey } from './store-keys.ts';
import { encodeTree, storedTree } from './store-records.ts';
import type { StoredTree } from './store-records.ts';
import type { PacedBatch } from './store-writer.ts';
import type { Need, TreeCore } from './tree-core.ts';
import type { TreeParts } from './tree-parts.ts';

/** What one checkpoint put on the disk. */
export interface CheckpointResult {
  readonly pagesWritten: number;
  readonly pagesDeleted: number;
  readonly bytesWritten: number;
}

/** Items and their bytes (in DynamoDB's accounting) below a key. */
export interface Rank {
  readonly items: number;
  readonly itemBytes: number;
}

/** What a tree tells its page store. */
export interface TreeOwner {
  readonly store: KeyValueStore;
  readonly digest: Digest;
  fetched(resident: boolean): void;
  /** The store could not be read. */
  storeFailed(error: unknown): void;
  checkpointed(tree: StoredTree, result: CheckpointResult): void;
}

/**
 * A B+tree over byte keys. Reading and changing are synchronous and need their pages in memory: call fetch() until it gives
 * undefined, then act in the same turn. Once a page was found damaged or a write has failed, every call throws that error.
 */
export class BTree {
  readonly treeId: number;
  readonly #parts: TreeParts;
  readonly #owner: TreeOwner;
  readonly #core: TreeCore;
  #checkpointing = false;
  #ended: { readonly error: unknown } | undefined = undefined;

  constructor(parts: TreeParts, owner: TreeOwner, core: TreeCore) {
    this.treeId = parts.treeId;
    this.#parts = parts;
    this.#owner = owner;
    this.#core = core;
  }

  get items(): number {
    return this.#core.root.items;
  }

  /** In DynamoDB's accounting. */
  get itemBytes(): number {
    return this.#core.root.itemBytes;
  }

  /** What a checkpoint now would write. */
  get dirtyBytes(): number {
    return this.#parts.dirty.bytes;
  }

  /** Sixteen hexadecimal digits over the checksums of all values, in no order: equal trees of equal or other shape agree. */
  stateHash(): string {
    return stateHashText(this.#core.root.hashA, this.#core.root.hashB);
  }

  /**
   * Undefined when everything is in memory that get() of this key needs (for the need 'place': put() and delete()).
   * Otherwise a promise that brings it; nothing stays pinned, so call again after it. Rejects with PageDamagedError.
   * `more`: what is needed together with the key of the fetch before, or is only read ahead. It is part of the same operation, so that
   * however much it is, pages that were used lately stay as long as before.
   */
  fetch(key: Uint8Array, need: Need = 'value', more = false): Promise<void> | undefined {
    this.assertUsable();
    if (!more) this.#parts.cache.startOperation();
    const wait = this.#core.readMissing(key, need);
    this.#owner.fetched(wait === undefined);
    return wait === undefined ? undefined : this.#fetchRest(wait, key, need, more);
  }

  /** A copy of the value, or undefined. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.assertUsable();
    return this.#core.get(key);
  }

  /** Whether there is such a key; needs what put() needs. */
  has(key: Uint8Array): boolean {
    this.assertUsable();
    return this.#core.has(key);
  }

  /**
   * Inserts or overwrites. `checksum` is the value's own CRC-32 and enters the state hash, `itemBytes` its size in DynamoDB's
   * accounting. Copies both.
   */
  put(key: Uint8Array, value: Uint8Array, checksum: number, itemBytes: number): void {
    this.assertUsable();
    this.#core.put(key, value, checksum, itemBytes);
  }

  /** Does nothing when there is no such key. */
  delete(key: Uint8Array): void {
    this.assertUsable();
    this.#core.delete(key);
  }

  /**
   * Visits entries with low <= key < high, synchronously as far as pages are in memory. `readAheadPages` asks for so many
   * leaves behind a missing one, for scans that will go on.
   */
  scan(low: Uint8Array, high: Uint8Array | undefined, reverse: boolean, visitor: ScanVisitor, readAheadPages = 0): ScanStep {
    this.assertUsable();
    const { cache, reader, treeId } = this.#parts;
    cache.startOperation();
    const step = new ScanRun(this.#core, cache, reader, treeId, { low, high, reverse, readAheadPages }, visitor).run();
    this.#owner.fetched(step.wait === undefined);
    return step.wait === undefined ? step : { next: step.next, wait: this.#noteDamage(step.wait) };
  }

  /** What lies below a key, from the totals in the interior pages of its path. */
  async rank(key: Uint8Array): Promise<Rank> {
    for (;;) {
      const found = this.below(key);
      if (found !== undefined) return found;
      await this.fetch(key, 'place');
    }
  }

  /** What `rank` gives, as far as it is known at once; undefined: a page of the key's path is not in memory. */
  below(key: Uint8Array): Rank | undefined {
    this.assertUsable();
    const { cache } = this.#parts;
    let items = 0;
    let itemBytes = 0;
    let page = cache.get(this.#core.root.id);
    while (page instanceof InteriorPage) {
      const slot = page.childIndex(key);
      for (let below = 0; below < slot; below++) {
        items += page.child(below).items;
        itemBytes += page.child(below).itemBytes;
      }
      page = cache.get(page.child(slot).id);
    }
    if (page === undefined) return undefined;
    assert(page instanceof LeafPage, 'a page that is no leaf at the end of the path');
    const index = lowerBound(page.image, key);
    for (let below = 0; below < index; below++) itemBytes += entryItemBytes(page.image, below);
    return { items: items + index, itemBytes };
  }

  /**
   * Writes everything that has changed up to this call, and `meta`, in one atomic synced batch; the tree may go on changing
   * meanwhile. One at a time for a tree; those of several trees queue. Rejects with what ended the tree when that was
   * before its turn came; a failed write ends every tree of the store.
   */
  async checkpoint(meta: Uint8Array): Promise<CheckpointResult> {
    this.assertUsable();
    assert(!this.#checkpointing, 'two checkpoints of one tree at a time');
    this.#checkpointing = true;
    const { dirty, writer, treeId } = this.#parts;
    const capture = dirty.capture();
    const header = storedTree(treeId, this.#core.root, this.#core.rootLevel, meta);
    let bytesWritten = 0;
    const result = (): CheckpointResult => ({ pagesWritten: capture.pages.length, pagesDeleted: capture.deleted.length, bytesWritten });
    try {
      await writer.write({ sync: true, written: () => this.#owner.checkpointed(header, result()) }, async (batch) => {
        this.assertUsable();
        bytesWritten = await this.#fill(batch, capture, header);
      });
      return result();
    } finally {
      dirty.settle(capture);
      this.#checkpointing = false;
    }
  }

  /** The tree as of its last checkpoint, for snapshots and scrub; it blocks nobody and must be closed. */
  pinned(): Promise<PinnedTree> {
    this.assertUsable();
    return openPinnedTree(this.#owner, this.treeId);
  }

  /** Throws what ended the tree, if anything has. */
  assertUsable(): void {
    if (this.#ended !== undefined) throw this.#ended.error;
  }

  /** For the page store: from now on every call throws the error. */
  end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#parts.dirty.discard();
  }

  async #fetchRest(first: Promise<void>, key: Uint8Array, need: Need, more: boolean): Promise<void> {
    let wait: Promise<void> | undefined = first;
    while (wait !== undefined) {
      await this.#noteDamage(wait);
      this.assertUsable();
      if (!more) this.#parts.cache.startOperation();
      wait = this.#core.readMissing(key, need);
    }
  }

  async #noteDamage(wait: Promise<void>): Promise<void> {
    try {
      await wait;
    } catch (error) {
      // The pages of a tree that was replaced or removed are deleted: what is missing of them is no damage.
      this.assertUsable();
      if (error instanceof PageDamagedError) this.end(error);
      throw error;
    }
  }

  async #fill(batch: PacedBatch, capture: Capture, header: StoredTree): Promise<number> {
    const { digest } = this.#owner;
    let bytesWritten = 0;
    for (const page of capture.pages) {
      const image = seal(capturedImage(page), digest);
      batch.put(pageKey(page.id), image);
      bytesWritten += image.length;
      const pause = batch.pause();
      if (pause !== undefined) await pause;
    }
    for (const id of capture.deleted) {
      batch.delete(pageKey(id));
      const pause = batch.pause();
      if (pause !== undefined) await pause;
    }
    batch.put(treeKey(this.treeId), encodeTree(header, digest));
    return bytesWritten;
  }
}
