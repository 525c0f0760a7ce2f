import type { Digest } from '../env/digest.ts';
import { type KeyValueStore, StoredDataDamagedError, type StoreSnapshot } from '../env/key-value-store.ts';
import type { ValueVerifier } from './check.ts';
import { PageDamagedError } from './errors.ts';
import { entryChecksum, entryInlineValue, entryItemBytes, entryKey, entryOverflowId, overflowReference } from './leaf-image.ts';
import { LEAF_LEVEL, pageCount } from './page-format.ts';
import { decodeOverflow, decodePage, readPage } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import type { LeafPage } from './pages.ts';
import { type ScrubStep, scrubWalk } from './scrub-walk.ts';
import { treeKey } from './store-keys.ts';
import { decodeTree } from './store-records.ts';
import type { StoredTree, TreeHeader } from './store-records.ts';
import type { PageReference } from './totals.ts';

/** So many children of an interior page are read at once. */
const READ_AHEAD_PAGES = 8;

/** Key, value, the value's CRC-32 and its size in DynamoDB's accounting: what a load needs. */
export type PinnedEntry = readonly [key: Uint8Array, value: Uint8Array, checksum: number, itemBytes: number];

/** A tree as its last checkpoint left it, whatever is written meanwhile. */
export interface PinnedTree extends TreeHeader {
  /** All entries in the order of their keys. Each page is verified; throws PageDamagedError. */
  entries(): AsyncIterableIterator<PinnedEntry>;
  /** Verifies everything that holds keys at or above `from`, page by page (scrub-walk.ts). Throws PageDamagedError. */
  scrub(from: Uint8Array, verifyValue: ValueVerifier): AsyncIterableIterator<ScrubStep>;
  /** Must be called, after the last iterator has ended. */
  close(): Promise<void>;
}

/** What a pinned tree is read from. */
export interface PinnedParts {
  readonly store: KeyValueStore;
  readonly digest: Digest;
  /** A read failed, and with it the store: whoever asked for the entries hears of it too. */
  storeFailed(error: unknown): void;
}

/** Rejects with PageDamagedError when the tree has no intact header. */
export async function openPinnedTree(parts: PinnedParts, treeId: number): Promise<PinnedTree> {
  const snapshot = parts.store.snapshot();
  try {
    const bytes = await reading(parts, () => snapshot.get(treeKey(treeId)));
    if (bytes === undefined) throw new PageDamagedError(treeId, 0, 'missing');
    return new SnapshotTree(snapshot, parts, decodeTree(treeId, bytes, parts.digest));
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

/** Undefined, too, when the place of what is read is damaged. */
async function reading<T>(parts: PinnedParts, read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoredDataDamagedError) return undefined;
    parts.storeFailed(error);
    throw error;
  }
}

class SnapshotTree implements PinnedTree {
  readonly treeId: number;
  readonly meta: Uint8Array;
  readonly items: number;
  readonly itemBytes: number;
  readonly stateHash: string;
  readonly #snapshot: StoreSnapshot;
  readonly #parts: PinnedParts;
  readonly #tree: StoredTree;

  constructor(snapshot: StoreSnapshot, parts: PinnedParts, tree: StoredTree) {
    this.treeId = tree.treeId;
    this.meta = tree.meta;
    this.items = tree.items;
    this.itemBytes = tree.itemBytes;
    this.stateHash = tree.stateHash;
    this.#snapshot = snapshot;
    this.#parts = parts;
    this.#tree = tree;
  }

  async *entries(): AsyncIterableIterator<PinnedEntry> {
    for await (const leaf of this.#leaves(this.#tree.root, this.#tree.rootLevel)) {
      const image = leaf.image;
      for (let index = 0; index < pageCount(image); index++) {
        const value = entryOverflowId(image, index) === 0 ? entryInlineValue(image, index) : await this.#overflowValue(image, index);
        yield [entryKey(image, index), value, entryChecksum(image, index), entryItemBytes(image, index)];
      }
    }
  }

  scrub(from: Uint8Array, verifyValue: ValueVerifier): AsyncIterableIterator<ScrubStep> {
    return scrubWalk((id) => this.#read(id), this.#tree, from, this.#parts.digest, verifyValue);
  }

  close(): Promise<void> {
    return this.#snapshot.close();
  }

  async *#leaves(root: PageReference, rootLevel: number): AsyncGenerator<LeafPage, void, undefined> {
    const page = await this.#page(root, rootLevel);
    if (page instanceof InteriorPage) yield* this.#leavesBelow(page);
    else yield page;
  }

  async *#leavesBelow(parent: InteriorPage): AsyncGenerator<LeafPage, void, undefined> {
    const ahead: Promise<LeafPage | InteriorPage>[] = [];
    const readAheadPages = parent.level - 1 === LEAF_LEVEL ? READ_AHEAD_PAGES : 1;
    let started = 0;
    try {
      for (let slot = 0; slot < parent.children.length; slot++) {
        for (; started < Math.min(parent.children.length, slot + readAheadPages); started++) {
          ahead.push(this.#page(parent.child(started), parent.level - 1));
        }
        const page = await (ahead[0] as Promise<LeafPage | InteriorPage>);
        void ahead.shift();
        if (page instanceof InteriorPage) yield* this.#leavesBelow(page);
        else yield page;
      }
    } finally {
      // Reads that nobody waits for any more must have ended before the snapshot is closed.
      await Promise.allSettled(ahead);
    }
  }

  async #page(reference: PageReference, level: number): Promise<LeafPage | InteriorPage> {
    const bytes = await this.#read(reference.id);
    return decodePage(bytes, this.treeId, reference, level, this.#parts.digest);
  }

  async #overflowValue(leaf: Buffer, index: number): Promise<Uint8Array> {
    const reference = overflowReference(leaf, index);
    const bytes = await this.#read(reference.id);
    return decodeOverflow(bytes, this.treeId, reference, this.#parts.digest).value;
  }

  /** Every page is read by this alone, so that no failure of the store stays with whoever met it. */
  #read(id: number): Promise<Uint8Array | undefined> {
    return reading(this.#parts, () => readPage(this.#snapshot, id));
  }
}
