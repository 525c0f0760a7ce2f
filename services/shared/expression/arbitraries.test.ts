import fc from 'fast-check';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';

/** Small canonical items and values. */

const NAMES = ['a', 'b', 'c', '__proto__'] as const;

const numbers = fc.integer({ min: -12, max: 12 }).map(String);

const strings = fc.constantFrom('', 'a', 'ab', 'b', 'ba', 'é', '\u{1F600}', '\uFF5E');

const binaries = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString('base64'));

const scalars: fc.Arbitrary<AttributeValue> = fc.oneof(
  numbers.map((N) => ({ N })),
  strings.map((S) => ({ S })),
  binaries.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true as const }),
);

const sets: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.uniqueArray(strings, { minLength: 1, maxLength: 3 }).map((members) => ({ SS: sortedBy(members, (text) => Buffer.from(text)) })),
  fc.uniqueArray(fc.integer({ min: -12, max: 12 }), { minLength: 1, maxLength: 3 }).map((members) => ({
    NS: members.sort((one, two) => one - two).map(String),
  })),
  fc
    .uniqueArray(binaries, { minLength: 1, maxLength: 3 })
    .map((members) => ({ BS: sortedBy(members, (text) => Buffer.from(text, 'base64')) })),
);

function sortedBy(members: string[], bytes: (member: string) => Buffer): string[] {
  return members.sort((one, two) => Buffer.compare(bytes(one), bytes(two)));
}

/** A map from entries, `__proto__` included. */
function mapOf(entries: readonly (readonly [string, AttributeValue])[]): AttributeMap {
  return Object.fromEntries(entries);
}

const { value } = fc.letrec<{ value: AttributeValue; map: AttributeMap }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    sets,
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    tie('map').map((M) => ({ M })),
  ),
  map: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3 }).map((map) => mapOf(Object.entries(map))),
}));

export const values: fc.Arbitrary<AttributeValue> = value;

export const items: fc.Arbitrary<AttributeMap> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), values), { maxLength: 4, selector: ([name]) => name })
  .map(mapOf);
