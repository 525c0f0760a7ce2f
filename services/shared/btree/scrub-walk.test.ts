import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { PageDamagedError } from './errors.ts';
import { leafTotals, replaceEntry } from './leaf-image.ts';
import { crc32, MemoryStore, testDigest } from './memory-store.fixture.ts';
import { PageBuffers } from './page-buffers.ts';
import { pageCount, seal } from './page-format.ts';
import { decodePageAlone } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import { openPinnedTree } from './pinned-tree.ts';
import { keyNumber, PAGE_KEYS, pageKey, treeKey } from './store-keys.ts';
import { decodeTree, encodeTree, storedTree } from './store-records.ts';
import type { StoredTree } from './store-records.ts';
import { PageReference } from './totals.ts';
import { openPages, put } from './tree-harness.fixture.ts';

const TREE = 9;
const NO_META = Buffer.alloc(0);
const START: Uint8Array = new Uint8Array(0);
const buffers = new PageBuffers();

const verifyValue = (_key: Uint8Array, value: Uint8Array, checksum: number): boolean => crc32(value) === checksum;

describe('scrub of a tree', () => {
  let store: MemoryStore;
  let tree: StoredTree;

  /** A sound tree of three levels with an overflow value. */
  beforeEach(async () => {
    store = new MemoryStore();
    const pages = await openPages(store);
    const made = await pages.createTree(TREE, NO_META);
    for (let number = 0; number < 120; number++) {
      const key = Buffer.concat([Buffer.alloc(600, 0x63), Buffer.from(String(number).padStart(5, '0'))]);
      await put(made, key, Buffer.alloc(number === 60 ? 9000 : 500, number));
    }
    await made.checkpoint(NO_META);
    await pages.close();
    tree = decodeTree(TREE, store.peek(treeKey(TREE)) as Buffer, testDigest);
    assert.ok(tree.rootLevel >= 2);
  });

  /** Walks from `from` for so many leaves; what it came to. */
  async function walk(
    from = START,
    leavesMax = Number.MAX_SAFE_INTEGER,
  ): Promise<{ pages: number; bytes: number; below: Uint8Array | undefined }> {
    const pinned = await openPinnedTree({ store, digest: testDigest, storeFailed: assert.fail }, TREE);
    const seen = { pages: 0, bytes: 0, below: undefined as Uint8Array | undefined };
    let leaves = 0;
    try {
      for await (const { bytes, below } of pinned.scrub(from, verifyValue)) {
        seen.pages += 1;
        seen.bytes += bytes;
        if (below !== undefined) seen.below = below;
        if (below !== undefined && ++leaves === leavesMax) break;
      }
      return seen;
    } finally {
      await pinned.close();
    }
  }

  async function damage(): Promise<PageDamagedError> {
    let found: unknown;
    await walk().catch((error: unknown) => {
      found = error;
    });
    assert.ok(found instanceof PageDamagedError, String(found));
    assert.equal(store.openSnapshots, 0);
    return found;
  }

  function pageKeys(): Uint8Array[] {
    return store.keys().filter((key) => key[0] === PAGE_KEYS.low[0]);
  }

  function interior(id: number, level: number): InteriorPage {
    const page = decodePageAlone(store.peek(pageKey(id)), TREE, id, level, testDigest);
    assert.ok(page instanceof InteriorPage);
    return page;
  }

  function lowest(): InteriorPage {
    return firstAt(1);
  }

  /** The first page of this level. */
  function firstAt(level: number): InteriorPage {
    let page = interior(tree.root.id, tree.rootLevel);
    while (page.level > level) page = interior(page.child(0).id, page.level - 1);
    return page;
  }

  function write(page: InteriorPage): void {
    store.poke(pageKey(page.id), seal(page.encode(), testDigest));
  }

  it('reads every page of a sound tree once', async () => {
    const keys = pageKeys();
    const bytes = keys.reduce((sum, key) => sum + (store.peek(key) as Buffer).length, 0);
    const seen = await walk();
    assert.deepEqual([seen.pages, seen.bytes], [keys.length, bytes]);
  });

  it('goes on where it left off, reads each leaf once, and only a path of interior pages again', async () => {
    let slices = 0;
    let pages = 0;
    for (let from: Uint8Array | undefined = START; from !== undefined; slices++) {
      const seen = await walk(from, 3);
      pages += seen.pages;
      from = seen.below;
    }
    const whole = pageKeys().length;
    assert.ok(slices > 5);
    assert.ok(pages >= whole && pages <= whole + slices * tree.rootLevel, `${pages} pages in ${slices} slices of ${whole}`);
  });

  it('finds a flipped bit in any page', async () => {
    for (const key of pageKeys()) {
      const sound = store.peek(key) as Buffer;
      for (const at of [0, 4, 5, 7, 15, 16, sound.length - 1]) {
        const flipped = Buffer.from(sound);
        flipped[at] = (flipped[at] as number) ^ 4;
        store.poke(key, flipped);
        assert.equal((await damage()).pageId, keyNumber(key));
      }
      store.poke(key, sound);
    }
  });

  it('finds a page that is whole but not the one that its parent means', async () => {
    const page = lowest();
    page.child(2).add(1, 0, 0, 0);
    write(page);
    assert.match((await damage()).reason, /where its parent has/);
  });

  it('finds keys out of order in a page, outside its bounds, and separators out of order', async () => {
    const page = lowest();
    const id = page.child(0).id;
    const sound = store.peek(pageKey(id)) as Buffer;
    const value = Buffer.from('x');
    const entry = { key: Buffer.from('zzz'), value, overflowId: 0, valueBytes: 1, checksum: crc32(value), itemBytes: 1 };
    const removed = { first: [0, 1], last: [pageCount(sound) - 1, 1] } as const;
    for (const [[index, count], reason] of [
      [removed.first, 'keys out of order'],
      [removed.last, 'keys outside the range that the parent gives the page'],
    ] as const) {
      const image = seal(replaceEntry(buffers.copy(sound), index, count, entry, buffers), testDigest);
      store.poke(pageKey(id), image);
      // The parent's totals are made to agree: only the order is wrong.
      const parent = lowest();
      const { items, itemBytes, hashA, hashB } = totalsOf(image, id);
      const child = parent.child(0);
      child.add(items - child.items, itemBytes - child.itemBytes, hashA - child.hashA, hashB - child.hashB);
      await expectReason(parent, reason);
    }
    store.poke(pageKey(id), sound);
    page.separators.splice(1, 2, page.separators[2] as Uint8Array, page.separators[1] as Uint8Array);
    await expectReason(page, 'separator 2 is out of order');
  });

  function totalsOf(image: Buffer, id: number) {
    const page = decodePageAlone(image, TREE, id, 0, testDigest);
    assert.ok(!(page instanceof InteriorPage));
    return leafTotals(page.image);
  }

  /** With this page in the place of the lowest one, and totals that agree all the way up. */
  async function expectReason(page: InteriorPage, reason: string): Promise<void> {
    const saved = pageKeys().map((key) => [key, store.peek(key)] as const);
    const header = store.peek(treeKey(TREE));
    write(page);
    let below = page;
    while (below.id !== tree.root.id) {
      const parent = firstAt(below.level + 1);
      const totals = below.totals();
      const child = parent.child(0);
      child.add(totals.items - child.items, totals.itemBytes - child.itemBytes, totals.hashA - child.hashA, totals.hashB - child.hashB);
      write(parent);
      below = parent;
    }
    const root = new PageReference(tree.root.id, below.totals());
    store.poke(treeKey(TREE), encodeTree(storedTree(TREE, root, tree.rootLevel, NO_META), testDigest));
    assert.equal((await damage()).reason, reason);
    for (const [key, value] of saved) store.poke(key, value);
    store.poke(treeKey(TREE), header);
  }

  it('finds a value that does not have its checksum', async () => {
    const id = lowest().child(0).id;
    const sound = store.peek(pageKey(id)) as Buffer;
    const wrong = Buffer.from(sound);
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
    store.poke(pageKey(id), seal(wrong, testDigest));
    assert.match((await damage()).reason, /differs from its checksum/);
  });

  it('finds a damaged header', async () => {
    const header = Buffer.from(store.peek(treeKey(TREE)) as Buffer);
    header[20] = (header[20] as number) ^ 1;
    store.poke(treeKey(TREE), header);
    assert.equal((await damage()).pageId, 0);
  });
});
