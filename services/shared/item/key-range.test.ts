import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Digest } from '../env/digest.ts';
import { anyBase64, anyNumber, anyText } from './arbitraries.test.ts';
import type { AttributeValue, KeyAttribute, KeyAttributeType, KeySchema } from './attribute-value.ts';
import { encodeKey, encodePartitionPrefix } from './key-encoding.ts';
import { sortKeyRange } from './key-range.ts';
import type { SortKeyCondition } from './key-range.ts';
import { encodeOrdered } from './ordered-value.ts';

const digest: Pick<Digest, 'md5'> = { md5: (bytes) => createHash('md5').update(bytes).digest() };
const md5Only = digest as Digest;

const keyValues: Readonly<Record<KeyAttributeType, fc.Arbitrary<AttributeValue>>> = {
  S: anyText.filter((text) => text !== '').map((S) => ({ S })),
  N: anyNumber.map((N) => ({ N })),
  B: anyBase64.filter((text) => text !== '').map((B) => ({ B })),
};
const anyKeyType = fc.constantFrom<KeyAttributeType>('S', 'N', 'B');
const anyOperator = fc.constantFrom<SortKeyCondition['operator']>('=', '<', '<=', '>', '>=', 'between', 'begins_with');

const schemaOf = (type: KeyAttributeType): KeySchema => ({ partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type } });
const prefixOf = (schema: KeySchema): Buffer => encodePartitionPrefix(schema, { S: 'p' }, md5Only);
const attribute = (type: KeyAttributeType): KeyAttribute => ({ name: 'sk', type });

function isWithin({ low, high }: { low: Buffer; high: Buffer }, key: Buffer): boolean {
  return Buffer.compare(low, key) <= 0 && Buffer.compare(key, high) < 0;
}

test('property: a range holds exactly the keys that meet its condition', () => {
  const anyCase = anyKeyType.chain((type) =>
    fc.record({
      type: fc.constant(type),
      values: fc.tuple(keyValues[type], keyValues[type]),
      sort: keyValues[type],
      operator: anyOperator,
    }),
  );
  fc.assert(
    fc.property(anyCase, ({ type, values, sort, operator }) => {
      if (operator === 'begins_with' && type === 'N') return;
      const schema = schemaOf(type);
      const prefix = prefixOf(schema);
      const condition = { operator, values: operator === 'between' ? values : values.slice(0, 1) };
      const range = sortKeyRange(prefix, [attribute(type)], [condition]);
      const key = encodeKey(schema, { pk: { S: 'p' }, sk: sort }, md5Only);
      // In an index the key of the base table follows.
      for (const whole of [key, Buffer.concat([key, Buffer.from([0xff, 0xff])]), Buffer.concat([key, Buffer.from([0])])]) {
        assert.equal(isWithin(range, whole), meets(sort, condition));
      }
      assert.ok(Buffer.compare(range.low, range.high) <= 0);
      assert.ok(Buffer.compare(prefix, range.low) <= 0);
      assert.ok(Buffer.compare(range.high, sortKeyRange(prefix, [], []).high) <= 0);
    }),
    { numRuns: 3000 },
  );
});

function meets(sort: AttributeValue, { operator, values }: SortKeyCondition): boolean {
  const [first, second] = values as [AttributeValue, AttributeValue];
  const order = Buffer.compare(encodeOrdered(sort), encodeOrdered(first));
  switch (operator) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case 'between':
      return order >= 0 && Buffer.compare(encodeOrdered(sort), encodeOrdered(second)) <= 0;
    case 'begins_with':
      return rawBytes(sort).subarray(0, rawBytes(first).length).equals(rawBytes(first));
  }
}

function rawBytes(value: AttributeValue): Buffer {
  if ('S' in value) return Buffer.from(value.S);
  return 'B' in value ? Buffer.from(value.B, 'base64') : Buffer.alloc(0);
}

test('property: equality on the first sort attributes narrows what the next one is asked of', () => {
  // Few values, so that equal ones are not rare.
  const few: Readonly<Record<KeyAttributeType, fc.Arbitrary<AttributeValue>>> = {
    S: fc.constantFrom('a', 'ab', 'b', '\0').map((S) => ({ S })),
    N: fc.constantFrom('-1', '0', '1', '10').map((N) => ({ N })),
    B: fc.constantFrom('AA==', 'AQ==', 'AQA=', '/w==').map((B) => ({ B })),
  };
  const anyCase = fc.array(anyKeyType, { minLength: 1, maxLength: 4 }).chain((types) =>
    fc.record({
      types: fc.constant(types),
      sort: fc.tuple(...types.map((type) => few[type])),
      asked: fc.tuple(...types.map((type) => fc.tuple(few[type], few[type]))),
      conditions: fc.integer({ min: 0, max: types.length }),
      operator: anyOperator,
    }),
  );
  fc.assert(
    fc.property(anyCase, ({ types, sort, asked, conditions, operator }) => {
      if (operator === 'begins_with' && types[conditions - 1] === 'N') return;
      const prefix = prefixOf(schemaOf('S'));
      const list = asked.slice(0, conditions).map((values, at): SortKeyCondition => {
        const last = at === conditions - 1 ? operator : '=';
        return { operator: last, values: last === 'between' ? values : values.slice(0, 1) };
      });
      const range = sortKeyRange(prefix, types.map(attribute), list);
      const key = Buffer.concat([prefix, ...sort.map(encodeOrdered), Buffer.from('the key of the table')]);
      assert.equal(
        isWithin(range, key),
        list.every((condition, at) => meets(sort[at] as AttributeValue, condition)),
      );
    }),
    { numRuns: 3000 },
  );
});

test('without a condition the range is the whole partition value', () => {
  const prefix = encodePartitionPrefix({ partition: { name: 'pk', type: 'N' } }, { N: '-1' }, md5Only);
  const range = sortKeyRange(prefix, [attribute('S')], []);
  assert.deepEqual(range.low, prefix);
  assert.ok(isWithin(range, Buffer.concat([prefix, Buffer.alloc(9, 0xff)])));
  assert.ok(Buffer.compare(range.high, Buffer.concat([prefix.subarray(0, -1), Buffer.from([0xff, 0xff])])) > 0);
});

test('a condition on values of another type is refused', () => {
  const message = 'One or more parameter values were invalid: Condition parameter type does not match schema type';
  assert.throws(() => encodePartitionPrefix(schemaOf('N'), { N: '1' }, md5Only), { message });
  const refuses = (sort: readonly KeyAttribute[], operator: SortKeyCondition['operator'], ...values: AttributeValue[]): void =>
    assert.throws(() => sortKeyRange(prefixOf(schemaOf('N')), sort, [{ operator, values }]), { message });
  refuses([attribute('N')], '=', { S: '1' });
  refuses([attribute('N')], 'between', { N: '1' }, { S: '1' });
  refuses([attribute('N')], 'begins_with', { N: '1' });
  refuses([], '=', { N: '1' });
});

test('a bound may be longer than any key', () => {
  const prefix = prefixOf(schemaOf('S'));
  const { low } = sortKeyRange(prefix, [attribute('S')], [{ operator: '>=', values: [{ S: '\u0001'.repeat(50_000) }] }]);
  assert.equal(low.length, prefix.length + 100_002);
});
