import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { check } from './check.ts';
import type { CheckProblem, CheckReport } from './check.ts';
import { emptyLeaf, entryOverflowId, replaceEntry, sliceLeaf } from './leaf-image.ts';
import { crc32, MemoryStore, testDigest } from './memory-store.fixture.ts';
import { pageCount, pageLevel, seal } from './page-format.ts';
import { PageBuffers } from './page-buffers.ts';
import { decodePageAlone } from './page-reader.ts';
import { InteriorPage } from './pages.ts';
import { garbageKey, keyNumber, loadKey, NODE_KEY, PAGE_KEYS, pageKey, treeKey } from './store-keys.ts';
import { decodeTree, encodeGarbage, encodeNode, encodeRanges, encodeTree, storedTree } from './store-records.ts';
import { PageReference } from './totals.ts';
import { openPages, put } from './tree-harness.fixture.ts';

const TREE = 9;
const buffers = new PageBuffers();
const NO_META = Buffer.alloc(0);

const verifyValue = (_key: Uint8Array, value: Uint8Array, checksum: number): boolean => crc32(value) === checksum;

describe('check', () => {
  let store: MemoryStore;
  let root: PageReference;
  let rootLevel: number;

  /** A sound store: two trees, one of three levels with an overflow value. */
  beforeEach(async () => {
    store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    for (let number = 0; number < 120; number++) {
      const key = Buffer.concat([Buffer.alloc(600, 0x63), Buffer.from(String(number).padStart(5, '0'))]);
      await put(tree, key, Buffer.alloc(number === 60 ? 9000 : 500, number));
    }
    await tree.checkpoint(NO_META);
    const other = await pages.createTree(TREE + 1, NO_META);
    await put(other, Buffer.from('a'), Buffer.from('b'));
    await other.checkpoint(NO_META);
    await pages.close();
    const stored = decodeTree(TREE, store.peek(treeKey(TREE)) as Buffer, testDigest);
    root = stored.root;
    rootLevel = stored.rootLevel;
    assert.ok(rootLevel >= 2);
  });

  async function run(): Promise<CheckReport> {
    const report = await check(store, testDigest, verifyValue);
    assert.equal(store.openSnapshots, 0);
    return report;
  }

  /** The only problem that the check finds. */
  async function problem(): Promise<CheckProblem> {
    const report = await run();
    assert.equal(report.sound, false);
    assert.equal(report.problems.length, 1, JSON.stringify(report.problems));
    return report.problems[0] as CheckProblem;
  }

  function interior(id: number, level: number): InteriorPage {
    const page = decodePageAlone(store.peek(pageKey(id)), TREE, id, level, testDigest);
    assert.ok(page instanceof InteriorPage);
    return page;
  }

  function write(page: InteriorPage): void {
    store.poke(pageKey(page.id), seal(page.encode(), testDigest));
  }

  /** The interior page above the leaves that is first in the tree. */
  function lowest(): InteriorPage {
    let page = interior(root.id, rootLevel);
    while (page.level > 1) page = interior(page.child(0).id, page.level - 1);
    return page;
  }

  function leafImages(): { id: number; image: Buffer }[] {
    const found: { id: number; image: Buffer }[] = [];
    for (const key of store.keys()) {
      const image = store.peek(key) as Buffer;
      if (key[0] === PAGE_KEYS.low[0] && pageLevel(image) === 0) found.push({ id: keyNumber(key) as number, image });
    }
    return found;
  }

  it('finds nothing in a sound store', async () => {
    const report = await run();
    assert.deepEqual(
      { ...report, pages: 0 },
      {
        sound: true,
        trees: 2,
        items: 121,
        pages: 0,
        pendingPages: 0,
        orphanCount: 0,
        orphans: [],
        problemCount: 0,
        problems: [],
      },
    );
    assert.equal(report.pages, store.keys().filter((key) => key[0] === PAGE_KEYS.low[0]).length);
  });

  it('finds a flipped bit in any page', async () => {
    const keys = store.keys().filter((key) => key[0] === PAGE_KEYS.low[0]);
    for (const key of keys) {
      const sound = store.peek(key) as Buffer;
      const id = keyNumber(key) as number;
      for (const at of [0, 4, 5, 7, 15, 16, sound.length - 1]) {
        const damaged = Buffer.from(sound);
        damaged[at] = (damaged[at] as number) ^ 4;
        store.poke(key, damaged);
        const report = await run();
        assert.deepEqual([report.problems[0]?.kind, report.problems[0]?.pageId], ['damaged', id]);
      }
      store.poke(key, sound);
    }
    assert.equal((await run()).sound, true);
  });

  it('finds a missing page, a shortened one and one in the place of another', async () => {
    const leaf = lowest().child(1).id;
    const sound = store.peek(pageKey(leaf)) as Buffer;
    store.poke(pageKey(leaf), undefined);
    assert.deepEqual(await problem(), { kind: 'damaged', treeId: TREE, pageId: leaf, detail: 'missing' });
    store.poke(pageKey(leaf), sound.subarray(0, 10));
    assert.equal((await problem()).kind, 'damaged');
    store.poke(pageKey(leaf), store.peek(pageKey(lowest().child(0).id)));
    assert.match((await problem()).detail, /holds page/);
  });

  it('finds wrong totals of a child, in a parent and in the header', async () => {
    for (const spoil of [
      (reference: PageReference) => reference.add(1, 0, 0, 0),
      (reference: PageReference) => reference.add(0, 1, 0, 0),
      (reference: PageReference) => reference.add(0, 0, 1, 0),
      (reference: PageReference) => reference.add(0, 0, 0, 1),
    ]) {
      const page = lowest();
      const sound = store.peek(pageKey(page.id)) as Buffer;
      const child = page.child(2).id;
      spoil(page.child(2));
      write(page);
      const kinds = (await run()).problems.map(({ kind, pageId }) => [kind, pageId]);
      assert.deepEqual(kinds, [
        ['totals', page.id],
        ['totals', child],
      ]);
      store.poke(pageKey(page.id), sound);
      const wrong = new PageReference(root.id, root);
      spoil(wrong);
      const header = store.peek(treeKey(TREE)) as Buffer;
      store.poke(treeKey(TREE), encodeTree(storedTree(TREE, wrong, rootLevel, NO_META), testDigest));
      assert.deepEqual({ ...(await problem()), detail: '' }, { kind: 'totals', treeId: TREE, pageId: root.id, detail: '' });
      store.poke(treeKey(TREE), header);
    }
  });

  it('finds a page that nothing leads to', async () => {
    const lost = seal(emptyLeaf(2, buffers), testDigest);
    const id = 1_000;
    store.poke(NODE_KEY, encodeNode(2_000, testDigest));
    store.poke(pageKey(id), lost);
    const report = await run();
    assert.deepEqual([report.sound, report.problemCount, report.orphanCount, report.orphans], [false, 0, 1, [id]]);
  });

  it('finds a page that is reached twice', async () => {
    const page = lowest();
    const twice = page.child(1);
    const replaced = page.child(2);
    page.children[2] = new PageReference(twice.id, replaced);
    write(page);
    const report = await run();
    assert.deepEqual([report.problems[0]?.kind, report.problems[0]?.pageId], ['shared', twice.id]);
    assert.deepEqual(report.orphans.includes(replaced.id), true);
  });

  it('finds an overflow value that two entries name', async () => {
    const owner = leafImages().find(({ image }) =>
      Array.from({ length: pageCount(image) }, (_, at) => entryOverflowId(image, at)).some((id) => id > 0),
    );
    assert.ok(owner !== undefined);
    const other = decodeTree(TREE + 1, store.peek(treeKey(TREE + 1)) as Buffer, testDigest);
    const index = Array.from({ length: pageCount(owner.image) }, (_, at) => entryOverflowId(owner.image, at)).findIndex((id) => id > 0);
    const copied = sliceLeaf(owner.image, index, index + 1, other.root.id, buffers);
    store.poke(pageKey(other.root.id), seal(copied, testDigest));
    const kinds = (await run()).problems.map(({ kind }) => kind);
    assert.ok(kinds.includes('shared'), kinds.join());
  });

  it('finds keys out of order, and keys outside the range of their page', async () => {
    const page = lowest();
    const id = page.child(0).id;
    const sound = store.peek(pageKey(id)) as Buffer;
    const first = {
      key: Buffer.from('zzz'),
      value: Buffer.from('x'),
      overflowId: 0,
      valueBytes: 1,
      checksum: crc32(Buffer.from('x')),
      itemBytes: 1,
    };
    store.poke(pageKey(id), seal(replaceEntry(buffers.copy(sound), 0, 0, first, buffers), testDigest));
    assert.ok((await run()).problems.some(({ kind, detail }) => kind === 'order' && detail === 'keys out of order'));
    store.poke(pageKey(id), seal(replaceEntry(buffers.copy(sound), pageCount(sound), 0, first, buffers), testDigest));
    assert.ok((await run()).problems.some(({ kind, pageId, detail }) => kind === 'order' && pageId === id && detail.includes('outside')));
    store.poke(pageKey(id), sound);
    page.separators.splice(1, 2, page.separators[2] as Uint8Array, page.separators[1] as Uint8Array);
    write(page);
    assert.ok((await run()).problems.some(({ kind, pageId }) => kind === 'order' && pageId === page.id));
  });

  it('finds a value that does not have its checksum', async () => {
    const page = lowest();
    const id = page.child(0).id;
    const sound = store.peek(pageKey(id)) as Buffer;
    const damaged = Buffer.from(sound);
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] as number) ^ 1;
    store.poke(pageKey(id), seal(damaged, testDigest));
    const found = await problem();
    assert.deepEqual([found.kind, found.pageId], ['value', id]);
    assert.equal((await check(store, testDigest)).sound, true, 'without a verifier values are not looked at');
  });

  it('finds damaged records and a counter that is behind', async () => {
    const header = store.peek(treeKey(TREE)) as Buffer;
    header[20] = (header[20] as number) ^ 1;
    const sound = store.peek(treeKey(TREE)) as Buffer;
    store.poke(treeKey(TREE), header);
    assert.deepEqual({ ...(await problem()), detail: '' }, { kind: 'damaged', treeId: TREE, pageId: 0, detail: '' });
    store.poke(treeKey(TREE), sound);
    store.poke(NODE_KEY, encodeNode(5, testDigest));
    assert.ok((await run()).problems.every(({ kind }) => kind === 'counter'));
    assert.equal((await run()).sound, false);
    store.poke(NODE_KEY, undefined);
    assert.equal((await problem()).kind, 'damaged');
  });

  it('finds a live page among those that wait for their deletion', async () => {
    const child = lowest().child(0).id;
    store.poke(garbageKey(child), encodeGarbage({ treeId: 77, rootId: child, rootLevel: 0 }, testDigest));
    assert.deepEqual([(await problem()).kind, (await problem()).pageId], ['shared', child]);
    store.poke(garbageKey(child), undefined);
    store.poke(loadKey(child), encodeRanges([{ first: child, end: child + 1 }], testDigest));
    assert.deepEqual([(await problem()).kind, (await problem()).pageId], ['shared', child]);
  });
});
