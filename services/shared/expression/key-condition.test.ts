import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap } from '../item/attribute-value.ts';
import type { IndexKeySchema } from '../item/index-key.ts';
import type { KeyCondition } from './conditions-on-key.ts';
import { analyzeKeyCondition } from './key-condition.ts';
import { condition, refuses } from './support.test.ts';

const SCHEMA: IndexKeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] };

const PARTITION_ONLY: IndexKeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [] };

const STRING_SORT: IndexKeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'S' }] };

const SEVERAL: IndexKeySchema = {
  partition: [
    { name: 'a', type: 'S' },
    { name: 'b', type: 'N' },
  ],
  sort: [
    { name: 'c', type: 'N' },
    { name: 'd', type: 'S' },
    { name: 'e', type: 'N' },
  ],
};

const VALUES: AttributeMap = { ':p': { S: 'p' }, ':n': { N: '5' }, ':m': { N: '9' }, ':s': { S: 's' } };

const analyze = (text: string, schema = SCHEMA): KeyCondition =>
  analyzeKeyCondition(condition(text, VALUES, undefined, 'KeyConditionExpression'), schema);

const refusesText = (text: string, message: string, schema = SCHEMA): void => refuses(() => analyze(text, schema), message);

describe('analyzeKeyCondition', () => {
  it('reads the partition value alone', () => {
    assert.deepEqual(analyze('pk = :p'), { partition: [{ S: 'p' }], sort: [] });
    assert.deepEqual(analyze('(pk = :p)', PARTITION_ONLY), { partition: [{ S: 'p' }], sort: [] });
    assert.deepEqual(analyze(':p = pk', PARTITION_ONLY), { partition: [{ S: 'p' }], sort: [] });
  });

  it('reads every condition on the sort key, on either side of AND', () => {
    for (const operator of ['=', '<', '<=', '>', '>='] as const) {
      const expected = { partition: [{ S: 'p' }], sort: [{ operator, values: [{ N: '5' }] }] };
      assert.deepEqual(analyze(`pk = :p AND sk ${operator} :n`), expected);
      assert.deepEqual(analyze(`(sk ${operator} :n) AND (pk = :p)`), expected);
    }
    assert.deepEqual(analyze('pk = :p AND sk BETWEEN :n AND :m').sort, [{ operator: 'between', values: [{ N: '5' }, { N: '9' }] }]);
    assert.deepEqual(analyze('begins_with(sk, :s) AND pk = :p', STRING_SORT).sort, [{ operator: 'begins_with', values: [{ S: 's' }] }]);
  });

  it('turns conditions with the value on the left', () => {
    const mirrored = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
    for (const [written, meant] of Object.entries(mirrored)) {
      assert.deepEqual(analyze(`pk = :p AND :n ${written} sk`).sort, [{ operator: meant, values: [{ N: '5' }] }]);
    }
  });

  it('resolves names', () => {
    const bound = condition('#a = :p', { ':p': { S: 'p' } }, { '#a': 'pk' }, 'KeyConditionExpression');
    assert.deepEqual(analyzeKeyCondition(bound, SCHEMA), { partition: [{ S: 'p' }], sort: [] });
  });
});

describe('analyzeKeyCondition: keys of several attributes', () => {
  const partition = 'a = :p AND b = :n';
  const equal = (N: string) => ({ operator: '=', values: [{ N }] });

  it('takes conditions from left to right, in any order of the text', () => {
    const values = [{ S: 'p' }, { N: '5' }];
    assert.deepEqual(analyze(partition, SEVERAL), { partition: values, sort: [] });
    assert.deepEqual(analyze('b = :n AND a = :p', SEVERAL), { partition: values, sort: [] });
    assert.deepEqual(analyze(`d > :s AND ${partition} AND c = :m`, SEVERAL).sort, [equal('9'), { operator: '>', values: [{ S: 's' }] }]);
    const all = analyze(`${partition} AND c = :n AND d = :s AND e BETWEEN :n AND :m`, SEVERAL).sort;
    assert.deepEqual(all[2], { operator: 'between', values: [{ N: '5' }, { N: '9' }] });
  });

  it('refuses what leaves a gap, goes on behind a range, or is not of the key', () => {
    const missed = (name: string) => `Query condition missed key schema element: ${name}`;
    refusesText('a = :p', missed('b'), SEVERAL);
    refusesText('a = :p AND c = :n AND d = :s', missed('b'), SEVERAL);
    refusesText(`${partition} AND another = :n`, missed('c'), SEVERAL);
    const unequal = (earlier: string, later: string) =>
      `RANGE key attributes ${earlier} must have equality conditions specified in the query because a condition is present on key attribute ${later}`;
    refusesText(`${partition} AND d = :s`, unequal('c', 'd'), SEVERAL);
    refusesText(`${partition} AND e = :n`, unequal('c', 'e'), SEVERAL);
    refusesText(`${partition} AND c = :n AND e = :n`, unequal('d', 'e'), SEVERAL);
    refusesText(`${partition} AND c > :n AND d = :s`, unequal('c', 'd'), SEVERAL);
    const unsupported = 'Query key condition not supported';
    refusesText('a = :p AND b > :n', unsupported, SEVERAL);
    refusesText(`${partition} AND c = :n AND d = :s AND e = :n AND another = :n`, unsupported, SEVERAL);
  });
});

describe('analyzeKeyCondition: errors', () => {
  it('refuses operators that name no range of keys', () => {
    const reason = 'Invalid operator used in KeyConditionExpression: ';
    refusesText('pk = :p OR sk = :n', `${reason}OR`);
    refusesText('NOT pk = :p', `${reason}NOT`);
    refusesText('pk = :p AND sk <> :n', `${reason}<>`);
    refusesText('pk IN (:p)', `${reason}IN`);
    refusesText('pk = :p AND attribute_exists(sk)', `${reason}attribute_exists`);
    refusesText('pk = :p AND contains(sk, :n)', `${reason}contains`);
  });

  it('refuses operands other than one key attribute and values', () => {
    const reason = 'Invalid condition in KeyConditionExpression: ';
    refusesText('pk = sk', `${reason}Multiple attribute names used in one condition`);
    refusesText(':p = :p', `${reason}No key attribute specified`);
    refusesText('pk = :p AND :n BETWEEN :n AND sk', `${reason}BETWEEN operator must have the key attribute as its first operand`);
    refusesText('pk = :p AND begins_with(:s, sk)', `${reason}begins_with operator must have the key attribute as its first operand`);
    refusesText('size(pk) = :n', 'KeyConditionExpressions cannot contain nested operations');
    const invalid = 'Invalid KeyConditionExpression: KeyConditionExpressions';
    refusesText('pk.a = :p', `${invalid} cannot have conditions on nested attributes`);
    refusesText('pk = :p AND pk = :s', `${invalid} must only contain one condition per key`);
  });

  it('refuses conditions that miss the key', () => {
    refusesText('sk = :n', 'Query condition missed key schema element: pk');
    refusesText('another = :p', 'Query condition missed key schema element: pk');
    refusesText('pk = :p AND another = :p', 'Query condition missed key schema element: sk');
    refusesText('pk = :p AND sk = :n', 'Query key condition not supported', PARTITION_ONLY);
    refusesText('pk = :p AND sk = :n AND another = :n', 'Conditions can be of length 1 or 2 only');
  });

  it('refuses a range of partition values', () => {
    refusesText('pk > :p', 'Query key condition not supported');
    refusesText('begins_with(pk, :p)', 'Query key condition not supported');
    refusesText('pk BETWEEN :p AND :s', 'Query key condition not supported');
  });

  it('refuses values of another type than the key', () => {
    const reason = 'One or more parameter values were invalid: Condition parameter type does not match schema type';
    refusesText('pk = :n', reason);
    refusesText('pk = :p AND sk = :s', reason);
    refusesText('pk > :n', reason);
  });

  it('refuses at binding what no condition can be', () => {
    refusesText(
      'pk = :p AND begins_with(sk, :n)',
      'Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    );
    refusesText(
      'pk = :p AND sk BETWEEN :m AND :n',
      'Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ' +
        'lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:5}',
    );
  });
});
