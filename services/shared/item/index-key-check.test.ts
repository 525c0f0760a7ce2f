import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeMap } from './attribute-value.ts';
import { checkIndexKeys, inOrderOfChecks } from './index-key-check.ts';

const indexes = [
  {
    name: 'teams',
    keys: {
      partition: [
        { name: 'a', type: 'S' },
        { name: 'b', type: 'B' },
      ],
      sort: [{ name: 'c', type: 'N' }],
    },
  },
  { name: 'by-d', keys: { partition: [{ name: 'p', type: 'S' }], sort: [{ name: 'd', type: 'S' }] } },
] as const;

const refuses = (item: AttributeMap, message: string): void =>
  assert.throws(() => checkIndexKeys(indexes, item), { name: 'ItemError', kind: 'validation', message });

test('attributes of index keys may be missing, and are of their type where they are there', () => {
  checkIndexKeys(indexes, {});
  checkIndexKeys(indexes, { p: { S: 'p' }, a: { S: 'a' }, b: { B: 'AA==' }, c: { N: '1' }, d: { S: 'd' }, e: { M: {} } });
  const mismatch = 'One or more parameter values were invalid: Type mismatch for Index Key';
  refuses({ a: { N: '1' } }, `${mismatch} a Expected: S Actual: N IndexName: teams`);
  refuses({ d: { NULL: true } }, `${mismatch} d Expected: S Actual: NULL IndexName: by-d`);
});

test('they are neither empty nor too long, several of one key together', () => {
  const empty = (kind: string, index: string, attribute: string): string =>
    'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
    `The AttributeValue for a key attribute cannot contain an empty ${kind} value. IndexName: ${index}, IndexKey: ${attribute}`;
  refuses({ a: { S: '' } }, empty('string', 'teams', 'a'));
  refuses({ b: { B: '' } }, empty('binary', 'teams', 'b'));
  const bytes = (count: number) => ({ B: Buffer.alloc(count, 1).toString('base64') });
  const invalid = 'One or more parameter values were invalid: ';
  checkIndexKeys(indexes, { a: { S: 'é'.repeat(1000) }, b: bytes(48), d: { S: 'd'.repeat(1024) } });
  refuses({ a: { S: 'é'.repeat(1000) }, b: bytes(49) }, `${invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes`);
  const tooLong = (name: string, actual: number, most: number, index: string): string =>
    `${invalid}Size limit exceeded for Index Key ${name} Actual Size: ${actual} bytes Max Size: ${most} bytes IndexName: ${index}`;
  refuses({ a: { S: 'é'.repeat(1025) } }, tooLong('a', 2050, 2048, 'teams'));
  refuses({ a: { S: 'a' }, b: bytes(2049) }, tooLong('b', 2049, 2048, 'teams'));
  refuses({ d: { S: 'd'.repeat(1025) } }, tooLong('d', 1025, 1024, 'by-d'));
  assert.throws(() => checkIndexKeys(indexes, { a: { S: 'a'.repeat(2049) } }, 'query'), /Size of hashkey has exceeded/);
});

test('the index that is named is the first by name', () => {
  const ordered = inOrderOfChecks([{ name: 'z', keys: { partition: [{ name: 'a', type: 'S' }], sort: [] } }, ...indexes]);
  assert.deepEqual(
    ordered.map(({ name }) => name),
    ['by-d', 'teams', 'z'],
  );
});
