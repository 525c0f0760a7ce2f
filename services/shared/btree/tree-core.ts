import { assert } from '../base/assert.ts';
import { shortestSeparator } from './key-order.ts';
import {
  copyInlineValue,
  emptyLeaf,
  entryChecksum,
  entryItemBytes,
  entryKey,
  entryOverflowId,
  findEntry,
  leafCuts,
  leafTotals,
  overflowReference,
  replaceEntry,
  sliceLeaf,
} from './leaf-image.ts';
import type { LeafEntry } from './leaf-image.ts';
import { mergeWithNeighbour } from './merge.ts';
import { INLINE_VALUE_BYTES_MAX, INTERIOR_LEVEL_MAX, KEY_BYTES_MAX, LEAF_LEVEL, PAGE_BYTES, pageCount } from './page-format.ts';
import { InteriorPage, interiorOverfull, LeafPage, OverflowPage, overflowImage } from './pages.ts';
import { hashShareA, hashShareB } from './state-hash.ts';
import type { TreeParts } from './tree-parts.ts';
import { NOTHING, PageReference } from './totals.ts';

/** A leaf or interior page below this length looks for a neighbour to merge with. */
const MERGE_BELOW_BYTES = PAGE_BYTES / 4;

/** After so many inserts, each right behind the one before, a leaf is taken to receive an ascending run. */
const RUN_INSERTS = 2;

/** 'value' brings all that get() needs, 'place' what put() and delete() need: not the value in an overflow page. */
export type Need = 'value' | 'place';

/**
 * The structure of one tree: find, put, delete, split, merge, all synchronous and on pages in memory only. Interior pages
 * and root keep the totals of what is below; each change walks its path once more to correct them.
 */
export class TreeCore {
  readonly #parts: TreeParts;
  #root: PageReference;
  #rootLevel: number;
  /** The path of the operation under way: interior pages from the root down and the child taken in each. */
  readonly #path: InteriorPage[] = [];
  readonly #slots: number[] = [];

  constructor(parts: TreeParts, root: PageReference, rootLevel: number) {
    this.#parts = parts;
    this.#root = root;
    this.#rootLevel = rootLevel;
  }

  /** An empty tree, whose root leaf is new. */
  static create(parts: TreeParts): TreeCore {
    const core = new TreeCore(parts, new PageReference(0, NOTHING), LEAF_LEVEL);
    core.#startAtEmptyLeaf();
    return core;
  }

  get root(): PageReference {
    return this.#root;
  }

  get rootLevel(): number {
    return this.#rootLevel;
  }

  /** A read of the first page missing on the way to the key; undefined when everything needed is in memory. */
  readMissing(key: Uint8Array, need: Need): Promise<void> | undefined {
    const { cache, reader, treeId } = this.#parts;
    let reference = this.#root;
    for (let level = this.#rootLevel; level > LEAF_LEVEL; level--) {
      const page = cache.get(reference.id);
      if (page === undefined) return reader.read(treeId, reference, level);
      assert(page instanceof InteriorPage, 'a page that is not interior on the way down');
      reference = page.child(page.childIndex(key));
    }
    const leaf = cache.get(reference.id);
    if (leaf === undefined) return reader.read(treeId, reference, LEAF_LEVEL);
    if (need === 'place') return undefined;
    assert(leaf instanceof LeafPage, 'a page that is no leaf at the end of the path');
    const index = findEntry(leaf.image, key);
    return index < 0 ? undefined : this.readMissingValue(leaf.image, index);
  }

  /** A read of an entry's overflow page; undefined when the value is in memory. */
  readMissingValue(leaf: Buffer, index: number): Promise<void> | undefined {
    const overflowId = entryOverflowId(leaf, index);
    if (overflowId === 0 || this.#parts.cache.get(overflowId) !== undefined) return undefined;
    return this.#parts.reader.readOverflow(this.#parts.treeId, overflowReference(leaf, index));
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const leaf = this.#descend(key).image;
    const index = findEntry(leaf, key);
    return index < 0 ? undefined : this.value(leaf, index);
  }

  has(key: Uint8Array): boolean {
    return findEntry(this.#descend(key).image, key) >= 0;
  }

  /** A copy of the value of an entry, which must be in memory; values in overflow pages are never changed in place, so they are given as they are. */
  value(leaf: Buffer, index: number): Uint8Array {
    const overflowId = entryOverflowId(leaf, index);
    if (overflowId === 0) return copyInlineValue(leaf, index);
    const page = this.#parts.cache.get(overflowId);
    assert(page instanceof OverflowPage, 'a value that is not in memory');
    return page.value;
  }

  put(key: Uint8Array, value: Uint8Array, checksum: number, itemBytes: number): void {
    assert(key.length <= KEY_BYTES_MAX, 'key too long');
    const leaf = this.#descend(key);
    const old = leaf.image;
    const oldBytes = old.length;
    const found = findEntry(old, key);
    const index = found >= 0 ? found : -1 - found;
    const overflowId = this.#storeOverflow(found >= 0 ? entryOverflowId(old, index) : 0, value, checksum);
    const entry: LeafEntry = { key, value, overflowId, valueBytes: value.length, checksum: checksum >>> 0, itemBytes };
    const hashA = hashShareA(entry.checksum);
    const hashB = hashShareB(entry.checksum);
    this.#changePath(leaf);
    if (found >= 0) {
      const oldChecksum = entryChecksum(old, index);
      this.#addOnPath(0, itemBytes - entryItemBytes(old, index), hashA - hashShareA(oldChecksum), hashB - hashShareB(oldChecksum));
    } else {
      this.#addOnPath(1, itemBytes, hashA, hashB);
      this.#noteInsert(leaf, index);
    }
    leaf.image = replaceEntry(old, index, found >= 0 ? 1 : 0, entry, this.#parts.buffers);
    this.#parts.dirty.resized(leaf);
    if (leaf.image.length > PAGE_BYTES && pageCount(leaf.image) > 1) this.#splitLeaf(leaf, found >= 0 ? -1 : index);
    else if (leaf.image.length < oldBytes) this.#mergeUpward(leaf);
    this.#parts.cache.evict();
  }

  delete(key: Uint8Array): void {
    const leaf = this.#descend(key);
    const old = leaf.image;
    const index = findEntry(old, key);
    if (index < 0) return;
    const overflowId = entryOverflowId(old, index);
    if (overflowId !== 0) this.#parts.dirty.releaseById(overflowId);
    const checksum = entryChecksum(old, index);
    this.#changePath(leaf);
    this.#addOnPath(-1, -entryItemBytes(old, index), -hashShareA(checksum), -hashShareB(checksum));
    leaf.image = replaceEntry(old, index, 1, undefined, this.#parts.buffers);
    leaf.lastInsertIndex = -1;
    this.#parts.dirty.resized(leaf);
    this.#mergeUpward(leaf);
  }

  /** The leaf responsible for the key; its path is noted. */
  #descend(key: Uint8Array): LeafPage {
    const cache = this.#parts.cache;
    let depth = 0;
    let page = cache.get(this.#root.id);
    while (page instanceof InteriorPage) {
      const slot = page.childIndex(key);
      this.#path[depth] = page;
      this.#slots[depth] = slot;
      depth += 1;
      page = cache.get(page.child(slot).id);
    }
    this.#path.length = depth;
    this.#slots.length = depth;
    assert(page instanceof LeafPage, 'the path of the key is not in memory');
    return page;
  }

  #changePath(leaf: LeafPage): void {
    const dirty = this.#parts.dirty;
    for (let depth = 0; depth < this.#path.length; depth++) dirty.change(this.#path[depth] as InteriorPage);
    dirty.change(leaf);
  }

  #addOnPath(items: number, itemBytes: number, hashA: number, hashB: number): void {
    this.#root.add(items, itemBytes, hashA, hashB);
    for (let depth = 0; depth < this.#path.length; depth++) {
      (this.#path[depth] as InteriorPage).child(this.#slots[depth] as number).add(items, itemBytes, hashA, hashB);
    }
  }

  /** What the parent (or the tree) holds about the page at a depth of the path. */
  #referenceAt(depth: number): PageReference {
    return depth === 0 ? this.#root : (this.#path[depth - 1] as InteriorPage).child(this.#slots[depth - 1] as number);
  }

  /** Puts a value that is too long for a leaf into an overflow page, the old one where there is one. 0 when it is short. */
  #storeOverflow(oldId: number, value: Uint8Array, checksum: number): number {
    const { cache, dirty, writer } = this.#parts;
    if (value.length <= INLINE_VALUE_BYTES_MAX) {
      if (oldId !== 0) dirty.releaseById(oldId);
      return 0;
    }
    const id = oldId === 0 ? writer.allocatePage() : oldId;
    const image = overflowImage(id, value, checksum >>> 0);
    const page = oldId === 0 ? undefined : cache.get(oldId);
    if (page === undefined) {
      dirty.add(new OverflowPage(id, image, oldId !== 0));
    } else {
      assert(page instanceof OverflowPage, 'an overflow page of another kind');
      dirty.change(page);
      page.image = image;
      dirty.resized(page);
    }
    return id;
  }

  #noteInsert(leaf: LeafPage, index: number): void {
    leaf.runLength = leaf.lastInsertIndex >= 0 && index === leaf.lastInsertIndex + 1 ? leaf.runLength + 1 : 0;
    leaf.lastInsertIndex = index;
  }

  /** Cuts a leaf that has outgrown its page; `insertedAt` is -1 when it grew by an overwrite. */
  #splitLeaf(leaf: LeafPage, insertedAt: number): void {
    const { buffers, dirty, writer } = this.#parts;
    const image = leaf.image;
    const count = pageCount(image);
    const run = insertedAt >= 0 && leaf.runLength >= RUN_INSERTS;
    const cuts = leafCuts(image, run ? insertedAt : -1);
    const separators: Uint8Array[] = [];
    const references: PageReference[] = [];
    const runLength = leaf.runLength;
    this.#placePiece(leaf, sliceLeaf(image, 0, cuts[0] as number, leaf.id, buffers), insertedAt, 0, runLength);
    dirty.resized(leaf);
    for (let piece = 0; piece < cuts.length; piece++) {
      const from = cuts[piece] as number;
      const id = writer.allocatePage();
      const page = new LeafPage(id, sliceLeaf(image, from, cuts[piece + 1] ?? count, id, buffers), false);
      this.#placePiece(page, page.image, insertedAt, from, runLength);
      dirty.add(page);
      separators.push(shortestSeparator(entryKey(image, from - 1), entryKey(image, from)));
      references.push(new PageReference(id, leafTotals(page.image)));
    }
    buffers.give(image);
    this.#referenceAt(this.#path.length).set(leafTotals(leaf.image));
    this.#insertChildren(this.#path.length - 1, separators, references);
  }

  /** Gives a leaf its piece of a split; the piece that holds the insert goes on with the run. */
  #placePiece(leaf: LeafPage, image: Buffer, insertedAt: number, from: number, runLength: number): void {
    const index = insertedAt - from;
    const holdsInsert = index >= 0 && index < pageCount(image);
    leaf.image = image;
    leaf.lastInsertIndex = holdsInsert ? index : -1;
    leaf.runLength = holdsInsert ? runLength : 0;
  }

  /** Inserts new children behind the one that the path takes at `depth`; below 0 the tree grows by a level. */
  #insertChildren(depth: number, separators: Uint8Array[], references: PageReference[]): void {
    const { dirty, writer } = this.#parts;
    if (depth < 0) {
      const level = this.#rootLevel + 1;
      assert(level <= INTERIOR_LEVEL_MAX, 'tree too high');
      const page = new InteriorPage(writer.allocatePage(), level, [new Uint8Array(0), ...separators], [this.#root, ...references], false);
      dirty.add(page);
      this.#root = new PageReference(page.id, page.totals());
      this.#rootLevel = level;
      return;
    }
    const parent = this.#path[depth] as InteriorPage;
    const slot = this.#slots[depth] as number;
    parent.insert(slot + 1, separators, references);
    if (interiorOverfull(parent)) {
      const newSeparators: Uint8Array[] = [];
      const newReferences: PageReference[] = [];
      this.#cutInterior(parent, newSeparators, newReferences);
      this.#referenceAt(depth).set(parent.totals());
      this.#insertChildren(depth - 1, newSeparators, newReferences);
    }
    dirty.resized(parent);
  }

  /** Cuts a page until each piece fits, and adds what its parent must take up to the two lists, in order. */
  #cutInterior(page: InteriorPage, separators: Uint8Array[], references: PageReference[]): void {
    if (!interiorOverfull(page)) return;
    const { children, separators: cutSeparators } = page.cutFrom(page.middle());
    const separator = cutSeparators[0] as Uint8Array;
    const right = new InteriorPage(this.#parts.writer.allocatePage(), page.level, cutSeparators, children, false);
    this.#parts.dirty.add(right);
    this.#cutInterior(page, separators, references);
    const furtherSeparators: Uint8Array[] = [];
    const furtherReferences: PageReference[] = [];
    this.#cutInterior(right, furtherSeparators, furtherReferences);
    this.#parts.dirty.resized(right);
    separators.push(separator, ...furtherSeparators);
    references.push(new PageReference(right.id, right.totals()), ...furtherReferences);
  }

  /**
   * After a page has shrunk: an empty page leaves the tree, a small one merges with a neighbour if that is in memory, and so
   * up to the root.
   */
  #mergeUpward(leaf: LeafPage): void {
    const { dirty } = this.#parts;
    let page: LeafPage | InteriorPage = leaf;
    for (let depth = this.#path.length - 1; depth >= 0; depth--) {
      const parent = this.#path[depth] as InteriorPage;
      const slot = this.#slots[depth] as number;
      if (page instanceof LeafPage ? pageCount(page.image) === 0 : page.children.length === 0) {
        parent.remove(slot);
        dirty.release(page);
      } else if (page.encodedBytes >= MERGE_BELOW_BYTES || !mergeWithNeighbour(parent, slot, page, this.#parts)) {
        return;
      }
      dirty.resized(parent);
      page = parent;
    }
    this.#lowerRoot();
  }

  /** A root with a single child gives way to it, one without any to an empty leaf. */
  #lowerRoot(): void {
    const { cache, dirty } = this.#parts;
    let page = cache.get(this.#root.id);
    while (page instanceof InteriorPage && page.children.length <= 1) {
      dirty.release(page);
      if (page.children.length === 0) {
        this.#startAtEmptyLeaf();
        return;
      }
      this.#root = page.child(0);
      this.#rootLevel -= 1;
      page = cache.get(this.#root.id);
    }
  }

  #startAtEmptyLeaf(): void {
    const { buffers, dirty, writer } = this.#parts;
    const id = writer.allocatePage();
    dirty.add(new LeafPage(id, emptyLeaf(id, buffers), false));
    this.#root = new PageReference(id, NOTHING);
    this.#rootLevel = LEAF_LEVEL;
  }
}
