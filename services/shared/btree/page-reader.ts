import { MalformedBytesError } from '../base/byte-reader.ts';
import type { Digest } from '../env/digest.ts';
import { type KeyValueStore, StoredDataDamagedError } from '../env/key-value-store.ts';
import { PageDamagedError } from './errors.ts';
import { leafDefect, leafTotals } from './leaf-image.ts';
import type { OverflowReference } from './leaf-image.ts';
import type { PageBuffers } from './page-buffers.ts';
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

/** The overflow page that a leaf refers to. Throws PageDamagedError when it does not hold that value. */
export function decodeOverflow(bytes: Uint8Array | undefined, treeId: number, reference: OverflowReference, digest: Digest): OverflowPage {
  const { id, valueBytes, checksum } = reference;
  const image = verifiedPage(bytes, treeId, id, OVERFLOW_LEVEL, digest);
  const length = image.length - OVERFLOW_VALUE_OFFSET;
  if (length !== valueBytes) throw new PageDamagedError(treeId, id, `${length} bytes where the leaf has ${valueBytes}`);
  if (overflowChecksum(image) !== checksum) throw new PageDamagedError(treeId, id, 'not the version that the leaf names');
  return new OverflowPage(id, image, true);
}

/** A page's bytes; undefined when it is missing, or as good as missing because its place is damaged. */
export async function readPage(store: Pick<KeyValueStore, 'get'>, id: number): Promise<Uint8Array | undefined> {
  try {
    return await store.get(pageKey(id));
  } catch (error) {
    if (error instanceof StoredDataDamagedError) return undefined;
    throw error;
  }
}

/** Brings pages into the cache; two who want the same page wait for one read. */
export class PageReader {
  readonly #store: KeyValueStore;
  readonly #digest: Digest;
  readonly #cache: PageCache;
  readonly #buffers: PageBuffers;
  readonly #writer: StoreWriter;
  readonly #underWay = new Map<number, Reading>();
  /** Also those that were forgotten. */
  readonly #unfinished = new Set<Promise<void>>();
  #pagesRead = 0;

  constructor(store: KeyValueStore, digest: Digest, cache: PageCache, buffers: PageBuffers, writer: StoreWriter) {
    this.#store = store;
    this.#digest = digest;
    this.#cache = cache;
    this.#buffers = buffers;
    this.#writer = writer;
  }

  get pagesRead(): number {
    return this.#pagesRead;
  }

  /** Rejects with PageDamagedError or with what made the store fail. */
  read(treeId: number, reference: PageReference, level: number): Promise<void> {
    return this.#read(reference.id, (bytes) => decodePage(bytes, treeId, reference, level, this.#digest));
  }

  readOverflow(treeId: number, reference: OverflowReference): Promise<void> {
    return this.#read(reference.id, (bytes) => decodeOverflow(bytes, treeId, reference, this.#digest));
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
      const page = decode(bytes);
      if (page instanceof LeafPage) page.image = this.#buffers.copy(page.image);
      this.#cache.add(page);
      this.#cache.evict();
    } finally {
      if (!reading.forgotten) this.#underWay.delete(id);
    }
  }

  async #get(id: number): Promise<Uint8Array | undefined> {
    try {
      return await readPage(this.#store, id);
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
