import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { compareBytes, successor, utf8 } from '../../shared/base/bytes.ts';
import { MIB } from '../../shared/base/units.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { localIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey, encodePartitionPrefix } from '../../shared/item/key-encoding.ts';
import { LOCAL_SPACE_LOW, localSpaceEnd, withoutSpace } from '../../shared/item/local-space.ts';
import { serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { RangeOperation, RangeResult } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { entriesOf, itemsAfter, SETTINGS, type Write, writeRecord, writes } from './local-indexes.fixture.ts';
import { RangeReader } from './range-reader.ts';
import { ownRecord, ReplicaWorld } from './replica-world.fixture.ts';

const WHOLE: RangeOperation = {
  kind: 'range',
  low: new Uint8Array(0),
  reverse: false,
  consistent: false,
  limit: 0,
  byteLimit: MIB,
  countOnly: false,
};
const INDEX_NUMBERS = SETTINGS.localIndexes.map(({ number }) => number);

/** A follower that has applied these writes to a table with local indexes. */
async function worldOf(all: readonly Write[]): Promise<ReplicaWorld> {
  const world = new ReplicaWorld();
  await world.create();
  const settings = ownRecord('settings', serializePartitionSettings(SETTINGS));
  await world.follow([settings, ...all.map((write, at) => writeRecord(write, at + 2))], all.length + 1);
  world.heartbeat(all.length + 1);
  await world.timers.settle();
  return world;
}

async function read(world: ReplicaWorld, operation: RangeOperation): Promise<Answer> {
  const answers: Answer[] = [];
  const reader = new RangeReader(world.environment);
  reader.read(world.group, operation, world.timers.monotonicMs() + 5000, (answer) => void answers.push(answer));
  // Pages are read from the store between turns.
  for (let turns = 0; answers.length === 0 && turns < 2000; turns++) await world.timers.settle();
  assert.equal(answers.length, 1);
  return answers[0] as Answer;
}

async function result(world: ReplicaWorld, operation: RangeOperation): Promise<RangeResult> {
  const { status, range } = await read(world, operation);
  assert.equal(status, 'ok');
  assert(range);
  return range;
}

/** All pages of a range, each with its sums. */
async function pages(world: ReplicaWorld, operation: RangeOperation): Promise<RangeResult[]> {
  const found: RangeResult[] = [];
  for (let next = operation; ; ) {
    const page = await result(world, next);
    found.push(page);
    if (!page.more) return found;
    assert(page.lastKey !== undefined);
    next = operation.reverse ? { ...next, high: page.lastKey } : { ...next, low: successor(page.lastKey) };
  }
}

const itemsOf = (results: readonly RangeResult[]): AttributeMap[] => results.flatMap(({ items }) => items.map((json) => parseItem(json)));

/** What an index holds, in its order: its keys, what the entries hold, and the items they stand for. */
function indexOf(number: number, items: ReadonlyMap<string, AttributeMap>): { key: Uint8Array; entry: AttributeMap; item: AttributeMap }[] {
  return [...items]
    .flatMap(([name, item]) =>
      [...entriesOf(new Map([[name, item]]))].map(([key, entry]) => ({ bytes: Buffer.from(key, 'hex'), entry, item })),
    )
    .filter(({ bytes }) => bytes[LOCAL_SPACE_LOW.length] === number)
    .map(({ bytes, entry, item }) => ({ key: withoutSpace(bytes), entry, item }))
    .sort((a, b) => compareBytes(a.key, b.key));
}

function writeOf(s: number, rest: AttributeMap, p = 'one'): Write {
  const key = { p: { S: p }, s: { N: String(s) } };
  return { key, item: { ...key, ...rest } };
}

describe('reads of ranges', () => {
  it('of items end where what is derived from them begins, in both directions', async () => {
    const world = await worldOf([writeOf(1, { a: { S: 'x' } }), writeOf(2, { a: { S: 'y' }, b: { N: '1' } }), writeOf(1, {}, 'two')]);
    for (const reverse of [false, true]) {
      const { count, more, scanned } = await result(world, { ...WHOLE, reverse });
      assert.deepEqual({ count, more, scanned }, { count: 3, more: false, scanned: 3 });
      const beyond = await result(world, { ...WHOLE, reverse, ...(reverse ? {} : { high: localSpaceEnd(5) }) });
      assert.equal(beyond.count, 3);
    }
    const behind = await result(world, { ...WHOLE, low: LOCAL_SPACE_LOW });
    assert.deepEqual({ count: behind.count, more: behind.more }, { count: 0, more: false });
  });

  it('of an index that the partition does not know are refused as not ready', async () => {
    const world = await worldOf([]);
    assert.equal((await read(world, { ...WHOLE, index: 4 })).status, 'not-ready');
    const early = new ReplicaWorld();
    await early.create();
    await early.follow([ownRecord('no-op', new Uint8Array(0))], 1);
    early.heartbeat(1);
    assert.equal((await read(early, { ...WHOLE, index: 1 })).status, 'not-ready');
  });

  it('of an index give its entries in its order, page by page, and the same from the items whole', async () => {
    const limits = fc.constantFrom(0, 1, 2, 5);
    await fc.assert(
      fc.asyncProperty(writes, fc.constantFrom(...INDEX_NUMBERS), fc.boolean(), limits, async (all, index, reverse, limit) => {
        const world = await worldOf(all);
        const items = itemsAfter(all);
        const expected = indexOf(index, items);
        if (reverse) expected.reverse();
        const operation: RangeOperation = { ...WHOLE, index, reverse, limit };
        const found = await pages(world, operation);
        assert.deepEqual(
          itemsOf(found),
          expected.map(({ entry }) => entry),
        );
        const bytes = expected.reduce((sum, { entry }) => sum + itemSize(entry), 0);
        assert.equal(
          found.reduce((sum, { scannedBytes }) => sum + scannedBytes, 0),
          bytes,
        );
        for (const { lastKey, scanned } of found)
          if (scanned > 0) assert(expected.some(({ key }) => lastKey !== undefined && compareBytes(key, lastKey) === 0));
        const whole = await pages(world, { ...operation, fetchItems: true });
        assert.deepEqual(
          itemsOf(whole),
          expected.map(({ item }) => item),
        );
        const sums = whole.reduce((sum, page) => ({ bytes: sum.bytes + page.scannedBytes, units: sum.units + (page.fetchedUnits ?? -1) }), {
          bytes: 0,
          units: 0,
        });
        assert.deepEqual(sums, { bytes, units: expected.length });
      }),
      { numRuns: 40 },
    );
  });

  it('of an index take bounds within one partition key, and filter what was fetched', async () => {
    const all = [1, 2, 3, 4].map((s) => writeOf(s, { a: { S: `a${5 - s}` }, x: { N: String(s) } }));
    const world = await worldOf([...all, writeOf(1, { a: { S: 'a2' } }, 'two')]);
    const prefix = encodePartitionPrefix(SETTINGS.keys, { S: 'one' }, nodeDigest);
    const [byA] = SETTINGS.localIndexes;
    assert(byA);
    const keyOf = ({ key, item }: Write): Buffer => {
      const indexKey = item && localIndexKey(SETTINGS.keys, byA.sort, item, encodeKey(SETTINGS.keys, key, nodeDigest));
      assert(indexKey);
      return indexKey;
    };
    const high = keyOf(all[0] as Write);
    const below = await result(world, { ...WHOLE, index: 1, low: prefix, high });
    assert.deepEqual(
      itemsOf([below]).map((item) => item['a']),
      [{ S: 'a1' }, { S: 'a2' }, { S: 'a3' }],
    );
    const filtered = { filter: 'x > :x', values: utf8('{":x":{"N":"2"}}') };
    const keysOnly = await result(world, { ...WHOLE, index: 5, low: prefix, ...filtered });
    assert.deepEqual([keysOnly.count, keysOnly.scanned], [0, 5], 'what is not projected is not there');
    const fetched = await result(world, { ...WHOLE, index: 5, low: prefix, fetchItems: true, ...filtered });
    assert.deepEqual([fetched.count, fetched.scanned, fetched.fetchedUnits], [2, 5, 5]);
    assert.deepEqual(itemsOf([fetched]), [all[2]?.item, all[3]?.item]);
  });

  it('fetch items whose pages are not in memory, each once and in order, and stop where so much was read', async () => {
    const fill = 'x'.repeat(5000);
    const count = 120;
    const order = (s: number): number => (s * 37) % count;
    const all = Array.from({ length: count }, (_, s) => writeOf(s, { b: { N: String(order(s)) }, a: { S: 'a' }, fill: { S: fill } }));
    const world = await worldOf(all);
    await checkpointed(world);
    const expected = [...all].sort((one, other) => order(Number(numberOf(one))) - order(Number(numberOf(other)))).map(({ item }) => item);
    const readBefore = world.pages.stats().pagesRead;
    for (const reverse of [false, true]) {
      const operation: RangeOperation = { ...WHOLE, index: 2, reverse, fetchItems: true };
      const found = await pages(world, { ...operation, byteLimit: 100_000 });
      assert.deepEqual(itemsOf(found), reverse ? [...expected].reverse() : expected);
      // So many items of five thousand bytes are the first to reach a hundred thousand, and each takes two units.
      const [first] = found;
      assert.deepEqual([first?.scanned, first?.fetchedUnits], [20, 40]);
      assert(first?.fetchedBytes !== undefined && first.fetchedBytes >= 100_000 && first.fetchedBytes < 106_000);
      const limited = await pages(world, { ...operation, limit: 7 });
      assert.deepEqual([limited[0]?.scanned, limited.length], [7, 18]);
    }
    assert(world.pages.stats().pagesRead > readBefore + count, 'not all items fit into memory');
    assert.deepEqual(world.failures, []);
  });
});

/** A large checkpoint pauses between turns. */
async function checkpointed({ group, timers }: ReplicaWorld): Promise<void> {
  let isDone = false;
  const checkpoint = group.checkpoint().then(() => {
    isDone = true;
  });
  while (!isDone) await timers.settle();
  await checkpoint;
}

function numberOf({ key }: Write): string {
  return (key['s'] as { readonly N: string }).N;
}
