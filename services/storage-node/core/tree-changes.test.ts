import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { check } from '../../shared/btree/check.ts';
import { MemoryStore, testDigest } from '../../shared/btree/memory-store.fixture.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import { fetchPlace, openPages, scanAll } from '../../shared/btree/tree-harness.fixture.ts';
import { encodeStoredValue, storedChecksum, storedItemSize } from '../../shared/item/stored-value.ts';
import { changeTogether, type TreeChange } from './tree-changes.ts';

const TREE = 7;
const NO_BYTES = new Uint8Array(0);

function key(number: number): Buffer {
  return Buffer.from(`key${String(number).padStart(4, '0')}`);
}

/** Two of them fill a leaf. */
function change(number: number): TreeChange & { readonly value: Buffer } {
  const fields = { flags: 0, size: 10, slot: 1, timeMs: 1, originRegion: '', json: Buffer.alloc(1400, number) };
  return { key: key(number), value: encodeStoredValue(fields, key(number), testDigest) };
}

async function treeOf(numbers: readonly number[], cacheBytes: number): Promise<{ store: MemoryStore; tree: BTree }> {
  const store = new MemoryStore();
  const pages = await openPages(store, cacheBytes);
  const tree = await pages.createTree(TREE, NO_BYTES);
  for (const number of numbers) {
    const { value } = change(number);
    await fetchPlace(tree, key(number));
    tree.put(key(number), value, storedChecksum(value), storedItemSize(value));
  }
  return { store, tree };
}

/** All places are in memory in the end, without any operation between. */
async function fetchAll(tree: BTree, changes: readonly TreeChange[]): Promise<void> {
  for (;;) {
    let wait: Promise<void> | undefined;
    for (const [at, { key: place }] of changes.entries()) wait ??= tree.fetch(place, 'place', at > 0);
    if (wait === undefined) return;
    await wait;
  }
}

async function keysOf(tree: BTree): Promise<string[]> {
  return (await scanAll(tree, NO_BYTES, undefined, false)).map(([found]) => Buffer.from(found).toString());
}

it('puts an entry beside one that was alone in its leaf and goes by the same record, whatever is in memory of the neighbours', async () => {
  const numbers = Array.from({ length: 200 }, (_, at) => at * 10);
  const { tree } = await treeOf(numbers, 20_000);
  await tree.checkpoint(NO_BYTES);
  // A leaf with one entry, whose neighbours were not looked at for long.
  for (const number of [990, 1010]) {
    await fetchPlace(tree, key(number));
    tree.delete(key(number));
  }
  await tree.checkpoint(NO_BYTES);
  for (let number = 0; number < 500; number += 10) await fetchPlace(tree, key(number));
  const changes = [{ key: key(1000), value: undefined }, change(1001)];
  await fetchAll(tree, changes);
  changeTogether(tree, changes);
  const left = numbers.filter((number) => ![990, 1000, 1010].includes(number));
  const expected = [...left, 1001].sort((one, other) => one - other).map((number) => key(number).toString());
  assert.deepEqual(await keysOf(tree), expected);
});

it('needs nothing but the places of its keys, and comes to what the changes say', async () => {
  const number = fc.nat(120);
  const step = fc.uniqueArray(fc.record({ number, isDelete: fc.boolean() }), { selector: (each) => each.number, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { store, tree } = await treeOf([], 8_000);
      const expected = new Set<string>();
      for (const [at, step] of steps.entries()) {
        const changes = step.map(({ number, isDelete }) => (isDelete ? { key: key(number), value: undefined } : change(number)));
        await fetchAll(tree, changes);
        changeTogether(tree, changes);
        for (const { key: changed, value } of changes) {
          if (value === undefined) expected.delete(changed.toString());
          else expected.add(changed.toString());
        }
        if (at % 2 === 1) await tree.checkpoint(NO_BYTES);
      }
      assert.deepEqual(await keysOf(tree), [...expected].sort());
      await tree.checkpoint(NO_BYTES);
      assert.deepEqual((await check(store, testDigest)).problems, []);
    }),
    { numRuns: 100 },
  );
});
