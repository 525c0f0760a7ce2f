import { assert } from '../base/assert.ts';
import type { Digest } from '../env/digest.ts';
import { LoadOrderError } from './errors.ts';
import { compareKeys, ownCopy, shortestSeparator } from './key-order.ts';
import { entryBytes, leafTotals, writeEntry, writeEntryOffset } from './leaf-image.ts';
import type { LeafEntry } from './leaf-image.ts';
import { INLINE_VALUE_BYTES_MAX, KEY_BYTES_MAX, LEAF_LEVEL, PAGE_BYTES, PAGE_HEADER_BYTES, seal, writePageHeader } from './page-format.ts';
import { CHILD_BYTES, InteriorPage, overflowImage } from './pages.ts';
import { loadKey, pageKey } from './store-keys.ts';
import { encodeRanges } from './store-records.ts';
import type { PageRange } from './store-records.ts';
import type { StoreWriter } from './store-writer.ts';
import type { BTree } from './tree.ts';
import { PageReference } from './totals.ts';

/** Leaves are filled to nine tenths, so that the first inserts afterwards do not cut every page. */
const LOADED_BYTES_MAX = Math.floor(PAGE_BYTES * 0.9);

/** Ids are taken in ranges, which are recorded with the first pages in them, so that a load that was cut off can be cleared away. */
const RANGE_PAGES = 4096;

/** So much is collected before it is written. */
const BATCH_PAGES = 128;
const BATCH_BYTES = 512 * 1024;

/** What a loader needs of its page store. */
export interface LoadOwner {
  readonly digest: Digest;
  readonly writer: StoreWriter;
  /** Makes the loaded pages the tree, in one synced batch with the deletion of the load's record. */
  install(treeId: number, root: PageReference, rootLevel: number, meta: Uint8Array, recordKey: Buffer | undefined): Promise<BTree>;
  /** Has the pages deleted in the background. */
  abandon(ranges: readonly PageRange[], recordKey: Buffer): void;
}

/** An interior page being filled. Its separators are those in front of each child; the first also belongs to the page itself. */
interface Shelf {
  readonly separators: Uint8Array[];
  readonly children: PageReference[];
  bytes: number;
}

/**
 * Builds a tree bottom-up from entries in ascending order of their keys, under pages of its own, and puts it in the place of
 * the old one in one step. Nothing of it is seen before install().
 */
export class TreeLoader {
  readonly #treeId: number;
  readonly #owner: LoadOwner;
  readonly #ranges: PageRange[] = [];
  #recorded = 0;
  #nextId = 0;
  #endId = 0;
  #pending: { readonly id: number; readonly image: Buffer }[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined = undefined;
  #ended = false;
  /** The leaf being filled: offsets of its entries, and their bytes without header and directory. */
  #offsets: number[] = [];
  readonly #body = Buffer.allocUnsafeSlow(PAGE_BYTES + KEY_BYTES_MAX + INLINE_VALUE_BYTES_MAX + 64);
  #bodyBytes = 0;
  #separator: Uint8Array = new Uint8Array(0);
  #lastKey: Uint8Array | undefined = undefined;
  readonly #shelves: Shelf[] = [];

  constructor(treeId: number, owner: LoadOwner) {
    this.#treeId = treeId;
    this.#owner = owner;
  }

  /**
   * Adds the next entry, copying it. Gives a promise when a batch has to be written first; wait for it before the next call.
   * Throws LoadOrderError when the key is not greater than the one before.
   */
  add(key: Uint8Array, value: Uint8Array, checksum: number, itemBytes: number): Promise<void> | undefined {
    assert(!this.#ended, 'the load has ended');
    assert(this.#writing === undefined, 'the promise of the add before was not waited for');
    assert(key.length <= KEY_BYTES_MAX, 'key too long');
    const lastKey = this.#lastKey;
    if (lastKey !== undefined && compareKeys(lastKey, key) >= 0)
      throw new LoadOrderError(`entry out of order in a load of tree ${this.#treeId}`);
    let overflowId = 0;
    if (value.length > INLINE_VALUE_BYTES_MAX) {
      overflowId = this.#takeId();
      this.#collect(overflowId, overflowImage(overflowId, value, checksum >>> 0));
    }
    const entry: LeafEntry = { key, value, overflowId, valueBytes: value.length, checksum: checksum >>> 0, itemBytes };
    const grown = PAGE_HEADER_BYTES + 2 * (this.#offsets.length + 1) + this.#bodyBytes + entryBytes(entry);
    if (lastKey !== undefined && this.#offsets.length > 0 && grown > LOADED_BYTES_MAX) {
      this.#finishLeaf();
      this.#separator = shortestSeparator(lastKey, key);
    }
    this.#offsets.push(this.#bodyBytes);
    this.#bodyBytes = writeEntry(this.#body, this.#bodyBytes, entry);
    this.#lastKey = ownCopy(key);
    if (this.#pending.length < BATCH_PAGES && this.#pendingBytes < BATCH_BYTES) return undefined;
    this.#writing = this.#writePending().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Puts the tree in place, durably, with `meta`. The old tree of this id, if any, is closed and its pages are deleted in the background. */
  async install(meta: Uint8Array): Promise<BTree> {
    assert(!this.#ended, 'the load has ended');
    assert(this.#writing === undefined, 'the promise of the add before was not waited for');
    this.#ended = true;
    this.#finishLeaf();
    const { root, level } = this.#finishShelves();
    await this.#writePending();
    return this.#owner.install(this.#treeId, root, level, meta, this.#recordKey());
  }

  /** Gives the load up; its pages are deleted in the background. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#pending = [];
    await this.#writing?.catch(() => undefined);
    const recordKey = this.#recordKey();
    if (recordKey !== undefined && this.#recorded > 0) this.#owner.abandon(this.#ranges, recordKey);
  }

  #finishLeaf(): void {
    const id = this.#takeId();
    const start = PAGE_HEADER_BYTES + 2 * this.#offsets.length;
    const image = Buffer.allocUnsafeSlow(start + this.#bodyBytes);
    writePageHeader(image, LEAF_LEVEL, this.#offsets.length, id);
    for (const [index, offset] of this.#offsets.entries()) writeEntryOffset(image, index, start + offset);
    this.#body.copy(image, start, 0, this.#bodyBytes);
    this.#offsets = [];
    this.#bodyBytes = 0;
    this.#collect(id, image);
    this.#shelve(0, this.#separator, new PageReference(id, leafTotals(image)));
  }

  /** Puts a finished page under the interior page being filled one level above; a full one is finished first. */
  #shelve(height: number, separator: Uint8Array, reference: PageReference): void {
    let shelf = this.#shelves[height];
    if (shelf === undefined) {
      shelf = { separators: [], children: [], bytes: PAGE_HEADER_BYTES };
      this.#shelves[height] = shelf;
    }
    const bytes = separator.length + CHILD_BYTES;
    if (shelf.children.length >= 2 && shelf.bytes + bytes > LOADED_BYTES_MAX) {
      this.#finishShelf(height, shelf);
      shelf = { separators: [], children: [], bytes: PAGE_HEADER_BYTES };
      this.#shelves[height] = shelf;
    }
    shelf.separators.push(separator);
    shelf.children.push(reference);
    shelf.bytes += bytes;
  }

  #finishShelf(height: number, shelf: Shelf): void {
    const separator = shelf.separators[0] as Uint8Array;
    const page = new InteriorPage(this.#takeId(), height + 1, shelf.separators, shelf.children, false);
    this.#collect(page.id, page.encode());
    this.#shelve(height + 1, separator, new PageReference(page.id, page.totals()));
  }

  /** Finishes all interior pages from the bottom up, until one page is left. */
  #finishShelves(): { readonly root: PageReference; readonly level: number } {
    for (let height = 0; ; height++) {
      const shelf = this.#shelves[height] as Shelf;
      if (height === this.#shelves.length - 1 && shelf.children.length === 1)
        return { root: shelf.children[0] as PageReference, level: height };
      this.#finishShelf(height, shelf);
    }
  }

  #takeId(): number {
    if (this.#nextId === this.#endId) {
      const range = this.#owner.writer.allocateRange(RANGE_PAGES);
      this.#ranges.push(range);
      this.#nextId = range.first;
      this.#endId = range.end;
    }
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  #collect(id: number, image: Buffer): void {
    this.#pending.push({ id, image: seal(image, this.#owner.digest) });
    this.#pendingBytes += image.length;
  }

  /**
   * Writes what has been collected, synced: the sync of the installation would not cover what stands in a log that LevelDB has
   * closed since, for it closes a full log without a sync.
   */
  #writePending(): Promise<void> {
    const pages = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const ranges = [...this.#ranges];
    return this.#owner.writer.write({ sync: true }, (batch) => {
      const recordKey = this.#recordKey();
      if (ranges.length > this.#recorded && recordKey !== undefined) batch.put(recordKey, encodeRanges(ranges, this.#owner.digest));
      this.#recorded = ranges.length;
      for (const page of pages) batch.put(pageKey(page.id), page.image);
    });
  }

  #recordKey(): Buffer | undefined {
    const first = this.#ranges[0];
    return first === undefined ? undefined : loadKey(first.first);
  }
}
