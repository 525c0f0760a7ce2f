import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../base/prng.ts';
import { check } from './check.ts';
import { crc32, MemoryStore, testDigest } from './memory-store.fixture.ts';
import type { PageStore } from './page-store.ts';
import { seal } from './page-format.ts';
import type { PinnedTree } from './pinned-tree.ts';
import { garbageKey, keyNumber, loadKey, NODE_KEY, pageKey, treeKey } from './store-keys.ts';
import { encodeGarbage } from './store-records.ts';
import type { BTree } from './tree.ts';
import type { TreeLoader } from './tree-loader.ts';
import { get, openPages, put, scanAll } from './tree-harness.fixture.ts';

const TREE = 5;
const NO_META = Buffer.alloc(0);

function numbered(number: number): Buffer {
  return Buffer.from(`item${String(number).padStart(6, '0')}`);
}

async function fill(tree: BTree, items: number, valueBytes: number): Promise<void> {
  for (let number = 0; number < items; number++) await put(tree, numbered(number), Buffer.alloc(valueBytes, number));
}

function flippedBit(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[8] = (flipped[8] as number) ^ 1;
  return flipped;
}

function damagePage(store: MemoryStore, pageId: number): void {
  const page = store.peek(pageKey(pageId)) as Buffer;
  page[200] = (page[200] as number) ^ 0x10;
  store.poke(pageKey(pageId), page);
}

/** What may become of the record of the node: a flipped bit, nothing, a whole record of another kind in its place. */
const NODE_RECORD_DAMAGE: readonly ((record: Buffer) => Buffer | undefined)[] = [
  flippedBit,
  () => undefined,
  () => encodeGarbage({ treeId: 7, rootId: 9, rootLevel: 0 }, testDigest),
];

/** Begins a load of so many entries, every fiftieth of them three times as long, and gives the loader before its installation. */
async function load(pages: PageStore, items: number, valueBytes: number): Promise<TreeLoader> {
  const loader = pages.startLoad(TREE);
  for (let number = 0; number < items; number++) {
    const value = Buffer.alloc(number % 50 === 49 ? 3 * valueBytes : valueBytes, number);
    const wait = loader.add(numbered(number), value, crc32(value), value.length);
    if (wait !== undefined) await wait;
  }
  return loader;
}

/** Waits until the collector has nothing left to do. */
async function collected(pages: PageStore): Promise<void> {
  while (pages.stats().garbageJobs > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('PageStore', () => {
  it('finds its trees again with what their checkpoints said', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    for (const treeId of [1, 2, 4_294_967_296]) {
      const tree = await pages.createTree(treeId, NO_META);
      await put(tree, Buffer.from('key'), Buffer.from(`value of ${treeId}`), 17);
      await tree.checkpoint(Buffer.from(`meta ${treeId}`));
    }
    await pages.removeTree(2);
    await pages.close();
    const again = await openPages(store);
    assert.deepEqual([...again.trees().keys()], [1, 4_294_967_296]);
    const header = again.trees().get(4_294_967_296);
    assert.equal(Buffer.from(header?.meta as Uint8Array).toString(), 'meta 4294967296');
    assert.deepEqual([header?.items, header?.itemBytes], [1, 17]);
    const tree = await again.openTree(4_294_967_296);
    assert.equal(await again.openTree(4_294_967_296), tree);
    assert.equal(Buffer.from((await get(tree, Buffer.from('key'))) as Uint8Array).toString(), 'value of 4294967296');
    assert.equal(tree.stateHash(), header?.stateHash);
    await again.close();
    assert.throws(() => tree.fetch(Buffer.from('key')), { name: 'TreeClosedError' });
  });

  it('deletes the pages of a removed tree in the background, also over a crash', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 3000, 400);
    await put(tree, Buffer.from('large'), Buffer.alloc(100_000));
    await tree.checkpoint(NO_META);
    const kept = await pages.createTree(TREE + 1, NO_META);
    await fill(kept, 100, 100);
    await kept.checkpoint(NO_META);
    const crashes: MemoryStore[] = [];
    store.onWrite(() => crashes.push(store.copy()));
    await pages.removeTree(TREE);
    assert.equal(pages.trees().has(TREE), false);
    await collected(pages);
    assert.equal((await check(store, testDigest)).sound, true);
    assert.equal((await check(store, testDigest)).pendingPages, 0);
    await pages.close();
    assert.ok(crashes.length > 3);
    for (const crashed of crashes) {
      const midway = await check(crashed, testDigest);
      assert.deepEqual([midway.problems, midway.orphans], [[], []]);
      const again = await openPages(crashed);
      await collected(again);
      const report = await check(crashed, testDigest);
      assert.deepEqual([report.sound, report.pendingPages, report.trees, report.items], [true, 0, 1, 100]);
      await again.close();
    }
  });

  it('goes on collecting after a stop in the middle', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 3000, 400);
    await tree.checkpoint(NO_META);
    await pages.removeTree(TREE);
    while (pages.stats().garbagePagesDeleted === 0) await new Promise((resolve) => setImmediate(resolve));
    await pages.close();
    assert.ok((await check(store, testDigest)).pendingPages > 0);
    const again = await openPages(store);
    await collected(again);
    assert.deepEqual((await check(store, testDigest)).pendingPages, 0);
    await again.close();
  });

  it('serves a data set ten times its budget, and keeps the budget', async () => {
    const store = new MemoryStore();
    const cacheBytesMax = 200_000;
    const pages = await openPages(store, cacheBytesMax);
    const tree = await pages.createTree(TREE, NO_META);
    for (let number = 0; number < 2500; number++) {
      await put(tree, numbered((number * 1009) % 2500), Buffer.alloc(900, number));
      if (number % 100 === 99) await tree.checkpoint(NO_META);
    }
    const random = new Prng(4);
    for (let step = 0; step < 3000; step++) {
      const number = random.below(2500);
      assert.equal((await get(tree, numbered((number * 1009) % 2500)))?.[0], number & 0xff);
      assert.ok(pages.stats().cacheBytes <= cacheBytesMax + 64_000);
    }
    assert.ok(pages.stats().evictions > 1000);
    assert.equal((await scanAll(tree, NO_META, undefined, true, 10, 8)).length, 2500);
    await pages.close();
  });

  it('lets many go through a cache that holds next to nothing', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const tree = await before.createTree(TREE, NO_META);
    await fill(tree, 300, 900);
    for (let number = 0; number < 10; number++) await put(tree, numbered(number), Buffer.alloc(300_000, number));
    await tree.checkpoint(NO_META);
    await before.close();
    const pages = await openPages(store, 1);
    const cold = await pages.openTree(TREE);
    const found = await Promise.all(Array.from({ length: 200 }, (_, number) => get(cold, numbered(number))));
    for (const [number, value] of found.entries()) assert.equal(value?.[0], number & 0xff);
    await pages.close();
  });

  it('takes an intact but forgotten page as a sign that its counter is old', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    const counter = store.peek(NODE_KEY);
    await fill(tree, 100, 900);
    await tree.checkpoint(NO_META);
    await pages.close();
    store.poke(NODE_KEY, counter);
    const again = await openPages(store);
    const same = await again.openTree(TREE);
    await fill(await again.createTree(TREE + 1, NO_META), 100, 900);
    await (await again.openTree(TREE + 1)).checkpoint(NO_META);
    assert.equal((await scanAll(same, NO_META, undefined, false)).length, 100);
    assert.equal((await check(store, testDigest)).sound, true);
    await again.close();
  });

  it('gives out ids far from all that it knows when its record is damaged or lost, and goes on with its trees', async () => {
    for (const change of NODE_RECORD_DAMAGE) {
      const store = new MemoryStore();
      const pages = await openPages(store);
      await fill(await pages.createTree(TREE, NO_META), 100, 900);
      await (await pages.openTree(TREE)).checkpoint(NO_META);
      await pages.close();
      store.poke(NODE_KEY, change(store.peek(NODE_KEY) as Buffer));
      const again = await openPages(store);
      await fill(await again.createTree(TREE + 1, NO_META), 100, 900);
      await (await again.openTree(TREE + 1)).checkpoint(NO_META);
      const pageKeys = store.keys().filter((key) => key[0] === pageKey(1)[0]);
      assert.ok(Math.max(...pageKeys.map((key) => keyNumber(key) ?? 0)) > 2 ** 40);
      assert.equal((await scanAll(await again.openTree(TREE), NO_META, undefined, false)).length, 100);
      assert.equal((await check(store, testDigest)).sound, true);
      await again.close();
      const third = await openPages(store);
      assert.equal((await scanAll(await third.openTree(TREE + 1), NO_META, undefined, false)).length, 100);
      await third.close();
    }
  });

  it('gives damaged records of deletions up, so that what they led to stays as orphans', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    await fill(await pages.createTree(TREE, NO_META), 100, 900);
    await (await pages.openTree(TREE)).checkpoint(NO_META);
    await pages.close();
    store.poke(garbageKey(77), flippedBit(encodeGarbage({ treeId: 7, rootId: 77, rootLevel: 0 }, testDigest)));
    store.poke(loadKey(88), encodeGarbage({ treeId: 7, rootId: 77, rootLevel: 0 }, testDigest));
    const again = await openPages(store);
    assert.equal(again.stats().garbageJobs, 0);
    assert.deepEqual([store.peek(garbageKey(77)), store.peek(loadKey(88))], [undefined, undefined]);
    assert.equal((await scanAll(await again.openTree(TREE), NO_META, undefined, false)).length, 100);
    assert.equal((await check(store, testDigest)).sound, true);
    await again.close();
  });

  it('does not open a store of another version', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    await pages.createTree(TREE, NO_META);
    await pages.close();
    const record = Buffer.from(store.peek(NODE_KEY) as Buffer);
    record[4] = 99;
    store.poke(NODE_KEY, seal(record, testDigest));
    await assert.rejects(openPages(store), { name: 'UnknownTreeFormatError' });
  });

  const readings: readonly (readonly [string, (pinned: PinnedTree) => AsyncIterator<unknown>])[] = [
    ['read', (pinned) => pinned.entries()],
    ['scrubbed', (pinned) => pinned.scrub(Buffer.alloc(0), () => true)],
  ];
  for (const [what, begin] of readings) {
    it(`ends all trees when a pinned one cannot be ${what}, as for any failed read`, async () => {
      const store = new MemoryStore();
      const failures: unknown[] = [];
      const pages = await openPages(store, 1_000_000, failures);
      const tree = await pages.createTree(TREE, NO_META);
      await fill(tree, 100, 900);
      await tree.checkpoint(NO_META);
      const pinned = await tree.pinned();
      const failure = new Error('input/output error');
      store.readFailure = failure;
      await assert.rejects(begin(pinned).next(), failure);
      assert.deepEqual(failures, [failure]);
      assert.throws(() => tree.fetch(numbered(1)), failure);
      await pinned.close();
      store.readFailure = undefined;
      await pages.close();
    });
  }
});

describe('damage', () => {
  it('ends the tree that meets it and no other', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const tree = await before.createTree(TREE, NO_META);
    await fill(tree, 50, 900);
    await tree.checkpoint(NO_META);
    await (await before.createTree(TREE + 1, NO_META)).checkpoint(NO_META);
    await before.close();
    const pageId = 3;
    damagePage(store, pageId);
    const failures: unknown[] = [];
    const pages = await openPages(store, 1_000_000, failures);
    const damaged = await pages.openTree(TREE);
    await assert.rejects(scanAll(damaged, NO_META, undefined, false), { name: 'PageDamagedError', treeId: TREE, pageId });
    assert.throws(() => damaged.fetch(Buffer.from('x')), { name: 'PageDamagedError' });
    assert.throws(() => damaged.put(Buffer.from('x'), NO_META, 0, 0), { name: 'PageDamagedError' });
    await assert.rejects(damaged.checkpoint(NO_META), { name: 'PageDamagedError' });
    await assert.rejects(pages.openTree(TREE), { name: 'PageDamagedError' });
    const other = await pages.openTree(TREE + 1);
    await put(other, Buffer.from('x'), Buffer.from('y'));
    await other.checkpoint(NO_META);
    assert.deepEqual(failures, []);
    const rebuilt = await (await load(pages, 50, 900)).install(Buffer.from('rebuilt'));
    assert.equal(rebuilt.items, 50);
    await collected(pages);
    assert.equal((await check(store, testDigest)).problemCount, 0);
    await pages.close();
  });

  it('that is found while a checkpoint of the tree waits for its turn ends the tree, and no other', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const filled = await before.createTree(TREE, NO_META);
    await fill(filled, 50, 900);
    await filled.checkpoint(NO_META);
    await before.createTree(TREE + 1, NO_META);
    await before.close();
    // The leaf of the first item is another one.
    const pageId = 2;
    damagePage(store, pageId);
    const failures: unknown[] = [];
    const pages = await openPages(store, 1_000_000, failures);
    const [tree, other] = [await pages.openTree(TREE), await pages.openTree(TREE + 1)];
    await put(tree, numbered(0), Buffer.from('changed'));
    await put(other, Buffer.from('x'), Buffer.from('y'));
    let goOn = (): void => undefined;
    store.gate = new Promise((resolve) => {
      goOn = resolve;
    });
    const first = other.checkpoint(NO_META);
    const waiting = assert.rejects(tree.checkpoint(NO_META), { name: 'PageDamagedError', pageId });
    await assert.rejects(scanAll(tree, NO_META, undefined, false), { name: 'PageDamagedError', pageId });
    goOn();
    await first;
    await waiting;
    assert.deepEqual(failures, []);
    await put(other, Buffer.from('x'), Buffer.from('z'));
    await other.checkpoint(NO_META);
    await pages.close();
  });

  it('knows a page that is intact but old', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const tree = await before.createTree(TREE, NO_META);
    await fill(tree, 50, 900);
    await tree.checkpoint(NO_META);
    const pageId = 3;
    const old = store.peek(pageKey(pageId)) as Buffer;
    await fill(tree, 50, 901);
    await tree.checkpoint(NO_META);
    await before.close();
    assert.notDeepEqual(store.peek(pageKey(pageId)), old);
    store.poke(pageKey(pageId), old);
    const pages = await openPages(store);
    await assert.rejects(scanAll(await pages.openTree(TREE), NO_META, undefined, false), { name: 'PageDamagedError', pageId });
    await pages.close();
  });

  it('knows an overflow value that is intact but old', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const tree = await before.createTree(TREE, NO_META);
    await put(tree, Buffer.from('large'), Buffer.alloc(5000, 1));
    await tree.checkpoint(NO_META);
    const pageId = 2;
    const old = store.peek(pageKey(pageId)) as Buffer;
    await put(tree, Buffer.from('large'), Buffer.alloc(5000, 2));
    await tree.checkpoint(NO_META);
    await before.close();
    store.poke(pageKey(pageId), old);
    const pages = await openPages(store);
    const cold = await pages.openTree(TREE);
    await assert.rejects(get(cold, Buffer.from('large')), { name: 'PageDamagedError', pageId });
    await pages.close();
    assert.equal((await check(store, testDigest)).problemCount, 1);
  });

  it('in a header is reported at the start; the tree can be removed or loaded anew', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    await before.createTree(TREE, NO_META);
    await before.createTree(TREE + 1, NO_META);
    await before.close();
    for (const treeId of [TREE, TREE + 1]) {
      const header = store.peek(treeKey(treeId)) as Buffer;
      header[12] = (header[12] as number) ^ 1;
      store.poke(treeKey(treeId), header);
    }
    const pages = await openPages(store);
    assert.deepEqual([...pages.damagedTrees().keys()], [TREE, TREE + 1]);
    await assert.rejects(pages.openTree(TREE), { name: 'PageDamagedError', treeId: TREE, pageId: 0 });
    assert.equal((await (await load(pages, 10, 10)).install(NO_META)).items, 10);
    await pages.removeTree(TREE + 1);
    assert.equal(pages.damagedTrees().size, 0);
    await pages.close();
  });
});

it('is not written to for a tree that is to be removed and not there', async () => {
  const store = new MemoryStore();
  const pages = await openPages(store);
  store.failure = new Error('a full disk');
  await pages.removeTree(TREE);
  await pages.close();
});

describe('load', () => {
  it('replaces a tree in one step', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const old = await pages.createTree(TREE, NO_META);
    await fill(old, 1000, 100);
    await old.checkpoint(NO_META);
    await put(old, Buffer.from('never stored'), Buffer.from('x'));
    const loader = await load(pages, 4000, 700);
    const atInstall = store.copy();
    const installed = await loader.install(Buffer.from('new'));
    assert.equal(installed.items, 4000);
    assert.throws(() => old.get(numbered(1)), { name: 'TreeClosedError' });
    await collected(pages);
    const report = await check(store, testDigest, (_key, value, checksum) => crc32(value) === checksum);
    assert.deepEqual([report.sound, report.pendingPages, report.items], [true, 0, 4000]);
    const entries = await scanAll(installed, NO_META, undefined, false);
    entries.forEach(([key, value], number) => {
      assert.deepEqual(key, numbered(number));
      assert.deepEqual([value.length, value[0]], [number % 50 === 49 ? 2100 : 700, number & 0xff]);
    });
    // A crash before the installation leaves the old tree, and what was loaded is cleared away.
    const again = await openPages(atInstall);
    assert.equal((await again.openTree(TREE)).items, 1000);
    await collected(again);
    const cleared = await check(atInstall, testDigest);
    assert.deepEqual([cleared.sound, cleared.pendingPages], [true, 0]);
    await again.close();
    await pages.close();
  });

  it('is what whoever still reads the old tree is told of, not pages that are missing', async () => {
    const store = new MemoryStore();
    const first = await openPages(store);
    const filled = await first.createTree(TREE, NO_META);
    await fill(filled, 1000, 100);
    await filled.checkpoint(NO_META);
    await first.close();

    const pages = await openPages(store);
    const old = await pages.openTree(TREE);
    let goOn = (): void => undefined;
    store.readGate = new Promise((resolve) => {
      goOn = resolve;
    });
    const reads = [old.fetch(numbered(500)), old.scan(numbered(900), undefined, false, () => true).wait];
    store.readGate = Promise.resolve();
    const told = Promise.allSettled(reads);
    await (await load(pages, 10, 10)).install(NO_META);
    await collected(pages);
    goOn();
    assert.deepEqual(
      (await told).map((read) => read.status === 'rejected' && (read.reason as Error).name),
      ['TreeClosedError', 'TreeClosedError'],
    );
    await pages.close();
  });

  it('gives the same tree as the puts it stands for, which goes on like any other', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const loaded = await (await load(pages, 2500, 300)).install(NO_META);
    const built = await pages.createTree(TREE + 1, NO_META);
    for (let number = 0; number < 2500; number++) await put(built, numbered(number), Buffer.alloc(number % 50 === 49 ? 900 : 300, number));
    assert.deepEqual([loaded.stateHash(), loaded.items, loaded.itemBytes], [built.stateHash(), built.items, built.itemBytes]);
    for (const tree of [loaded, built])
      for (let number = 0; number < 2500; number += 3) await put(tree, numbered(number), Buffer.alloc(1000, 9));
    assert.equal(loaded.stateHash(), built.stateHash());
    await loaded.checkpoint(NO_META);
    await built.checkpoint(NO_META);
    assert.equal((await check(store, testDigest)).sound, true);
    await pages.close();
  });

  it('of nothing is an empty tree', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.startLoad(TREE).install(Buffer.from('meta'));
    assert.equal(tree.items, 0);
    await put(tree, Buffer.from('a'), Buffer.from('b'));
    await tree.checkpoint(NO_META);
    assert.equal((await check(store, testDigest)).sound, true);
    await pages.close();
  });

  it('that is given up leaves nothing behind', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const loader = await load(pages, 5000, 500);
    assert.ok((await check(store, testDigest)).pendingPages > 300);
    await loader.abort();
    await collected(pages);
    const report = await check(store, testDigest);
    assert.deepEqual([report.sound, report.pages, report.pendingPages], [true, 0, 0]);
    await assert.rejects(async () => loader.install(NO_META), { name: 'AssertionError' });
    await pages.close();
  });

  it('refuses entries that do not ascend', async () => {
    const pages = await openPages(new MemoryStore());
    const loader = pages.startLoad(TREE);
    void loader.add(Buffer.from('b'), NO_META, 0, 0);
    assert.throws(() => loader.add(Buffer.from('b'), NO_META, 0, 0), { name: 'LoadOrderError' });
    assert.throws(() => loader.add(Buffer.from('a'), NO_META, 0, 0), { name: 'LoadOrderError' });
    await loader.abort();
    await pages.close();
  });
});
