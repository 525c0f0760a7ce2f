import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyBase64, anyItem, anyOrderedValue, anyValue } from './arbitraries.test.ts';
import { typeOf } from './attribute-map.ts';
import { canonicalizeValue } from './canonical-value.ts';
import { encodeOrdered } from './ordered-value.ts';
import { compareBase64, compareValues, equalValues } from './value-order.ts';

test('property: equal is what is deeply equal', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      assert.ok(equalValues(a, structuredClone(a)));
      assert.equal(equalValues(a, b), isDeepStrictEqual(a, b));
      assert.equal(equalValues({ L: [a, b] }, { L: [b, a] }), isDeepStrictEqual(a, b));
    }),
    { numRuns: 500 },
  );
});

test('property: maps are equal whatever the order of their names', () => {
  fc.assert(
    fc.property(anyItem, (item) => {
      const entries = Object.entries(item).toReversed();
      const turned = JSON.parse(`{${entries.map((entry) => entry.map((part) => JSON.stringify(part)).join(':')).join(',')}}`);
      assert.ok(equalValues({ M: item }, { M: turned }));
    }),
  );
});

test('inherited names are not attributes', () => {
  assert.equal(equalValues({ M: { toString: { S: 'x' } } }, { M: { other: { S: 'x' } } }), false);
  assert.equal(equalValues({ M: { other: { S: 'x' } } }, { M: JSON.parse('{"__proto__":{"S":"x"}}') }), false);
});

test('sets are equal whatever the order and spelling in which they came', () => {
  const canonical = canonicalizeValue;
  assert.ok(equalValues(canonical({ NS: ['1.0', '2', '1e1'] }), canonical({ NS: ['10', '1', '2.0'] })));
  assert.ok(equalValues(canonical({ SS: ['b', 'a'] }), canonical({ SS: ['a', 'b'] })));
  assert.equal(equalValues(canonical({ SS: ['1'] }), canonical({ NS: ['1'] })), false);
  assert.equal(equalValues(canonical({ SS: ['a', 'b'] }), canonical({ SS: ['a'] })), false);
});

test('property: order is that of the ordered bytes, within one type', () => {
  fc.assert(
    fc.property(anyOrderedValue, anyOrderedValue, (a, b) => {
      const order = compareValues(a, b);
      if (typeOf(a) !== typeOf(b)) return assert.equal(order, undefined);
      assert.equal(Math.sign(order ?? Number.NaN), Buffer.compare(encodeOrdered(a), encodeOrdered(b)));
      assert.equal(order === 0, equalValues(a, b));
    }),
    { numRuns: 1000 },
  );
});

test('property: base64 sorts as its bytes do', () => {
  fc.assert(
    fc.property(anyBase64, anyBase64, (a, b) => {
      assert.equal(Math.sign(compareBase64(a, b)), Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64')));
    }),
    { numRuns: 2000 },
  );
});

test('other types have no order', () => {
  assert.equal(compareValues({ BOOL: true }, { BOOL: false }), undefined);
  assert.equal(compareValues({ NULL: true }, { NULL: true }), undefined);
  assert.equal(compareValues({ L: [] }, { L: [] }), undefined);
  assert.equal(compareValues({ SS: ['a'] }, { SS: ['a'] }), undefined);
});

test('long binaries are told apart wherever they differ', () => {
  const bytes = Buffer.alloc(6000, 7);
  for (const at of [0, 767, 768, 769, 1536, 5999]) {
    const other = Buffer.from(bytes);
    other[at] = 200;
    const [less, more] = [bytes, other].map((each) => each.toString('base64'));
    assert.ok(compareBase64(less ?? '', more ?? '') < 0 && compareBase64(more ?? '', less ?? '') > 0, String(at));
  }
});
