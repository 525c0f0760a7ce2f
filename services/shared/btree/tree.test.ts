import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { check } from './check.ts';
import { crc32, MemoryStore, testDigest } from './memory-store.fixture.ts';
import type { PageStore } from './page-store.ts';
import type { BTree } from './tree.ts';
import { fetchPlace, get, Model, openPages, put, remove, scanAll } from './tree-harness.fixture.ts';
import type { Pair } from './tree-harness.fixture.ts';

const TREE = 7;
const OTHER_TREE = 8;

/** Keys from a small space, so that operations meet each other: short ones, many that share 700 bytes (so that interior pages
 * hold few children and trees are high), a few very long ones. */
const keys = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 80 }).map((number) => Buffer.from(`key${String(number).padStart(4, '0')}`)) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 0, max: 60 }).map((number) => Buffer.concat([Buffer.alloc(700, 0x41), Buffer.from([number])])),
  },
  { weight: 2, arbitrary: fc.uint8Array({ minLength: 0, maxLength: 2 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 5 }).map((number) => Buffer.concat([Buffer.alloc(3000 + number, 0x61), Buffer.from('z')])),
  },
);

const lengths = fc.oneof(
  { weight: 25, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 25, arbitrary: fc.integer({ min: 700, max: 1536 }) },
  { weight: 8, arbitrary: fc.integer({ min: 1530, max: 6000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 300_000, max: 410_000 }) },
);

type Operation =
  | { readonly kind: 'put'; readonly key: Buffer; readonly length: number; readonly seed: number }
  | { readonly kind: 'run'; readonly start: number; readonly count: number; readonly length: number }
  | { readonly kind: 'delete'; readonly key: Buffer }
  | { readonly kind: 'deleteRange'; readonly low: Buffer; readonly high: Buffer }
  | { readonly kind: 'get' | 'rank'; readonly key: Buffer }
  | {
      readonly kind: 'scan';
      readonly low: Buffer;
      readonly high: Buffer | undefined;
      readonly reverse: boolean;
      readonly stride: number;
      readonly ahead: number;
    }
  | { readonly kind: 'checkpoint' | 'startCheckpoint' | 'holdCheckpoint' | 'crash' | 'load' };

const STEPS = ['checkpoint', 'startCheckpoint', 'holdCheckpoint', 'holdCheckpoint', 'crash', 'load'] as const;

const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('put' as const), key: keys, length: lengths, seed: fc.nat(255) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      start: fc.nat(60),
      count: fc.integer({ min: 5, max: 60 }),
      length: fc.constantFrom(20, 300, 950),
    }),
  },
  { weight: 15, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: keys }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deleteRange' as const), low: keys, high: keys }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('get' as const, 'rank' as const), key: keys }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      low: keys,
      high: fc.option(keys, { nil: undefined }),
      reverse: fc.boolean(),
      stride: fc.constantFrom(1, 7, 1_000_000),
      ahead: fc.constantFrom(0, 4),
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom(...STEPS) }) },
);

/** Tree and model side by side. */
class Pairing {
  readonly #cacheBytesMax: number;
  #store = new MemoryStore();
  #pages!: PageStore;
  #tree!: BTree;
  /** Only there so that a checkpoint can be made to wait for another. */
  #other!: BTree;
  #model = new Model();
  /** What the model was at each checkpoint, by the number that its meta holds. */
  readonly #saved = new Map<number, Model>();
  #checkpoints = 0;
  #running: Promise<unknown> = Promise.resolve();
  #openGate: () => void = () => undefined;

  constructor(cacheBytesMax: number) {
    this.#cacheBytesMax = cacheBytesMax;
  }

  async start(): Promise<void> {
    this.#pages = await openPages(this.#store, this.#cacheBytesMax);
    this.#tree = await this.#pages.createTree(TREE, this.#nextMeta());
    this.#other = await this.#pages.createTree(OTHER_TREE, Buffer.alloc(0));
  }

  async run(operation: Operation): Promise<void> {
    const tree = this.#tree;
    switch (operation.kind) {
      case 'put':
        return this.#put(operation.key, Buffer.alloc(operation.length, operation.seed));
      case 'run':
        for (let number = operation.start; number < operation.start + operation.count; number++) {
          await this.#put(Buffer.from(`key${String(number).padStart(4, '0')}`), Buffer.alloc(operation.length, number));
        }
        return;
      case 'delete':
        return this.#delete(operation.key);
      case 'deleteRange':
        for (const [key] of this.#model.range(operation.low, operation.high, false)) await this.#delete(key);
        return;
      case 'get':
        return samePairs(
          [[operation.key, (await get(tree, operation.key)) ?? Buffer.from('absent')]],
          [[operation.key, this.#model.get(operation.key) ?? Buffer.from('absent')]],
        );
      case 'rank': {
        const below = this.#model.sorted().filter(({ key }) => Buffer.compare(key, operation.key) < 0);
        const itemBytes = below.reduce((sum, entry) => sum + entry.itemBytes, 0);
        const rank = { items: below.length, itemBytes };
        assert.deepEqual(await tree.rank(operation.key), rank);
        assert.deepEqual(tree.below(operation.key), rank);
        return;
      }
      case 'scan': {
        const { low, high, reverse, stride, ahead } = operation;
        return samePairs(await scanAll(tree, low, high, reverse, stride, ahead), this.#model.range(low, high, reverse));
      }
      case 'checkpoint':
        await this.#ended();
        await this.#checkpoint();
        return;
      case 'startCheckpoint':
        await this.#ended();
        this.#running = this.#checkpoint();
        return;
      case 'holdCheckpoint':
        await this.#ended();
        this.#holdCheckpoint();
        return;
      case 'load':
        return this.#load();
      case 'crash':
        return this.#crash();
    }
  }

  async verify(): Promise<void> {
    const tree = this.#tree;
    assert.equal(tree.items, this.#model.items);
    assert.equal(tree.itemBytes, this.#model.itemBytes);
    assert.equal(tree.stateHash(), this.#model.stateHash());
    samePairs(await scanAll(tree, Buffer.alloc(0), undefined, false), this.#model.range(Buffer.alloc(0), undefined, false));
  }

  /** Ends with a checkpoint, whose store must be sound and hold exactly the model. */
  async finish(): Promise<void> {
    await this.#ended();
    await this.verify();
    await this.#checkpoint();
    assert.equal(this.#tree.dirtyBytes, 0);
    await this.#verifyStore();
    const pinned = await this.#tree.pinned();
    const found: Pair[] = [];
    for await (const [key, value] of pinned.entries()) found.push([key, value]);
    await pinned.close();
    samePairs(found, this.#model.range(Buffer.alloc(0), undefined, false));
    await this.#pages.close();
    assert.equal(this.#store.openSnapshots, 0);
  }

  async #put(key: Buffer, value: Buffer): Promise<void> {
    await put(this.#tree, key, value, value.length + 3);
    this.#model.put(key, value, value.length + 3);
  }

  async #delete(key: Uint8Array): Promise<void> {
    await remove(this.#tree, key);
    this.#model.delete(key);
  }

  #nextMeta(): Buffer {
    this.#checkpoints += 1;
    this.#saved.set(this.#checkpoints, new Model(this.#model));
    return Buffer.from(String(this.#checkpoints));
  }

  async #checkpoint(): Promise<void> {
    const dirtyBytes = this.#tree.dirtyBytes;
    const { bytesWritten } = await this.#tree.checkpoint(this.#nextMeta());
    assert.equal(bytesWritten, dirtyBytes);
  }

  /** A checkpoint that queues behind another tree's, so that much changes between its call and its turn. */
  #holdCheckpoint(): void {
    this.#store.gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
    this.#running = Promise.all([this.#other.checkpoint(Buffer.alloc(0)), this.#checkpoint()]);
  }

  /** Lets a checkpoint under way come to its end. */
  async #ended(): Promise<void> {
    this.#openGate();
    this.#store.gate = Promise.resolve();
    await this.#running;
  }

  /** Replaces the tree by a load of its own content. */
  async #load(): Promise<void> {
    await this.#ended();
    const loader = this.#pages.startLoad(TREE);
    for (const { key, value, itemBytes } of this.#model.sorted()) await loader.add(key, value, crc32(value), itemBytes);
    const old = this.#tree;
    this.#tree = await loader.install(this.#nextMeta());
    assert.throws(() => old.fetch(Buffer.from('key')), { name: 'TreeClosedError' });
    await this.verify();
  }

  /** Starts anew from what the store holds at this moment, perhaps in the middle of a checkpoint. */
  async #crash(): Promise<void> {
    const crashed = this.#store.copy();
    const old = this.#pages;
    await this.#ended();
    await old.close();
    this.#store = crashed;
    await this.#verifyStore();
    this.#pages = await openPages(this.#store, this.#cacheBytesMax);
    const header = this.#pages.trees().get(TREE);
    assert.ok(header !== undefined);
    this.#model = new Model(this.#saved.get(Number(Buffer.from(header.meta).toString())));
    assert.equal(header.stateHash, this.#model.stateHash());
    assert.equal(header.items, this.#model.items);
    this.#tree = await this.#pages.openTree(TREE);
    this.#other = await this.#pages.openTree(OTHER_TREE);
    await this.verify();
  }

  async #verifyStore(): Promise<void> {
    const report = await check(this.#store, testDigest, (_key, value, checksum) => crc32(value) === checksum);
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.orphans, []);
  }
}

function samePairs(found: readonly Pair[], expected: readonly Pair[]): void {
  assert.equal(found.length, expected.length);
  for (let at = 0; at < found.length; at++) {
    const [key, value] = found[at] as Pair;
    const [expectedKey, expectedValue] = expected[at] as Pair;
    assert.ok(Buffer.compare(key, expectedKey) === 0, `key ${at} differs`);
    assert.ok(Buffer.compare(value, expectedValue) === 0, `value ${at} differs`);
  }
}

describe('BTree against a sorted list', () => {
  for (const [name, cacheBytesMax] of [
    ['with everything in memory', 64 * 1024 * 1024],
    ['with a cache of a few pages', 20 * 1024],
  ] as const) {
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operations, { minLength: 1, maxLength: 200, size: 'max' }), async (list) => {
          const pairing = new Pairing(cacheBytesMax);
          await pairing.start();
          for (const operation of list) await pairing.run(operation);
          await pairing.finish();
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe('BTree', () => {
  it('keeps leaves full under ascending inserts, also in the middle of the key space', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store);
    const tree = await pages.createTree(TREE, Buffer.alloc(0));
    for (const prefix of ['m', 'f']) {
      for (let number = 0; number < 2000; number++)
        await put(tree, Buffer.from(prefix + String(number).padStart(6, '0')), Buffer.alloc(100));
    }
    const { pagesWritten, bytesWritten } = await tree.checkpoint(Buffer.alloc(0));
    assert.ok(bytesWritten / pagesWritten > 3600, `${bytesWritten} bytes in ${pagesWritten} pages`);
    await pages.close();
  });

  it('gives all pages but the root back when everything is deleted', async () => {
    const store = new MemoryStore();
    const pages = await openPages(store, 30_000);
    const tree = await pages.createTree(TREE, Buffer.alloc(0));
    const numbers = Array.from({ length: 3000 }, (_, number) => (number * 7919) % 3000);
    for (const number of numbers) await put(tree, Buffer.from(String(number)), Buffer.alloc(number % 10 === 0 ? 2000 : 200, number));
    await tree.checkpoint(Buffer.alloc(0));
    for (const number of numbers.reverse()) await remove(tree, Buffer.from(String(number)));
    await tree.checkpoint(Buffer.alloc(0));
    assert.equal(tree.items, 0);
    assert.equal(tree.itemBytes, 0);
    assert.equal(tree.stateHash(), '0000000000000000');
    const report = await check(store, testDigest);
    assert.deepEqual({ sound: report.sound, pages: report.pages }, { sound: true, pages: 1 });
    await pages.close();
  });

  it('merges what shrinks while it is in memory', async () => {
    const pages = await openPages(new MemoryStore());
    const tree = await pages.createTree(TREE, Buffer.alloc(0));
    for (let number = 0; number < 4000; number++) await put(tree, Buffer.from(String(number).padStart(6, '0')), Buffer.alloc(200));
    await tree.checkpoint(Buffer.alloc(0));
    const before = pages.stats().cachePages;
    for (let number = 0; number < 4000; number++) if (number % 20 !== 0) await remove(tree, Buffer.from(String(number).padStart(6, '0')));
    assert.ok(pages.stats().cachePages * 6 < before, `${pages.stats().cachePages} of ${before} pages left`);
    await pages.close();
  });

  it('says what is missing instead of reading in the middle of a change', async () => {
    const store = new MemoryStore();
    const first = await openPages(store);
    const tree = await first.createTree(TREE, Buffer.alloc(0));
    for (let number = 0; number < 500; number++) await put(tree, Buffer.from(String(number)), Buffer.alloc(500));
    await tree.checkpoint(Buffer.alloc(0));
    await first.close();
    const pages = await openPages(store);
    const cold = await pages.openTree(TREE);
    assert.throws(() => cold.get(Buffer.from('17')), { name: 'AssertionError' });
    assert.throws(() => cold.put(Buffer.from('17'), Buffer.alloc(1), 0, 1), { name: 'AssertionError' });
    await fetchPlace(cold, Buffer.from('17'));
    assert.equal(cold.get(Buffer.from('17'))?.length, 500);
    assert.deepEqual([pages.stats().misses > 0, pages.stats().pagesRead < 6], [true, true]);
    await pages.close();
  });

  it('gives values that stay right when their page changes', async () => {
    const pages = await openPages(new MemoryStore());
    const tree = await pages.createTree(TREE, Buffer.alloc(0));
    await put(tree, Buffer.from('a'), Buffer.from('first'));
    const kept = await get(tree, Buffer.from('a'));
    await put(tree, Buffer.from('a'), Buffer.from('second, longer'));
    await put(tree, Buffer.from('0'), Buffer.from('before'));
    await remove(tree, Buffer.from('a'));
    assert.equal(Buffer.from(kept as Uint8Array).toString(), 'first');
    await pages.close();
  });

  it('has the same state hash whatever the order and the shape', async () => {
    const pages = await openPages(new MemoryStore());
    const up = await pages.createTree(1, Buffer.alloc(0));
    const down = await pages.createTree(2, Buffer.alloc(0));
    for (let number = 0; number < 300; number++) await put(up, Buffer.from(String(number)), Buffer.from(`value ${number}`));
    for (let number = 299; number >= 0; number--) {
      await put(down, Buffer.from(String(number)), Buffer.from('something else'));
      await put(down, Buffer.from(String(number)), Buffer.from(`value ${number}`));
    }
    assert.equal(up.stateHash(), down.stateHash());
    await put(down, Buffer.from('5'), Buffer.from('other'));
    assert.notEqual(up.stateHash(), down.stateHash());
    assert.match(up.stateHash(), /^[0-9a-f]{16}$/);
    await pages.close();
  });
});
