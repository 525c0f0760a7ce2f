import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue, KeySchema } from '../../shared/item/attribute-value.ts';
import { globalIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { decodeStoredValue, encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { IndexSource } from '../../shared/placement/partition-settings.ts';
import { nodeDigest } from '../../shared/platform/digest.ts';
import type { LogRecord } from '../../shared/wal/log-record.ts';
import { IndexEntries } from './index-entries.ts';
import { ItemImage } from './item-image.ts';
import { IndexedRecord } from './indexed-record.ts';

const TABLE: KeySchema = { partition: { name: 'p', type: 'S' } };
const KEY = encodeKey(TABLE, { p: { S: 'one' } }, nodeDigest);
const NAMES = ['p', 'a', 'b', 'x', 'y'];

const SOURCES: readonly IndexSource[] = [
  { keys: { partition: [{ name: 'a', type: 'S' }], sort: [] }, projection: { kind: 'all' } },
  { keys: { partition: [{ name: 'a', type: 'S' }], sort: [{ name: 'b', type: 'N' }] }, projection: { kind: 'keys-only' } },
  { keys: { partition: [{ name: 'b', type: 'N' }], sort: [] }, projection: { kind: 'include' as const, attributes: ['x'] } },
].map((each, at) => ({ ...each, name: `i${at}`, indexId: `i${at}`, backfill: false }) as IndexSource);

const optional = (value: fc.Arbitrary<AttributeValue>): fc.Arbitrary<AttributeValue | undefined> => fc.option(value, { nil: undefined });
const item: fc.Arbitrary<AttributeMap | undefined> = fc.option(
  fc
    .record({
      // Also values of another type, and empty ones: those are in no index.
      a: optional(fc.constantFrom<AttributeValue>({ S: 'a' }, { S: 'b' }, { S: '' }, { N: '1' })),
      b: optional(fc.constantFrom<AttributeValue>({ N: '1' }, { N: '2' }, { S: '1' })),
      x: optional(fc.constantFrom<AttributeValue>({ S: 'x' }, { S: 'z'.repeat(1500) })),
      y: optional(fc.constantFrom<AttributeValue>({ L: [{ BOOL: true }] }, { S: 'y' })),
    })
    .map((rest) => {
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as AttributeMap;
      return { p: { S: 'one' }, ...given };
    }),
  { nil: undefined },
);

function stored(image: AttributeMap | undefined, slot: number): Buffer | undefined {
  if (image === undefined) return undefined;
  const fields = { flags: 0, size: itemSize(image), slot, timeMs: 1, originRegion: 'local', json: serializeItem(image) };
  return encodeStoredValue(fields, KEY, nodeDigest);
}

/** What an index must hold of the item, by its definition. */
function expected({ keys, projection }: IndexSource, image: AttributeMap | undefined): Map<string, AttributeMap> {
  const key = image && globalIndexKey(keys, image, KEY, nodeDigest);
  if (image === undefined || key === undefined) return new Map();
  const keyNames = ['p', ...[...keys.partition, ...keys.sort].map(({ name }) => name)];
  const kept = projection.kind === 'all' ? NAMES : [...keyNames, ...(projection.kind === 'include' ? projection.attributes : [])];
  return new Map([[key.toString('hex'), Object.fromEntries(Object.entries(image).filter(([name]) => kept.includes(name)))]]);
}

describe('entries of a global index', () => {
  it('follow from the images, whatever replaces what', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), (images) => {
        for (const source of SOURCES) {
          const entries = new IndexEntries(TABLE, source, nodeDigest);
          const held = new Map<string, AttributeMap>();
          let old: Buffer | undefined;
          for (const [at, image] of images.entries()) {
            const next = stored(image, at + 1);
            const before = JSON.stringify([...held]);
            for (const { key, value } of entries.changes(KEY, old, next)) {
              const name = Buffer.from(key).toString('hex');
              if (value === undefined) assert.ok(held.delete(name), 'an entry that is not there is removed');
              else held.set(name, parseItem(decodeStoredValue(value, key, nodeDigest).json));
            }
            assert.deepEqual(held, expected(source, image));
            assert.equal(
              entries.units(KEY, ItemImage.of(old), ItemImage.of(next)) === 0,
              JSON.stringify([...held]) === before,
              'units are taken by changes alone',
            );
            old = next;
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('take a unit for each KB of the larger entry, and two writes for another key', () => {
    const entries = new IndexEntries(TABLE, SOURCES[2] as IndexSource, nodeDigest);
    const of = (b: string, x: string): ItemImage | undefined => ItemImage.of(stored({ p: { S: 'one' }, b: { N: b }, x: { S: x } }, 1));
    assert.equal(entries.units(KEY, undefined, of('1', 'x')), 1);
    assert.equal(entries.units(KEY, of('1', 'x'), of('1', 'y'.repeat(1500))), 2);
    assert.equal(entries.units(KEY, of('1', 'y'.repeat(1500)), of('2', 'y'.repeat(1500))), 4);
    assert.equal(entries.units(KEY, of('1', 'y'.repeat(1500)), undefined), 2);
    assert.equal(entries.units(KEY, of('1', 'x'), of('1', 'x')), 0);
  });

  it('are not guessed where a record does not say what it replaces', () => {
    const entries = new IndexEntries(TABLE, SOURCES[0] as IndexSource, nodeDigest);
    const newValue = stored({ p: { S: 'one' }, a: { S: 'a' } }, 2) as Buffer;
    const identity = { kind: 'user' as const, name: '' };
    const record: LogRecord = {
      type: 'write',
      timeMs: 1,
      change: 'modify',
      identity,
      oldSize: 1,
      key: KEY,
      payload: Buffer.alloc(0),
      newValue,
    };
    const changesOf = (each: LogRecord): readonly unknown[] => entries.changesOf(new IndexedRecord(each));
    assert.throws(() => changesOf(record), /does not say what it replaces/);
    assert.equal(changesOf({ ...record, change: 'insert' }).length, 1);
    assert.equal(changesOf({ ...record, change: 'none' }).length, 0);
    assert.equal(changesOf({ ...record, type: 'no-op' }).length, 0);
  });
});
