import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { canonicalizeItem } from './canonical-value.ts';
import { canonicalNumber } from './decimal.ts';
import { sortMembers } from './set-members.ts';

/** What the property tests of this folder draw from. */

/** Strings rich in what encodings trip over: bytes 0 and 1, the UTF-8 length steps, pairs of surrogates. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', 'b', '\u007f', 'é', '\ud7ff', '\ue000', '\uffff', '\u{1f600}'),
    maxLength: 6,
  }),
);

/** Names, among them those that every JavaScript object seems to have. */
export const anyName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON', 'valueOf', '0', '17', 'a', 'b'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }),
);

export const anyBytes = fc.uint8Array({ maxLength: 9 });

export const anyBase64 = fc.oneof(
  anyBytes.map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.array(fc.constantFrom(0, 1, 2, 0xfe, 0xff), { maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
);

const digit = fc.constantFrom(...'0012345678999');

/** Numbers that DynamoDB holds, in all the ways in which they may be written. */
export const anyNumberText = fc
  .record({
    sign: fc.constantFrom('', '-', '+'),
    leadingZeros: fc.nat({ max: 3 }),
    digits: fc.string({ unit: digit, minLength: 1, maxLength: 38 }),
    trailingZeros: fc.nat({ max: 3 }),
    pointAt: fc.nat({ max: 44 }),
    exponent: fc.oneof(fc.constant(undefined), fc.integer({ min: -85, max: 80 })),
  })
  .map(({ sign, leadingZeros, digits, trailingZeros, pointAt, exponent }) => {
    const all = '0'.repeat(leadingZeros) + digits + '0'.repeat(trailingZeros);
    const withPoint = pointAt <= all.length ? `${all.slice(0, pointAt)}.${all.slice(pointAt)}` : all;
    return sign + withPoint + (exponent === undefined ? '' : `e${exponent}`);
  });

/** Numbers close to each other or equal, so that comparisons meet every case. */
export const anyCloseNumberText = fc.oneof(
  anyNumberText,
  fc.constantFrom('0', '-0', '1', '10', '-1', '-10', '1e125', '-1e125', '1e-130', '-1e-130', '9.9999999999999999999999999999999999999e125'),
  fc.integer({ min: -120, max: 120 }).map((value) => `${value}`),
  fc.integer({ min: -2000, max: 2000 }).map((value) => `${value}e-2`),
);

export const anyNumber = anyCloseNumberText.map(canonicalNumber);

/** A string, number or binary, canonical: what a key may hold. */
export const anyOrderedValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  anyText.map((S) => ({ S })),
  anyNumber.map((N) => ({ N })),
  anyBase64.map((B) => ({ B })),
);

/** A canonical value of any type. */
export const anyValue: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue; map: AttributeMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    anyOrderedValue,
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true as const }),
    fc.uniqueArray(anyText, { minLength: 1, maxLength: 5 }).map((members) => ({ SS: sortMembers('SS', members) })),
    fc.uniqueArray(anyNumber, { minLength: 1, maxLength: 5 }).map((members) => ({ NS: sortMembers('NS', members) })),
    fc.uniqueArray(anyBase64, { minLength: 1, maxLength: 5 }).map((members) => ({ BS: sortMembers('BS', members) })),
    fc.array(tie('value'), { maxLength: 4 }).map((L) => ({ L })),
    tie('map').map((M) => ({ M })),
  ),
  map: mapOf(tie('value')),
})).value;

/** A canonical item. */
export const anyItem: fc.Arbitrary<AttributeMap> = mapOf(anyValue);

/** JSON.parse makes `__proto__` an own property, as it does for requests and for stored items. */
function mapOf(value: fc.Arbitrary<AttributeValue>): fc.Arbitrary<AttributeMap> {
  return fc
    .uniqueArray(fc.tuple(anyName, value), { selector: ([name]) => name, maxLength: 5 })
    .map(
      (entries) => JSON.parse(`{${entries.map((entry) => entry.map((part) => JSON.stringify(part)).join(':')).join(',')}}`) as AttributeMap,
    );
}

test('the items that the property tests draw are canonical', () => {
  fc.assert(fc.property(anyItem, (item) => assert.equal(canonicalizeItem(item), item)));
});
