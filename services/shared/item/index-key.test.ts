import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { must } from '../base/assert.ts';
import { compareBytes } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import type { AttributeMap, AttributeValue, KeySchema } from './attribute-value.ts';
import {
  decodeGlobalKey,
  decodeLocalKey,
  globalIndexKey,
  globalIndexPrefix,
  type IndexKeySchema,
  localIndexKey,
  tableKeyOfGlobal,
  tableKeyOfLocal,
} from './index-key.ts';
import { encodeKey, encodePartitionPrefix } from './key-encoding.ts';
import { EXPIRY_SPACE, LOCAL_SPACE_LOW, localKey, localSpaceEnd, withoutSpace } from './local-space.ts';
import { projectedItem } from './projection.ts';
import { compareValues } from './value-order.ts';

const md5Only: Pick<Digest, 'md5'> = { md5: (bytes) => createHash('md5').update(bytes).digest() };
const digest = md5Only as Digest;
const table: KeySchema = { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'B' } };
const index: IndexKeySchema = {
  partition: [
    { name: 'a', type: 'S' },
    { name: 'b', type: 'N' },
  ],
  sort: [
    { name: 'c', type: 'N' },
    { name: 'd', type: 'S' },
  ],
};

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const number = fc.integer({ min: -1000, max: 1000 }).map((value): AttributeValue => ({ N: String(value) }));
const item: fc.Arbitrary<AttributeMap> = fc.record({
  p: text.map((value) => ({ S: value })),
  s: fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => ({ B: Buffer.from(bytes).toString('base64') })),
  a: text.map((value) => ({ S: value })),
  b: number,
  c: number,
  d: text.map((value) => ({ S: value })),
});

test('the key of the table is found again at the end of that of an index', () => {
  fc.assert(
    fc.property(item, (attributes) => {
      const key = encodeKey(table, attributes, digest);
      const globalKey = globalIndexKey(index, attributes, key, digest) as Buffer;
      assert.deepEqual(tableKeyOfGlobal(index, globalKey), key);
      const localIndex = localIndexKey(table, { name: 'c', type: 'N' }, attributes, key) as Buffer;
      assert.deepEqual(tableKeyOfLocal(table, { name: 'c', type: 'N' }, localIndex), key);
    }),
  );
});

test('entries of one partition begin alike, and sort by the sort values in turn', () => {
  const attribute = (attributes: AttributeMap, name: string): AttributeValue => must(attributes[name]);
  const order = (a: AttributeMap, b: AttributeMap, name: string): number => must(compareValues(attribute(a, name), attribute(b, name)));
  const sort = { name: 'c', type: 'N' } as const;
  fc.assert(
    fc.property(item, item, (one, other) => {
      const two: AttributeMap = { ...other, a: attribute(one, 'a'), b: attribute(one, 'b'), p: attribute(one, 'p') };
      const prefix = globalIndexPrefix([attribute(one, 'a'), attribute(one, 'b')], digest);
      const collection = encodePartitionPrefix(table, attribute(one, 'p'), digest);
      const [first, second] = [one, two].map((each) => {
        const key = encodeKey(table, each, digest);
        const global = must(globalIndexKey(index, each, key, digest));
        const local = must(localIndexKey(table, sort, each, key));
        assert.deepEqual(global.subarray(0, prefix.length), prefix);
        assert.deepEqual(local.subarray(0, collection.length), collection);
        return { global, local };
      }) as [{ global: Buffer; local: Buffer }, { global: Buffer; local: Buffer }];
      const byBoth = order(one, two, 'c') || order(one, two, 'd');
      if (byBoth !== 0) assert.equal(Math.sign(compareBytes(first.global, second.global)), Math.sign(byBoth));
      const byNumber = order(one, two, 'c');
      if (byNumber !== 0) assert.equal(Math.sign(compareBytes(first.local, second.local)), Math.sign(byNumber));
    }),
  );
});

test('an item without a value of the right type for each attribute of the key is not in the index', () => {
  const whole: AttributeMap = { p: { S: 'p' }, s: { B: 'AA==' }, a: { S: 'a' }, b: { N: '1' }, c: { N: '2' }, d: { S: 'd' } };
  const key = encodeKey(table, whole, digest);
  assert.notEqual(globalIndexKey(index, whole, key, digest), undefined);
  for (const name of ['a', 'b', 'c', 'd']) {
    const { [name]: _left, ...rest } = whole;
    assert.equal(globalIndexKey(index, rest, key, digest), undefined, name);
    assert.equal(globalIndexKey(index, { ...whole, [name]: { BOOL: true } }, key, digest), undefined, name);
  }
  assert.equal(globalIndexKey(index, { ...whole, a: { S: '' } }, key, digest), undefined);
  assert.equal(localIndexKey(table, { name: 'd', type: 'S' }, { ...whole, d: { S: '' } }, key), undefined);
  assert.equal(localIndexKey(table, { name: 'x', type: 'S' }, whole, key), undefined);
});

test('what is derived from items lies behind all of them, space by space', () => {
  const greatest = Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from([0x30]), Buffer.alloc(2000, 0xff)]);
  assert.ok(compareBytes(greatest, LOCAL_SPACE_LOW) < 0);
  const entry = localKey(1, greatest);
  assert.ok(compareBytes(LOCAL_SPACE_LOW, entry) < 0);
  assert.ok(compareBytes(entry, localSpaceEnd(1)) < 0);
  assert.ok(compareBytes(localSpaceEnd(1), localKey(2, Buffer.alloc(0))) <= 0);
  assert.ok(compareBytes(localKey(5, greatest), localKey(EXPIRY_SPACE, Buffer.alloc(0))) < 0);
  assert.deepEqual(withoutSpace(entry), greatest);
});

test('a projection keeps the attributes of both keys and those that it names', () => {
  const whole: AttributeMap = { p: { S: 'p' }, s: { B: 'AA==' }, a: { S: 'a' }, x: { N: '1' }, y: { N: '2' } };
  assert.deepEqual(projectedItem(whole, { kind: 'all' }, ['p', 's', 'a']), whole);
  assert.deepEqual(projectedItem(whole, { kind: 'keys-only' }, ['p', 's', 'a']), { p: { S: 'p' }, s: { B: 'AA==' }, a: { S: 'a' } });
  const included = projectedItem(whole, { kind: 'include', attributes: ['y', 'absent', '__proto__'] }, ['p', 's', 'a']);
  assert.deepEqual(included, { p: { S: 'p' }, s: { B: 'AA==' }, a: { S: 'a' }, y: { N: '2' } });
});

test('an item whose key attributes are too long is in no index, so that keys stay as short as pages need them', () => {
  const attributes = (a: number, d: number): AttributeMap => ({
    p: { S: 'p' },
    s: { B: 'AA==' },
    a: { S: 'a'.repeat(a) },
    b: { N: '1' },
    c: { N: '1' },
    d: { S: '\u0001'.repeat(d) },
  });
  const key = encodeKey(table, attributes(1, 1), digest);
  assert.ok(globalIndexKey(index, attributes(2048, 1024), key, digest) !== undefined);
  assert.equal(globalIndexKey(index, attributes(2049, 1), key, digest), undefined);
  assert.equal(globalIndexKey(index, attributes(1, 1025), key, digest), undefined);
  assert.ok(localIndexKey(table, { name: 'd', type: 'S' }, attributes(1, 1024), key) !== undefined);
  assert.equal(localIndexKey(table, { name: 'd', type: 'S' }, attributes(1, 1025), key), undefined);
});

test('the attributes of both keys are read from that of an index', () => {
  fc.assert(
    fc.property(item, (attributes) => {
      const key = encodeKey(table, attributes, digest);
      assert.deepEqual(decodeGlobalKey(index, table, must(globalIndexKey(index, attributes, key, digest))), { ...attributes });
      const { p, s, c } = attributes;
      const sort = { name: 'c', type: 'N' } as const;
      assert.deepEqual(decodeLocalKey(table, sort, must(localIndexKey(table, sort, attributes, key))), { p, s, c });
    }),
  );
});
