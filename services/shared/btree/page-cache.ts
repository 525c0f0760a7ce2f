import { assert } from '../base/assert.ts';
import { bufferBytes } from './page-buffers.ts';
import type { PageBuffers } from './page-buffers.ts';
import { InteriorPage, LeafPage } from './pages.ts';
import type { Page } from './pages.ts';

/** A page used by one of so many last operations is not evicted, or a fetch and the operation after it could miss each other for ever. */
const PROTECTED_OPERATIONS = 16;

/** What a page in memory costs beside its bytes: objects, buffer, table entry; and each child of an interior page. */
const PAGE_OVERHEAD_BYTES = 400;
const CHILD_OVERHEAD_BYTES = 180;

/** In the place of the image of a leaf that is gone, so that a use of it shows. */
const NO_IMAGE = Buffer.alloc(0);

/** The table is cut into parts, because growing one large Map would stop the loop for tens of milliseconds. */
const TABLE_PARTS = 256;

/**
 * All pages in memory, of all trees of the node. Clean pages may be evicted, by the clock algorithm with the operation
 * number as the mark of use; pages that are dirty or being written are not on the clock at all, so that evicting takes
 * constant time however many of them there are.
 */
export class PageCache {
  readonly #table: Map<number, Page>[] = Array.from({ length: TABLE_PARTS }, () => new Map<number, Page>());
  readonly #clock: Page[] = [];
  readonly #bytesMax: number;
  readonly #buffers: PageBuffers;
  #hand = 0;
  #bytes = 0;
  #pages = 0;
  #operation = 0;
  #evictions = 0;

  constructor(bytesMax: number, buffers: PageBuffers) {
    this.#bytesMax = bytesMax;
    this.#buffers = buffers;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get pages(): number {
    return this.#pages;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** Begins an operation: what it uses from here on counts as used now. The number wraps around within 32 bits. */
  startOperation(): void {
    this.#operation = (this.#operation + 1) | 0;
  }

  /** The page, marked as used. */
  get(id: number): Page | undefined {
    const page = this.#part(id).get(id);
    if (page !== undefined) page.usedAt = this.#operation;
    return page;
  }

  has(id: number): boolean {
    return this.#part(id).has(id);
  }

  add(page: Page): void {
    const part = this.#part(page.id);
    assert(!part.has(page.id), () => `page ${page.id} is in memory twice`);
    part.set(page.id, page);
    this.#pages += 1;
    page.usedAt = this.#operation;
    page.passedAt = this.#operation;
    this.resize(page);
    this.settle(page);
  }

  /** Takes a page out for good; the buffer of a leaf is used again. */
  remove(page: Page): void {
    this.#leaveClock(page);
    this.#part(page.id).delete(page.id);
    this.#pages -= 1;
    this.#bytes -= page.footprintBytes;
    page.footprintBytes = 0;
    if (!(page instanceof LeafPage)) return;
    this.#buffers.give(page.image);
    page.image = NO_IMAGE;
  }

  /** To be called after the size of a page has changed. */
  resize(page: Page): void {
    const footprintBytes = PAGE_OVERHEAD_BYTES + heldBytes(page);
    this.#bytes += footprintBytes - page.footprintBytes;
    page.footprintBytes = footprintBytes;
  }

  /** To be called after `dirty` or `writing` has changed: puts the page on the clock or takes it off. */
  settle(page: Page): void {
    const evictable = !page.dirty && !page.writing;
    if (!evictable) {
      this.#leaveClock(page);
    } else if (page.clockPosition < 0) {
      page.clockPosition = this.#clock.length;
      this.#clock.push(page);
    }
  }

  /** Evicts clean pages until the budget holds or nothing more can go. */
  evict(): void {
    let looks = 2 * this.#clock.length;
    while (this.#bytes > this.#bytesMax && looks > 0 && this.#clock.length > 0) {
      looks -= 1;
      if (this.#hand >= this.#clock.length) this.#hand = 0;
      const page = this.#clock[this.#hand] as Page;
      if (((this.#operation - page.usedAt) | 0) < PROTECTED_OPERATIONS || ((page.usedAt - page.passedAt) | 0) > 0) {
        page.passedAt = this.#operation;
        this.#hand += 1;
      } else {
        this.remove(page);
        this.#evictions += 1;
      }
    }
  }

  #leaveClock(page: Page): void {
    const position = page.clockPosition;
    if (position < 0) return;
    const last = this.#clock.pop() as Page;
    if (last !== page) {
      this.#clock[position] = last;
      last.clockPosition = position;
    }
    page.clockPosition = -1;
  }

  #part(id: number): Map<number, Page> {
    return this.#table[id & (TABLE_PARTS - 1)] as Map<number, Page>;
  }
}

/** What a page holds, with the objects of an interior page and the room to grow of a leaf. */
function heldBytes(page: Page): number {
  if (page instanceof LeafPage) return bufferBytes(page.image);
  return page.encodedBytes + (page instanceof InteriorPage ? page.children.length * CHILD_OVERHEAD_BYTES : 0);
}
