import { MalformedBytesError } from '../base/byte-reader.ts';
import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import { PageDamagedError } from './errors.ts';
import { entryChecksum, entryOverflowId, entryValueBytes, leafDefect, leafTotals } from './leaf-image.ts';
import type { PageCache } from './page-cache.ts';
import { LEAF_LEVEL, OVERFLOW_LEVEL, verifiedPage } from './page-format.ts';
import { decodeInterior, type InteriorPage, LeafPage, OVERFLOW_VALUE_OFFSET, OverflowPage, overflowChecksum } from './pages.ts';
import type { Page } from './pages.ts';
import { pageKey } from './store-keys.ts';
import type { StoreWriter } from './store-writer.ts';
import { sameTotals, totalsText } from './totals.ts';
import type { PageReference, Totals } from './totals.ts';

/** Reads a page of a tree from stored bytes and compares it with what its parent says of it. Throws PageDamagedError. */
export function decodePage(
  bytes: Uint8Array | undefined,
  treeId: number,
  reference: PageReference,
  level: number,
  digest: Digest,
): LeafPage | InteriorPage {
  const page = decodePageAlone(bytes, treeId, reference.id, level, digest);
  const found: Totals = page instanceof LeafPage ? leafTotals(page.image) : page.totals();
  if (!sameTotals(found, reference)) {
    throw new PageDamagedError(treeId, page.id, `${totalsText(found)} where its parent has ${totalsText(reference)}`);
  }
  return page;
}

/** The same without a parent to compare with. */
export function decodePageAlone(
  bytes: Uint8Array | undefined,
  treeId: number,
  id: number,
  level: number,
  digest: Digest,
): LeafPage | InteriorPage {
  const image = verifiedPage(bytes, treeId, id, level, digest);
  if (level === LEAF_LEVEL) {
    const defect = leafDefect(image);
    if (defect !== undefined) throw new PageDamagedError(treeId, id, defect);
    return new LeafPage(id, image, true);
  }
  try {
    return decodeInterior(id, image);
  } catch (error) {
    if (error instanceof MalformedBytesError) throw new PageDamagedError(treeId, id, error.message);
    throw error;
  }
}

/** The overflow page of entry `index` of a leaf. Throws PageDamagedError when it is not the value that the entry names. */
export function decodeOverflow(bytes: Uint8Array | undefined, treeId: number, leaf: Buffer, index: number, digest: Digest): OverflowPage {
  const id = entryOverflowId(leaf, index);
  const image = verifiedPage(bytes, treeId, id, OVERFLOW_LEVEL, digest);
  const length = image.length - OVERFLOW_VALUE_OFFSET;
  if (length !== entryValueBytes(leaf, index)) {
    throw new PageDamagedError(treeId, id, `${length} bytes where the leaf has ${entryValueBytes(leaf, index)}`);
  }
  if (overflowChecksum(image) !== entryChecksum(leaf, index)) throw new PageDamagedError(treeId, id, 'not the version that the leaf names');
  return new OverflowPage(id, image, true);
}

/** Brings pages into the cache; two who want the same page wait for one read. */
export class PageReader {
  readonly #store: KeyValueStore;
  readonly #digest: Digest;
  readonly #cache: PageCache;
  readonly #writer: StoreWriter;
  readonly #underWay = new Map<number, Reading>();
  /** Also those that were forgotten. */
  readonly #unfinished = new Set<Promise<void>>();
  #pagesRead = 0;

  constructor(store: KeyValueStore, digest: Digest, cache: PageCache, writer: StoreWriter) {
    this.#store = store;
    this.#digest = digest;
    this.#cache = cache;
    this.#writer = writer;
  }

  get pagesRead(): number {
    return this.#pagesRead;
  }

  /** Rejects with PageDamagedError or with what made the store fail. */
  read(treeId: number, reference: PageReference, level: number): Promise<void> {
    return this.#read(reference.id, (bytes) => decodePage(bytes, treeId, reference, level, this.#digest));
  }

  readOverflow(treeId: number, leaf: Buffer, index: number): Promise<void> {
    return this.#read(entryOverflowId(leaf, index), (bytes) => decodeOverflow(bytes, treeId, leaf, index, this.#digest));
  }

  /** Makes a read under way come to nothing, because what it will find has been replaced. Whoever waits looks again. */
  forget(id: number): void {
    const reading = this.#underWay.get(id);
    if (reading === undefined) return;
    reading.forgotten = true;
    this.#underWay.delete(id);
  }

  /** Resolves when no read is under way; nobody may begin one meanwhile. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#unfinished]);
  }

  #read(id: number, decode: (bytes: Uint8Array | undefined) => Page): Promise<void> {
    const running = this.#underWay.get(id);
    if (running !== undefined) return running.finished;
    const reading = new Reading();
    this.#underWay.set(id, reading);
    const finished = this.#finish(id, reading, decode).finally(() => this.#unfinished.delete(finished));
    this.#unfinished.add(finished);
    reading.finished = finished;
    return finished;
  }

  async #finish(id: number, reading: Reading, decode: (bytes: Uint8Array | undefined) => Page): Promise<void> {
    try {
      const bytes = await this.#get(id);
      this.#pagesRead += 1;
      if (reading.forgotten) return;
      this.#cache.add(decode(bytes));
      this.#cache.evict();
    } finally {
      if (!reading.forgotten) this.#underWay.delete(id);
    }
  }

  async #get(id: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#store.get(pageKey(id));
    } catch (error) {
      this.#writer.fail(error);
      throw error;
    }
  }
}

class Reading {
  finished: Promise<void> = Promise.resolve();
  forgotten = false;
}
