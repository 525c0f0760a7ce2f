import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyBase64, anyItem, anyNumber, anyText } from './arbitraries.test.ts';
import { attributeNames } from './attribute-map.ts';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { parseDecimal } from './decimal.ts';
import { ITEM_BYTES_MAX, itemSize, valueSize } from './item-size.ts';

test('the limit is 400 KB to the byte', () => {
  assert.equal(ITEM_BYTES_MAX, 409_600);
});

test('numbers cost a byte, one for each started pair of digits on either side of the point, and one for a minus', () => {
  const sizes: readonly (readonly [string, number])[] = [
    ['0', 1],
    ['7', 2],
    ['42', 2],
    ['-42', 3],
    ['461', 3],
    ['100', 2],
    ['1786461547', 6],
    ['1234500000', 4],
    ['12345678901234567890123456789012345678', 20],
    ['-12345678901234567890123456789012345678', 21],
    [`1${'0'.repeat(125)}`, 2],
    ['0.5', 2],
    ['0.0000001', 2],
    ['0.0012', 2],
    ['-0.012', 3],
    ['1.5', 3],
    ['100.5', 4],
    ['12.34', 3],
    ['123.456', 5],
    ['10.01', 3],
  ];
  for (const [N, size] of sizes) assert.equal(valueSize({ N }), size, N);
});

test('the other types', () => {
  assert.equal(valueSize({ S: '' }), 0);
  assert.equal(valueSize({ S: 'aé€\u{1f600}' }), 1 + 2 + 3 + 4);
  assert.equal(valueSize({ S: 'é'.repeat(100) }), 200);
  assert.equal(valueSize({ B: '' }), 0);
  assert.equal(valueSize({ B: 'AA==' }), 1);
  assert.equal(valueSize({ B: 'AAA=' }), 2);
  assert.equal(valueSize({ B: 'AAAA' }), 3);
  assert.equal(valueSize({ BOOL: false }), 1);
  assert.equal(valueSize({ NULL: true }), 1);
  assert.equal(valueSize({ SS: ['a', 'é'] }), 3);
  assert.equal(valueSize({ NS: ['-1', '20'] }), 5);
  assert.equal(valueSize({ BS: ['AA==', 'AAAA'] }), 4);
  assert.equal(valueSize({ L: [] }), 3);
  assert.equal(valueSize({ M: {} }), 3);
  assert.equal(valueSize({ L: [{ S: 'ab' }, { NULL: true }] }), 3 + (1 + 2) + (1 + 1));
  assert.equal(valueSize({ M: { é: { S: 'ab' }, b: { M: {} } } }), 3 + (2 + 1 + 2) + (1 + 1 + 3));
  assert.equal(itemSize({ pk: { S: 'test' }, n: { N: '1' } }), 2 + 4 + 1 + 2);
});

test('property: an item is the sum of its names and values', () => {
  fc.assert(
    fc.property(anyItem, (item: AttributeMap) => {
      let bytes = 0;
      for (const name of attributeNames(item)) {
        const value = Object.entries(item).find(([other]) => other === name)?.[1];
        assert.ok(value);
        bytes += Buffer.from(name).length + valueSize(value);
      }
      assert.equal(itemSize(item), bytes);
    }),
  );
});

test('property: scalars by their definition', () => {
  fc.assert(
    fc.property(anyText, anyBase64, anyNumber, (S, B, N) => {
      assert.equal(valueSize({ S }), Buffer.from(S).length);
      assert.equal(valueSize({ B }), Buffer.from(B, 'base64').length);
      const { sign, digits, exponent } = parseDecimal(N);
      const before = Math.min(Math.max(exponent + 1, 0), digits.length);
      assert.equal(valueSize({ N }), 1 + (sign < 0 ? 1 : 0) + Math.ceil(before / 2) + Math.ceil((digits.length - before) / 2));
    }),
    { numRuns: 500 },
  );
});

test('counts no further than asked', () => {
  const shared = { L: new Array<AttributeValue>(1000).fill({ NULL: true }) };
  const item = { a: { M: Object.fromEntries(Array.from({ length: 1000 }, (_, position) => [`${position}`, shared])) } };
  const whole = itemSize(item);
  assert.equal(itemSize(item, whole), whole);
  assert.ok(itemSize(item, whole - 1) > whole - 1);
  const cut = itemSize(item, 5000);
  assert.ok(cut > 5000 && cut < 10_000, String(cut));
});
