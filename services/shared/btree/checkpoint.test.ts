import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../base/prng.ts';
import { check } from './check.ts';
import { MemoryStore, testDigest } from './memory-store.fixture.ts';
import { PAGE_KEYS } from './store-keys.ts';
import type { BTree } from './tree.ts';
import { fetchPlace, get, Model, openPages, put, remove, scanAll } from './tree-harness.fixture.ts';
import type { Pair } from './tree-harness.fixture.ts';

const TREE = 3;
const NO_META = Buffer.alloc(0);

function numbered(number: number): Buffer {
  return Buffer.from(`item${String(number).padStart(6, '0')}`);
}

/** Keys that differ only behind 700 bytes: interior pages hold about five children, so few items make a high tree. */
function longKey(number: number): Buffer {
  return Buffer.concat([Buffer.alloc(700, 0x6b), numbered(number)]);
}

async function fill(tree: BTree, items: number, valueBytes: number): Promise<void> {
  for (let number = 0; number < items; number++) await put(tree, numbered(number), Buffer.alloc(valueBytes, number));
}

function pageKeysOf(store: MemoryStore): string[] {
  const inRange = store.keys().filter((key) => Buffer.compare(key, PAGE_KEYS.low) >= 0 && Buffer.compare(key, PAGE_KEYS.high) < 0);
  return inRange.map((key) => key.toString('hex'));
}

describe('checkpoint', () => {
  it('writes only the pages that changed, in place', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 5000, 900);
    const first = await tree.checkpoint(NO_META);
    assert.ok(first.pagesWritten > 1000);
    const ids = pageKeysOf(store);
    const putsBefore = store.puts;
    await put(tree, numbered(2500), Buffer.alloc(900, 1));
    const second = await tree.checkpoint(NO_META);
    // The leaf, and the interior pages and the root above it.
    assert.equal(second.pagesWritten, 3);
    assert.equal(second.pagesDeleted, 0);
    assert.equal(store.puts - putsBefore, 3 + 1, 'the pages and the header');
    assert.deepEqual(pageKeysOf(store), ids);
    const third = await tree.checkpoint(Buffer.from('only the meta'));
    assert.deepEqual(third, { pagesWritten: 0, pagesDeleted: 0, bytesWritten: 0 });
    assert.equal(Buffer.from(pages.trees().get(TREE)?.meta as Uint8Array).toString(), 'only the meta');
    assert.equal(pages.stats().checkpoints, 4);
    await pages.close();
  });

  it('keeps the id of an overflow page when its value is overwritten', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await put(tree, Buffer.from('large'), Buffer.alloc(400_000, 1));
    await tree.checkpoint(NO_META);
    const ids = pageKeysOf(store);
    await put(tree, Buffer.from('large'), Buffer.alloc(390_000, 2));
    await tree.checkpoint(NO_META);
    assert.deepEqual(pageKeysOf(store), ids);
    await put(tree, Buffer.from('large'), Buffer.alloc(10, 2));
    assert.equal((await tree.checkpoint(NO_META)).pagesDeleted, 1);
    assert.equal(pageKeysOf(store).length, ids.length - 1);
    await pages.close();
  });

  it('holds what was there at the call, whatever changes until its turn', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Prng(seed);
      const store = new MemoryStore();
      const pages = await openPages(store);
      const tree = await pages.createTree(TREE, NO_META);
      const other = await pages.createTree(TREE + 1, NO_META);
      const model = new Model();
      const change = async (deleteChance: number): Promise<void> => {
        const key = longKey(random.below(300));
        const value = Buffer.alloc(random.chance(0.1) ? 2000 : 100, random.below(256));
        if (random.chance(deleteChance)) {
          await remove(tree, key);
          model.delete(key);
        } else {
          await put(tree, key, value);
          model.put(key, value, value.length);
        }
      };
      for (let round = 0; round < 3; round++) {
        for (let step = 0; step < 300; step++) await change(round === 0 ? 0.1 : 0.6);
        let open = (): void => undefined;
        store.gate = new Promise((resolve) => {
          open = resolve;
        });
        const crashed: MemoryStore[] = [];
        store.onWrite(() => crashed.push(store.copy()));
        const held = other.checkpoint(NO_META);
        const checkpoint = tree.checkpoint(Buffer.from([round]));
        const atCall = new Model(model);
        // Mostly deletes, so that pages merge away which the checkpoint has still to write.
        for (let step = 0; step < 300; step++) await change(0.85);
        open();
        store.gate = Promise.resolve();
        await Promise.all([held, checkpoint]);
        const after = crashed[1] as MemoryStore;
        const report = await check(after, testDigest);
        assert.deepEqual([report.problems, report.orphans], [[], []], `seed ${seed}`);
        const reopened = await openPages(after);
        const found = await scanAll(await reopened.openTree(TREE), Buffer.alloc(0), undefined, false);
        assertSame(found, atCall.range(Buffer.alloc(0), undefined, false));
        await reopened.close();
      }
      await pages.close();
    }
  });

  it('serves reads and changes while its batch is being written', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store, 40_000);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 400, 300);
    let open = (): void => undefined;
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const checkpoint = tree.checkpoint(NO_META);
    await new Promise((resolve) => setImmediate(resolve));
    for (let number = 0; number < 400; number++) {
      assert.equal((await get(tree, numbered(number)))?.[0], number & 0xff);
      await put(tree, numbered(number), Buffer.alloc(300, number + 1));
    }
    open();
    await checkpoint;
    for (let number = 0; number < 400; number++) assert.equal((await get(tree, numbered(number)))?.[0], (number + 1) & 0xff);
    await tree.checkpoint(NO_META);
    await get(tree, numbered(0));
    assert.ok(pages.stats().cacheBytes < 60_000, 'what is clean again can be evicted');
    await pages.close();
  });

  it('refuses a second one of the same tree meanwhile', async () => {
    const pages = await openPages(new MemoryStore());
    const tree = await pages.createTree(TREE, NO_META);
    const first = tree.checkpoint(NO_META);
    await assert.rejects(tree.checkpoint(NO_META), { name: 'AssertionError' });
    await first;
    await tree.checkpoint(NO_META);
    await pages.close();
  });

  it('never stores a page under the id of one that was deleted, in whatever life of the process', async () => {
    const random = new Prng(11);
    let store = new MemoryStore();
    const deleted = new Set<string>();
    let last = new Set<string>();
    const watch = (): void => {
      const now = new Set(pageKeysOf(store));
      for (const id of now) assert.ok(!deleted.has(id), `page ${id} came back`);
      for (const id of last) if (!now.has(id)) deleted.add(id);
      last = now;
    };
    for (let life = 0; life < 6; life++) {
      store.onWrite(watch);
      const pages = await openPages(store);
      const tree = life === 0 ? await pages.createTree(TREE, NO_META) : await pages.openTree(TREE);
      for (let round = 0; round < 4; round++) {
        const values = round % 2 === 0;
        for (let step = 0; step < 200; step++) {
          if (values) await put(tree, numbered(random.below(300)), Buffer.alloc(random.below(3000)));
          else await remove(tree, numbered(random.below(300)));
        }
        // The last round of each life is lost.
        if (round < 3) await tree.checkpoint(NO_META);
      }
      await pages.close();
      store = store.copy();
    }
    assert.ok(deleted.size > 100);
  });

  it('ends every tree when a write fails, and writes nothing more', async () => {
    const store = new MemoryStore();
    const failures: unknown[] = [];
    const pages = await openPages(store, 1_000_000, failures);
    const tree = await pages.createTree(TREE, NO_META);
    const other = await pages.createTree(TREE + 1, NO_META);
    await put(tree, Buffer.from('a'), Buffer.from('1'));
    const loader = pages.startLoad(TREE + 3);
    const failure = new Error('no space left');
    store.failure = failure;
    const before = store.puts;
    const both = await Promise.allSettled([tree.checkpoint(NO_META), other.checkpoint(NO_META)]);
    store.failure = undefined;
    assert.deepEqual(
      both.map((result) => result.status === 'rejected' && result.reason),
      [failure, failure],
    );
    assert.deepEqual(failures, [failure]);
    assert.throws(() => tree.fetch(Buffer.from('a')), failure);
    assert.throws(() => other.put(Buffer.from('a'), NO_META, 0, 0), failure);
    await assert.rejects(pages.createTree(TREE + 2, NO_META), failure);
    await assert.rejects(pages.removeTree(TREE), failure);
    await assert.rejects(loader.install(NO_META), failure);
    assert.equal(store.puts, before);
    await pages.close();
  });
});

describe('pinned', () => {
  it('is the last checkpoint, however the tree goes on', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 2000, 200);
    await put(tree, Buffer.from('large'), Buffer.alloc(5000, 7));
    await tree.checkpoint(Buffer.from('slot 1'));
    const stateHash = tree.stateHash();
    const expected = await scanAll(tree, NO_META, undefined, false);
    const pinned = await tree.pinned();
    for (let number = 0; number < 2000; number += 2) await remove(tree, numbered(number));
    await tree.checkpoint(Buffer.from('slot 2'));
    await pages.removeTree(TREE);
    const found: Pair[] = [];
    let itemBytes = 0;
    for await (const [key, value, checksum, bytes] of pinned.entries()) {
      found.push([key, value]);
      assert.equal(checksum, testDigest.crc32(value));
      itemBytes += bytes;
    }
    assertSame(found, expected);
    assert.equal(Buffer.from(pinned.meta).toString(), 'slot 1');
    assert.deepEqual([pinned.items, pinned.itemBytes, pinned.stateHash], [2001, itemBytes, stateHash]);
    await pinned.close();
    assert.equal(store.openSnapshots, 0);
    await pages.close();
  });

  it('can be left in the middle', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, NO_META);
    await fill(tree, 500, 500);
    await tree.checkpoint(NO_META);
    const pinned = await tree.pinned();
    let seen = 0;
    for await (const _entry of pinned.entries()) {
      seen += 1;
      if (seen === 50) break;
    }
    await pinned.close();
    assert.equal(seen, 50);
    assert.equal(store.openSnapshots, 0);
    await pages.close();
  });
});

describe('a read under way', () => {
  it('does not bring an old value back over a new one', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    const tree = await before.createTree(TREE, NO_META);
    await put(tree, Buffer.from('large'), Buffer.alloc(3000, 1));
    await tree.checkpoint(NO_META);
    await before.close();
    const pages = await openPages(store);
    const cold = await pages.openTree(TREE);
    const key = Buffer.from('large');
    await fetchPlace(cold, key);
    const slow = cold.fetch(key);
    assert.ok(slow !== undefined);
    cold.put(key, Buffer.alloc(3500, 2), 5, 3500);
    await slow;
    assert.equal(cold.get(key)?.length, 3500);
    const again = cold.fetch(key);
    assert.equal(again, undefined);
    await pages.close();
  });

  it('is shared by all who want the page', async () => {
    const store = new MemoryStore();
    const before = await openPages(store);
    await fill(await before.createTree(TREE, NO_META), 50, 900);
    await before.close();
    const empty = await openPages(store);
    const tree = await empty.openTree(TREE);
    assert.equal(await get(tree, numbered(3)), undefined, 'what was not in a checkpoint is gone');
    await fill(tree, 50, 900);
    await tree.checkpoint(NO_META);
    await empty.close();
    const pages = await openPages(store);
    const cold = await pages.openTree(TREE);
    await get(cold, numbered(0));
    const reads = store.gets;
    await Promise.all(Array.from({ length: 20 }, () => get(cold, numbered(30))));
    assert.equal(store.gets - reads, 1);
    await pages.close();
  });
});

function assertSame(found: readonly Pair[], expected: readonly Pair[]): void {
  assert.equal(found.length, expected.length);
  for (let at = 0; at < found.length; at++) {
    assert.ok(Buffer.compare(found[at]?.[0] as Uint8Array, expected[at]?.[0] as Uint8Array) === 0);
    assert.ok(Buffer.compare(found[at]?.[1] as Uint8Array, expected[at]?.[1] as Uint8Array) === 0);
  }
}
