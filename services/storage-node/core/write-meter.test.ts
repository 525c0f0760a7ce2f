import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { ItemImage } from './item-image.ts';
import { WriteMeter } from './write-meter.ts';

const SETTINGS: PartitionSettings = {
  version: 1,
  keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'S' } },
  localIndexes: [
    { name: 'all', number: 1, sort: { name: 'a', type: 'S' }, projection: { kind: 'all' } },
    { name: 'keys', number: 2, sort: { name: 'a', type: 'S' }, projection: { kind: 'keys-only' } },
    { name: 'some', number: 3, sort: { name: 'b', type: 'N' }, projection: { kind: 'include', attributes: ['x'] } },
  ],
  globalIndexes: [
    {
      name: 'global',
      indexId: 'id',
      keys: { partition: [{ name: 'a', type: 'S' }], sort: [] },
      projection: { kind: 'keys-only' },
      backfill: false,
    },
  ],
};
const KEY: AttributeMap = { p: { S: 'p' }, s: { S: 's' } };
const meter = new WriteMeter(SETTINGS, nodeDigest);
const key = encodeKey(SETTINGS.keys, KEY, nodeDigest);

function stored(rest: AttributeMap | undefined): Buffer | undefined {
  if (rest === undefined) return undefined;
  const item = { ...KEY, ...rest };
  const fields = { flags: 0, size: itemSize(item), slot: 1, timeMs: 1, originRegion: '' };
  return encodeStoredValue({ ...fields, json: serializeItem(item) }, key, nodeDigest);
}

function units(old: AttributeMap | undefined, next: AttributeMap | undefined): Record<string, number> {
  return Object.fromEntries(meter.units(key, stored(old), stored(next)).map(({ index, units: taken }) => [index, taken]));
}

const text = (bytes: number): AttributeMap => ({ x: { S: 'x'.repeat(bytes) } });

describe('the units that a write takes in indexes', () => {
  it('are one for each entry that comes, goes, or has a projected attribute changed', () => {
    const a = { a: { S: '1' } };
    assert.deepEqual(units(undefined, a), { all: 1, keys: 1, global: 1 });
    assert.deepEqual(units(a, undefined), { all: 1, keys: 1, global: 1 });
    assert.deepEqual(units(a, { ...a, x: { N: '1' } }), { all: 1 });
    assert.deepEqual(units({ b: { N: '1' }, x: { N: '1' } }, { b: { N: '1' }, x: { N: '2' } }), { some: 1 });
    assert.deepEqual(units(a, {}), { all: 1, keys: 1, global: 1 });
    assert.deepEqual(units({}, { y: { N: '1' } }), {});
  });

  it('are none where the entry stays as it is, whatever the order of its attributes', () => {
    const item: AttributeMap = { a: { S: '1' }, b: { N: '1' }, y: { M: { c: { N: '1' }, d: { N: '2' } } } };
    const other: AttributeMap = { y: { M: { d: { N: '2' }, c: { N: '1' } } }, b: { N: '1' }, a: { S: '1' } };
    assert.deepEqual(units(item, other), {});
    assert.deepEqual(units(item, { ...item, y: { BOOL: true } }), { all: 1 });
  });

  it('are those of two writes where the key of the entry changes', () => {
    assert.deepEqual(units({ a: { S: '1' } }, { a: { S: '2' } }), { all: 2, keys: 2, global: 2 });
    assert.deepEqual(units({ a: { S: '1' }, ...text(1500) }, { a: { S: '2' } }), { all: 3, keys: 2, global: 2 });
  });

  it('count each KB of the larger entry', () => {
    const a = { a: { S: '1' } };
    const overhead = itemSize({ ...KEY, ...a, x: { S: '' } });
    assert.deepEqual(units(undefined, { ...a, ...text(1024 - overhead) }), { all: 1, keys: 1, global: 1 });
    assert.deepEqual(units(undefined, { ...a, ...text(1025 - overhead) }), { all: 2, keys: 1, global: 1 });
    assert.deepEqual(units({ ...a, ...text(5000) }, { ...a, ...text(10) }), { all: 5 });
    assert.deepEqual(units({ ...a, ...text(10) }, { ...a, ...text(5000) }), { all: 5 });
  });
});

describe('the image of an item', () => {
  it('is parsed once for all indexes that look at it', () => {
    const image = ItemImage.of(stored({ a: { S: '1' } }));
    assert.ok(image !== undefined);
    assert.deepEqual(image.item, { ...KEY, a: { S: '1' } });
    assert.equal(image.item, image.item);
    assert.equal(image.size, itemSize(image.item));
    assert.equal(ItemImage.of(undefined), undefined);
  });

  it('counts for an index that holds all of it by its own size', () => {
    const [global] = SETTINGS.globalIndexes;
    assert.ok(global !== undefined);
    const all = Array.from({ length: 20 }, (_, at) => ({
      ...global,
      name: `g${at}`,
      indexId: `${at}`,
      projection: { kind: 'all' as const },
    }));
    const many = new WriteMeter({ ...SETTINGS, localIndexes: [], globalIndexes: all }, nodeDigest);
    const taken = many.units(key, stored({ a: { S: '1' }, ...text(3000) }), stored({ a: { S: '1' }, ...text(10) }));
    assert.deepEqual(
      taken.map(({ units: each }) => each),
      all.map(() => 3),
    );
  });
});

describe('the growth of an item collection', () => {
  it('is that of the item and of its entries in local indexes', () => {
    const growth = (old: AttributeMap | undefined, next: AttributeMap | undefined): number => meter.growth(key, stored(old), stored(next));
    // Keys p and s with a byte each as values: 4.
    assert.equal(growth(undefined, {}), 4);
    // The item and the entry of `all` have 6 bytes, that of `keys` the same; the global index is elsewhere.
    assert.equal(growth(undefined, { a: { S: '1' } }), 18);
    assert.equal(growth({ a: { S: '1' } }, undefined), -18);
    assert.equal(growth({ a: { S: '1' } }, { a: { S: '1' }, x: { S: 'abc' } }), 8);
    assert.equal(growth({ a: { S: '1' } }, { a: { S: '2' } }), 0);
    assert.equal(growth({ a: { S: '1' } }, {}), -14);
  });
});
