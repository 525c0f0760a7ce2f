import type { PageCache } from './page-cache.ts';
import type { Page } from './pages.ts';
import type { PageReader } from './page-reader.ts';

/** What one checkpoint writes: pages as they were at the call (by capturedImage), and the ids of pages gone since the one before. */
export interface Capture {
  readonly pages: readonly Page[];
  readonly deleted: readonly number[];
}

/** The pages of one tree that differ from the disk, and the way that pages of the tree come and go. */
export class DirtyPages {
  readonly #cache: PageCache;
  readonly #reader: PageReader;
  #pages = new Set<Page>();
  #deleted: number[] = [];
  #bytes = 0;

  constructor(cache: PageCache, reader: PageReader) {
    this.#cache = cache;
    this.#reader = reader;
  }

  /** Bytes that a checkpoint now would write. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be called before a page is changed. */
  change(page: Page): void {
    if (page.dirty) return;
    captureNow(page);
    page.dirty = true;
    this.#pages.add(page);
    this.#count(page, page.encodedBytes);
    this.#cache.settle(page);
  }

  /** To be called after a page was changed. */
  resized(page: Page): void {
    this.#count(page, page.encodedBytes);
    this.#cache.resize(page);
  }

  /** Takes up a page that is not in memory yet. */
  add(page: Page): void {
    this.#reader.forget(page.id);
    page.dirty = true;
    this.#pages.add(page);
    this.#count(page, page.encodedBytes);
    this.#cache.add(page);
  }

  /** Gives a page up: the next checkpoint deletes it. */
  release(page: Page): void {
    captureNow(page);
    page.released = true;
    this.#pages.delete(page);
    this.#count(page, 0);
    this.#cache.remove(page);
    if (page.stored) this.#deleted.push(page.id);
  }

  /** Gives a page up that may not be in memory; then it is on the disk. */
  releaseById(id: number): void {
    const page = this.#cache.get(id);
    if (page !== undefined) {
      this.release(page);
      return;
    }
    this.#deleted.push(id);
  }

  /** Takes everything that has changed so far; what changes from now on belongs to the next checkpoint. */
  capture(): Capture {
    const pages = [...this.#pages];
    for (const page of pages) {
      this.#count(page, 0);
      page.dirty = false;
      page.writing = true;
      page.awaitsCapture = true;
      page.stored = true;
    }
    const capture = { pages, deleted: this.#deleted };
    this.#pages = new Set();
    this.#deleted = [];
    return capture;
  }

  /** Ends a capture: its pages are as on the disk, or belong to a tree that has ended. */
  settle(capture: Capture): void {
    for (const page of capture.pages) {
      page.writing = false;
      if (!page.released) this.#cache.settle(page);
    }
    this.#cache.evict();
  }

  /** Forgets every change, at the end of the tree. */
  discard(): void {
    for (const page of this.#pages) {
      page.released = true;
      this.#cache.remove(page);
    }
    this.#pages = new Set();
    this.#deleted = [];
    this.#bytes = 0;
  }

  #count(page: Page, bytes: number): void {
    this.#bytes += bytes - page.dirtyBytes;
    page.dirtyBytes = bytes;
  }
}

/** Copies what a running checkpoint has still to take. Releasing counts as a change: memory and references are used elsewhere. */
function captureNow(page: Page): void {
  if (!page.awaitsCapture) return;
  page.captured = page.encodeCopy();
  page.awaitsCapture = false;
}

/** The bytes to write for a captured page; until its next change at least they stay. */
export function capturedImage(page: Page): Buffer {
  const image = page.captured ?? page.encode();
  page.captured = undefined;
  page.awaitsCapture = false;
  return image;
}
