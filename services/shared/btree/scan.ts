import { assert } from '../base/assert.ts';
import { successor } from '../base/bytes.ts';
import { compareKeys } from './key-order.ts';
import { copyKey, lowerBound } from './leaf-image.ts';
import type { PageCache } from './page-cache.ts';
import { KEY_BYTES_MAX, LEAF_LEVEL, pageCount } from './page-format.ts';
import type { PageReader } from './page-reader.ts';
import { InteriorPage, LeafPage } from './pages.ts';
import type { TreeCore } from './tree-core.ts';
import type { PageReference } from './totals.ts';

/** Gets each entry; false stops the scan behind it. Key and value are its own. It must not change the tree. */
export type ScanVisitor = (key: Uint8Array, value: Uint8Array) => boolean;

/** How far a scan came. */
export interface ScanStep {
  /**
   * Where to go on: the new `low` of a forward scan, the new `high` of a reverse one. Undefined when the range is exhausted.
   */
  readonly next: Uint8Array | undefined;
  /** Set when a page was not in memory: go on when it is resolved. Not set when the visitor stopped the scan. */
  readonly wait?: Promise<void>;
}

export interface ScanRange {
  readonly low: Uint8Array;
  /** Exclusive; undefined is the end of the tree. */
  readonly high: Uint8Array | undefined;
  readonly reverse: boolean;
  /** So many leaves behind a missing one are read with it. */
  readonly readAheadPages: number;
}

/** Greater than every key that put() takes. */
const BEHIND_ALL_KEYS = new Uint8Array(KEY_BYTES_MAX + 1).fill(0xff);

const DONE: ScanStep = { next: undefined };

/** One synchronous run over a range, as far as the pages are in memory. */
export class ScanRun {
  readonly #core: TreeCore;
  readonly #cache: PageCache;
  readonly #reader: PageReader;
  readonly #treeId: number;
  readonly #range: ScanRange;
  readonly #visitor: ScanVisitor;
  readonly #path: InteriorPage[] = [];
  readonly #slots: number[] = [];

  constructor(core: TreeCore, cache: PageCache, reader: PageReader, treeId: number, range: ScanRange, visitor: ScanVisitor) {
    this.#core = core;
    this.#cache = cache;
    this.#reader = reader;
    this.#treeId = treeId;
    this.#range = range;
    this.#visitor = visitor;
  }

  run(): ScanStep {
    const { low, high, reverse } = this.#range;
    if (high !== undefined && compareKeys(low, high) >= 0) return DONE;
    let leaf = this.#enter(this.#core.root, this.#core.rootLevel, reverse ? high : low);
    for (;;) {
      if (!(leaf instanceof LeafPage)) return leaf;
      const step = reverse ? this.#visitReverse(leaf) : this.#visitForward(leaf);
      if (step !== undefined) return step;
      leaf = this.#nextLeaf();
    }
  }

  /** Goes down to the leaf for a bound; undefined is the end of the subtree that the scan meets first. */
  #enter(from: PageReference, fromLevel: number, bound: Uint8Array | undefined): LeafPage | ScanStep {
    let reference = from;
    for (let level = fromLevel; level > LEAF_LEVEL; level--) {
      const page = this.#cache.get(reference.id);
      if (page === undefined) return this.#missing(reference, level);
      assert(page instanceof InteriorPage, 'a page that is not interior on the way down');
      const slot = this.#slotFor(page, bound);
      this.#path.push(page);
      this.#slots.push(slot);
      reference = page.child(slot);
    }
    const leaf = this.#cache.get(reference.id);
    if (leaf === undefined) return this.#missing(reference, LEAF_LEVEL);
    assert(leaf instanceof LeafPage, 'a page that is no leaf at the end of the path');
    return leaf;
  }

  #slotFor(page: InteriorPage, bound: Uint8Array | undefined): number {
    if (!this.#range.reverse) return bound === undefined ? 0 : page.childIndex(bound);
    return bound === undefined ? page.children.length - 1 : page.childIndexBelow(bound);
  }

  /** The leaf behind the one just visited, DONE at the end of range or tree, or where to wait. */
  #nextLeaf(): LeafPage | ScanStep {
    const { low, high, reverse } = this.#range;
    for (let depth = this.#path.length - 1; depth >= 0; depth--) {
      const page = this.#path[depth] as InteriorPage;
      const slot = (this.#slots[depth] as number) + (reverse ? -1 : 1);
      if (slot < 0 || slot >= page.children.length) continue;
      const bound = page.separators[reverse ? slot + 1 : slot] as Uint8Array;
      if (reverse ? compareKeys(bound, low) <= 0 : high !== undefined && compareKeys(bound, high) >= 0) return DONE;
      this.#path.length = depth + 1;
      this.#slots.length = depth;
      this.#slots.push(slot);
      const leaf = this.#enter(page.child(slot), page.level - 1, undefined);
      return leaf instanceof LeafPage ? leaf : { ...leaf, next: bound };
    }
    return DONE;
  }

  #visitForward(leaf: LeafPage): ScanStep | undefined {
    const { low, high } = this.#range;
    const image = leaf.image;
    const end = high === undefined ? pageCount(image) : lowerBound(image, high);
    for (let index = lowerBound(image, low); index < end; index++) {
      const key = copyKey(image, index);
      const wait = this.#core.readMissingValue(image, index);
      if (wait !== undefined) return { next: key, wait };
      if (!this.#visitor(key, this.#core.value(image, index))) return { next: successor(key) };
    }
    return end < pageCount(image) ? DONE : undefined;
  }

  #visitReverse(leaf: LeafPage): ScanStep | undefined {
    const { low, high } = this.#range;
    const image = leaf.image;
    const begin = lowerBound(image, low);
    for (let index = (high === undefined ? pageCount(image) : lowerBound(image, high)) - 1; index >= begin; index--) {
      const key = copyKey(image, index);
      const wait = this.#core.readMissingValue(image, index);
      if (wait !== undefined) return { next: successor(key), wait };
      if (!this.#visitor(key, this.#core.value(image, index))) return { next: key };
    }
    return begin > 0 ? DONE : undefined;
  }

  /** Reads a missing page, and leaves behind it, as far as they are in the range and under the same parent. */
  #missing(reference: PageReference, level: number): ScanStep {
    const wait = this.#reader.read(this.#treeId, reference, level);
    const parent = this.#path[this.#path.length - 1];
    if (level === LEAF_LEVEL && parent !== undefined) this.#readAhead(parent, this.#slots[this.#path.length - 1] as number);
    const { low, high, reverse } = this.#range;
    return { next: reverse ? (high ?? BEHIND_ALL_KEYS) : low, wait };
  }

  #readAhead(parent: InteriorPage, from: number): void {
    const { low, high, reverse, readAheadPages } = this.#range;
    for (let ahead = 1; ahead <= readAheadPages; ahead++) {
      const slot = reverse ? from - ahead : from + ahead;
      if (slot < 0 || slot >= parent.children.length) return;
      const bound = parent.separators[reverse ? slot + 1 : slot] as Uint8Array;
      if (reverse ? compareKeys(bound, low) <= 0 : high !== undefined && compareKeys(bound, high) >= 0) return;
      const reference = parent.child(slot);
      if (this.#cache.has(reference.id)) continue;
      // A failure is met again, and reported, when the scan comes there.
      this.#reader.read(this.#treeId, reference, LEAF_LEVEL).catch(() => undefined);
    }
  }
}
