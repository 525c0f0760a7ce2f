import type { Digest } from '../env/digest.ts';
import type { KeyValueStore, StoreSnapshot } from '../env/key-value-store.ts';
import { PageDamagedError } from './errors.ts';
import { compareKeys } from './key-order.ts';
import { entryChecksum, entryInlineValue, entryKey, entryOverflowId, keysAscend, leafTotals, overflowReference } from './leaf-image.ts';
import { pageCount } from './page-format.ts';
import { PageIdSet } from './page-id-set.ts';
import { decodeOverflow, decodePageAlone } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import type { LeafPage } from './pages.ts';
import { GARBAGE_KEYS, keyNumber, LOAD_KEYS, NODE_KEY, PAGE_KEYS, pageKey, TREE_KEYS } from './store-keys.ts';
import { decodeGarbage, decodeNode, decodeRanges, decodeTree } from './store-records.ts';
import type { PageRange } from './store-records.ts';
import { NOTHING, PageReference, sameTotals, totalsText } from './totals.ts';
import type { Totals } from './totals.ts';

/** So many pages are read at once. */
const PAGES_AT_ONCE = 16;

/** Lists end here; the counts do not. */
const LISTED_MAX = 1000;

/**
 * - `damaged`: a page or record is missing or not what was written;
 * - `totals`: items, bytes or state hash differ from what is below;
 * - `order`: keys out of order, or outside the range that the parent gives the page;
 * - `shared`: a page is reached twice, or is reached and also marked for deletion;
 * - `value`: a value does not have its checksum;
 * - `counter`: a page id that would be given out again is in use.
 */
export type CheckProblemKind = 'damaged' | 'totals' | 'order' | 'shared' | 'value' | 'counter';

export interface CheckProblem {
  readonly kind: CheckProblemKind;
  /** 0 when no tree is concerned. */
  readonly treeId: number;
  /** 0 when no page is concerned. */
  readonly pageId: number;
  readonly detail: string;
}

export interface CheckReport {
  /** No problem and no orphan. */
  readonly sound: boolean;
  readonly trees: number;
  readonly items: number;
  /** Reached from trees, overflow pages included. */
  readonly pages: number;
  /** Pages of removed trees and abandoned loads that wait for their deletion. */
  readonly pendingPages: number;
  readonly orphanCount: number;
  /** Pages that nothing leads to: they cost space, nothing else. The first thousand. */
  readonly orphans: readonly number[];
  readonly problemCount: number;
  /** The first thousand. */
  readonly problems: readonly CheckProblem[];
}

/** True when the value has this CRC-32 in the sense of whoever wrote it; the tree itself does not know where it lies in the value. */
export type ValueVerifier = (key: Uint8Array, value: Uint8Array, checksum: number) => boolean;

/**
 * Proves on a fixed view of a tree store that each page is reached exactly once, from a tree or from a record of pending
 * deletions, or is an orphan; that keys are in order and inside their page's range; that totals, state hash and checksums
 * are right. Goes on behind what it finds. Rejects only when the store itself fails.
 */
export async function check(store: KeyValueStore, digest: Digest, verifyValue?: ValueVerifier): Promise<CheckReport> {
  const snapshot = store.snapshot();
  try {
    const run = new CheckRun(snapshot, digest, verifyValue);
    return await run.run();
  } finally {
    await snapshot.close();
  }
}

/** Where a page stands: the keys it may hold. */
interface Place {
  readonly treeId: number;
  readonly low: Uint8Array;
  readonly high: Uint8Array | undefined;
  /** Of a removed tree: pages may be gone already, and nothing but their number matters. */
  readonly pending: boolean;
}

class CheckRun {
  readonly #snapshot: StoreSnapshot;
  readonly #digest: Digest;
  readonly #verifyValue: ValueVerifier | undefined;
  readonly #reached = new PageIdSet();
  readonly #problems: CheckProblem[] = [];
  readonly #orphans: number[] = [];
  #problemCount = 0;
  #orphanCount = 0;
  #trees = 0;
  #items = 0;
  #pages = 0;
  #pendingPages = 0;

  constructor(snapshot: StoreSnapshot, digest: Digest, verifyValue: ValueVerifier | undefined) {
    this.#snapshot = snapshot;
    this.#digest = digest;
    this.#verifyValue = verifyValue;
  }

  async run(): Promise<CheckReport> {
    const nextPageId = await this.#readNode();
    for await (const [key, value] of this.#snapshot.entries(TREE_KEYS)) await this.#checkTree(keyNumber(key) ?? 0, value);
    for await (const [, value] of this.#snapshot.entries(GARBAGE_KEYS)) await this.#checkGarbage(value);
    await this.#checkPageKeys(nextPageId, await this.#readLoads());
    return {
      sound: this.#problemCount === 0 && this.#orphanCount === 0,
      trees: this.#trees,
      items: this.#items,
      pages: this.#pages,
      pendingPages: this.#pendingPages,
      orphanCount: this.#orphanCount,
      orphans: this.#orphans,
      problemCount: this.#problemCount,
      problems: this.#problems,
    };
  }

  async #readNode(): Promise<number> {
    const bytes = await this.#snapshot.get(NODE_KEY);
    if (bytes === undefined) {
      this.#report('damaged', 0, 0, 'the record of the node is missing');
      return Number.MAX_SAFE_INTEGER;
    }
    return this.#noting(() => decodeNode(bytes, this.#digest)) ?? Number.MAX_SAFE_INTEGER;
  }

  async #readLoads(): Promise<PageRange[]> {
    const ranges: PageRange[] = [];
    for await (const [, value] of this.#snapshot.entries(LOAD_KEYS))
      ranges.push(...(this.#noting(() => decodeRanges(value, this.#digest)) ?? []));
    return ranges;
  }

  async #checkTree(treeId: number, header: Uint8Array): Promise<void> {
    this.#trees += 1;
    const tree = this.#noting(() => decodeTree(treeId, header, this.#digest));
    if (tree === undefined) return;
    const place: Place = { treeId, low: new Uint8Array(0), high: undefined, pending: false };
    await this.#checkPages([tree.root], tree.rootLevel, () => place);
  }

  async #checkGarbage(record: Uint8Array): Promise<void> {
    const garbage = this.#noting(() => decodeGarbage(record, this.#digest));
    if (garbage === undefined) return;
    const place: Place = { treeId: garbage.treeId, low: new Uint8Array(0), high: undefined, pending: true };
    const root = new PageReference(garbage.rootId, NOTHING);
    await this.#checkPages([root], garbage.rootLevel, () => place);
  }

  /** Checks pages of one level under one parent, and everything below them. */
  async #checkPages(references: readonly PageReference[], level: number, placeOf: (slot: number) => Place): Promise<void> {
    for (let first = 0; first < references.length; first += PAGES_AT_ONCE) {
      const group = references.slice(first, first + PAGES_AT_ONCE);
      const read = await Promise.all(group.map((reference) => this.#snapshot.get(pageKey(reference.id))));
      for (let offset = 0; offset < group.length; offset++) {
        await this.#checkPage(group[offset] as PageReference, level, read[offset], placeOf(first + offset));
      }
    }
  }

  async #checkPage(reference: PageReference, level: number, bytes: Uint8Array | undefined, place: Place): Promise<void> {
    if (bytes === undefined && place.pending) return;
    if (!this.#reach(reference.id, place)) return;
    const page = this.#noting(() => decodePageAlone(bytes, place.treeId, reference.id, level, this.#digest));
    if (page === undefined) return;
    if (page instanceof InteriorPage) await this.#checkInterior(page, reference, place);
    else await this.#checkLeaf(page, reference, place);
  }

  async #checkInterior(page: InteriorPage, reference: PageReference, place: Place): Promise<void> {
    const separators = page.separators;
    if (!place.pending) {
      this.#compareTotals(page.totals(), reference, place);
      if (page.children.length === 0) this.#report('damaged', place.treeId, page.id, 'no children');
      for (let slot = 1; slot < separators.length; slot++) {
        if (compareKeys(separators[slot - 1] as Uint8Array, separators[slot] as Uint8Array) >= 0) {
          this.#report('order', place.treeId, page.id, `separator ${slot} is not greater than the one before`);
        }
      }
      if (separators.length > 1)
        this.#checkBounds(separators[1] as Uint8Array, separators[separators.length - 1] as Uint8Array, page.id, place);
    }
    await this.#checkPages(page.children, page.level - 1, (slot) => ({
      treeId: place.treeId,
      low: slot === 0 ? place.low : (separators[slot] as Uint8Array),
      high: separators[slot + 1] ?? place.high,
      pending: place.pending,
    }));
  }

  async #checkLeaf(page: LeafPage, reference: PageReference, place: Place): Promise<void> {
    const image = page.image;
    const count = pageCount(image);
    if (!place.pending) {
      this.#items += count;
      this.#compareTotals(leafTotals(image), reference, place);
      if (!keysAscend(image)) this.#report('order', place.treeId, page.id, 'keys out of order');
      if (count > 0) this.#checkBounds(entryKey(image, 0), entryKey(image, count - 1), page.id, place);
    }
    for (let index = 0; index < count; index++) {
      if (entryOverflowId(image, index) !== 0) await this.#checkOverflow(image, index, place);
      else if (!place.pending) this.#checkValue(image, index, entryInlineValue(image, index), page.id, place);
    }
  }

  async #checkOverflow(leaf: Buffer, index: number, place: Place): Promise<void> {
    const id = entryOverflowId(leaf, index);
    const bytes = await this.#snapshot.get(pageKey(id));
    if (bytes === undefined && place.pending) return;
    if (!this.#reach(id, place) || place.pending) return;
    const page = this.#noting(() => decodeOverflow(bytes, place.treeId, overflowReference(leaf, index), this.#digest));
    if (page !== undefined) this.#checkValue(leaf, index, page.value, id, place);
  }

  #checkValue(leaf: Buffer, index: number, value: Uint8Array, pageId: number, place: Place): void {
    if (this.#verifyValue === undefined || this.#verifyValue(entryKey(leaf, index), value, entryChecksum(leaf, index))) return;
    this.#report('value', place.treeId, pageId, `value of entry ${index} differs from its checksum`);
  }

  #checkBounds(least: Uint8Array, greatest: Uint8Array, pageId: number, place: Place): void {
    const below = compareKeys(least, place.low) < 0;
    const above = place.high !== undefined && compareKeys(greatest, place.high) >= 0;
    if (below || above) this.#report('order', place.treeId, pageId, 'keys outside the range that the parent gives the page');
  }

  #compareTotals(found: Totals, reference: PageReference, place: Place): void {
    if (sameTotals(found, reference)) return;
    this.#report('totals', place.treeId, reference.id, `${totalsText(found)} where its parent has ${totalsText(reference)}`);
  }

  /** Counts a page as reached; false when it was before. */
  #reach(id: number, place: Place): boolean {
    if (!this.#reached.add(id)) {
      this.#report('shared', place.treeId, id, place.pending ? 'marked for deletion, but reached otherwise' : 'reached twice');
      return false;
    }
    if (place.pending) this.#pendingPages += 1;
    else this.#pages += 1;
    return true;
  }

  /** Every page in the store must have been reached, or belong to a load that was given up. */
  async #checkPageKeys(nextPageId: number, loads: readonly PageRange[]): Promise<void> {
    for await (const [key] of this.#snapshot.entries(PAGE_KEYS)) {
      const id = keyNumber(key) ?? 0;
      if (id >= nextPageId) this.#report('counter', 0, id, `the next page would be ${nextPageId}`);
      const loaded = loads.some((range) => id >= range.first && id < range.end);
      const reached = this.#reached.has(id);
      if (loaded && reached) this.#report('shared', 0, id, 'marked for deletion with a load, but reached otherwise');
      if (reached) continue;
      if (loaded) {
        this.#pendingPages += 1;
        continue;
      }
      this.#orphanCount += 1;
      if (this.#orphans.length < LISTED_MAX) this.#orphans.push(id);
    }
  }

  #noting<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof PageDamagedError)) throw error;
      this.#report('damaged', error.treeId, error.pageId, error.reason);
      return undefined;
    }
  }

  #report(kind: CheckProblemKind, treeId: number, pageId: number, detail: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < LISTED_MAX) this.#problems.push({ kind, treeId, pageId, detail });
  }
}
