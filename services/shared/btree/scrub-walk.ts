import type { Digest } from '../env/digest.ts';
import type { ValueVerifier } from './check.ts';
import { PageDamagedError } from './errors.ts';
import { compareKeys } from './key-order.ts';
import { entryChecksum, entryInlineValue, entryKey, entryOverflowId, keysAscend, overflowReference } from './leaf-image.ts';
import { pageCount } from './page-format.ts';
import { decodeOverflow, decodePage } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import type { LeafPage } from './pages.ts';
import type { StoredTree } from './store-records.ts';
import type { PageReference } from './totals.ts';

/** What was verified since the step before: one page, or a leaf's value in a page of its own. */
export interface ScrubStep {
  readonly bytes: number;
  /** Everything below this key is verified; undefined while that has not changed, and at the end. */
  readonly below: Uint8Array | undefined;
}

/** Reads a page; undefined when it is missing. */
export type PageRead = (id: number) => Promise<Uint8Array | undefined>;

/** The keys that a page may hold. */
interface Bounds {
  readonly low: Uint8Array;
  readonly high: Uint8Array | undefined;
}

/**
 * Reads the pages of one tree that hold keys at or above `from`, one after the other, and verifies of each what it says itself
 * (CRC-32, id, level), what its parent says of it (items, bytes, state hash), and what `check` proves: keys in order and inside
 * the page's bounds, every value with its checksum. Throws PageDamagedError at the first page that is not as it should be.
 *
 * A page that were reached twice would have keys outside the bounds of one of its parents: so nothing is remembered, and a tree
 * of any size costs one path of pages in memory.
 */
export async function* scrubWalk(
  read: PageRead,
  tree: StoredTree,
  from: Uint8Array,
  digest: Digest,
  verifyValue: ValueVerifier,
): AsyncGenerator<ScrubStep, void, undefined> {
  const walk = new ScrubWalk(read, tree.treeId, from, digest, verifyValue);
  yield* walk.below(tree.root, tree.rootLevel, { low: EMPTY, high: undefined });
}

class ScrubWalk {
  readonly #read: PageRead;
  readonly #treeId: number;
  readonly #from: Uint8Array;
  readonly #digest: Digest;
  readonly #verifyValue: ValueVerifier;

  constructor(read: PageRead, treeId: number, from: Uint8Array, digest: Digest, verifyValue: ValueVerifier) {
    this.#read = read;
    this.#treeId = treeId;
    this.#from = from;
    this.#digest = digest;
    this.#verifyValue = verifyValue;
  }

  async *below(reference: PageReference, level: number, bounds: Bounds): AsyncGenerator<ScrubStep, void, undefined> {
    const bytes = await this.#read(reference.id);
    const page = decodePage(bytes, this.#treeId, reference, level, this.#digest);
    if (page instanceof InteriorPage) {
      yield { bytes: bytes?.length ?? 0, below: undefined };
      yield* this.#interior(page, bounds);
    } else {
      yield* this.#leaf(page, bounds);
    }
  }

  async *#interior(page: InteriorPage, bounds: Bounds): AsyncGenerator<ScrubStep, void, undefined> {
    const { separators, children, id } = page;
    if (children.length === 0) throw this.#damaged(id, 'no children');
    let before = bounds.low;
    for (let slot = 1; slot < separators.length; slot++) {
      const separator = separators[slot] as Uint8Array;
      const inOrder = compareKeys(before, separator) < 0 || (slot === 1 && compareKeys(before, separator) === 0);
      if (!inOrder || isAbove(separator, bounds)) throw this.#damaged(id, `separator ${slot} is out of order`);
      before = separator;
    }
    for (let slot = 0; slot < children.length; slot++) {
      const low = slot === 0 ? bounds.low : (separators[slot] as Uint8Array);
      const high = separators[slot + 1] ?? bounds.high;
      if (high !== undefined && compareKeys(high, this.#from) <= 0) continue;
      yield* this.below(page.child(slot), page.level - 1, { low, high });
    }
  }

  async *#leaf({ image, id }: LeafPage, bounds: Bounds): AsyncGenerator<ScrubStep, void, undefined> {
    const count = pageCount(image);
    if (!keysAscend(image)) throw this.#damaged(id, 'keys out of order');
    if (count > 0 && (compareKeys(entryKey(image, 0), bounds.low) < 0 || isAbove(entryKey(image, count - 1), bounds))) {
      throw this.#damaged(id, 'keys outside the range that the parent gives the page');
    }
    for (let index = 0; index < count; index++) {
      if (entryOverflowId(image, index) === 0) this.#value(image, index, entryInlineValue(image, index), id);
      else yield await this.#overflow(image, index);
    }
    yield { bytes: image.length, below: bounds.high };
  }

  async #overflow(leaf: Buffer, index: number): Promise<ScrubStep> {
    const reference = overflowReference(leaf, index);
    const bytes = await this.#read(reference.id);
    const page = decodeOverflow(bytes, this.#treeId, reference, this.#digest);
    this.#value(leaf, index, page.value, page.id);
    return { bytes: bytes?.length ?? 0, below: undefined };
  }

  #value(leaf: Buffer, index: number, value: Uint8Array, pageId: number): void {
    if (this.#verifyValue(entryKey(leaf, index), value, entryChecksum(leaf, index))) return;
    throw this.#damaged(pageId, `value of entry ${index} differs from its checksum`);
  }

  #damaged(pageId: number, reason: string): PageDamagedError {
    return new PageDamagedError(this.#treeId, pageId, reason);
  }
}

function isAbove(key: Uint8Array, { high }: Bounds): boolean {
  return high !== undefined && compareKeys(key, high) >= 0;
}

const EMPTY = new Uint8Array(0);
