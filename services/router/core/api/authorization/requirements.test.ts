import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from '../../../../shared/placement/catalog-records.ts';
import { ExpressionCache } from '../expression-cache.ts';
import { conditionValues } from './condition-values.ts';
import { leadingKeys } from './leading-keys.ts';
import { accountOf, requirementsOf } from './requirements.ts';
import type { Requirement } from './requirements.ts';

const OWNER = { region: 'eu-west-9', account: '111122223333' };
const TABLE = 'arn:aws:dynamodb:eu-west-9:111122223333:table/scores';

const record: TableRecord = {
  ...OWNER,
  name: 'scores',
  tableId: 't1',
  keys: { partition: { name: 'player', type: 'S' }, sort: { name: 'game', type: 'S' } },
  billingMode: 'PAY_PER_REQUEST',
  localIndexes: [{ name: 'byDate', number: 1, sort: { name: 'played', type: 'S' }, projection: { kind: 'all' } }],
  globalIndexes: [
    {
      name: 'byGame',
      indexId: 'i1',
      keys: {
        partition: [
          { name: 'game', type: 'S' },
          { name: 'stage', type: 'N' },
        ],
        sort: [],
      },
      projection: { kind: 'all' },
      status: 'ACTIVE',
    },
  ],
  createdAtMs: 1,
  generation: 1,
  status: 'ACTIVE',
};

function onlyRequirement(operation: string, input: Record<string, unknown>): Requirement {
  const [requirement, ...more] = requirementsOf(operation, input, OWNER) ?? [];
  assert.ok(requirement !== undefined && more.length === 0);
  return requirement;
}

function query(condition: string, values: Record<string, unknown>, IndexName?: string): Requirement {
  const input = { TableName: 'scores', KeyConditionExpression: condition, ExpressionAttributeValues: values };
  return onlyRequirement('Query', IndexName === undefined ? input : { ...input, IndexName });
}

test('a request for an index needs the index, not the table', () => {
  for (const [operation, name] of [
    ['Query', 'scores'],
    ['Scan', TABLE],
  ] as const) {
    assert.equal(onlyRequirement(operation, { TableName: name, IndexName: 'byGame' }).resource, `${TABLE}/index/byGame`);
    assert.equal(onlyRequirement(operation, { TableName: name, IndexName: null }).resource, TABLE);
  }
  assert.equal(requirementsOf('NoSuchOperation', {}, OWNER), undefined);
  assert.equal(requirementsOf('toString', {}, OWNER), undefined);
});

test('the account of an ARN', () => {
  assert.equal(accountOf(TABLE), '111122223333');
  assert.equal(accountOf('arn:aws-cn:dynamodb:cn-north-1:222233334444:table/x'), '222233334444');
  for (const other of ['*', 'arn:aws:s3:::x', 'arn:aws:dynamodb:eu-west-9:*:table/x', 'scores']) assert.equal(accountOf(other), undefined);
});

test('the leading key of a query is that of the index it goes to', () => {
  const values = { ':u': { S: 'ann' }, ':g': { S: 'chess' }, ':l': { N: '07.0' } };
  const keys = (one: Requirement) => leadingKeys(one, record, new ExpressionCache());
  assert.deepEqual(keys(query('player = :u', { ':u': values[':u'] })), ['ann']);
  assert.deepEqual(keys(query(':u = player AND begins_with(game, :g)', { ':u': values[':u'], ':g': values[':g'] })), ['ann']);
  assert.deepEqual(keys(query('player = :u AND played > :g', { ':u': values[':u'], ':g': values[':g'] }, 'byDate')), ['ann']);
  assert.deepEqual(keys(query('stage = :l AND game = :g', { ':l': values[':l'], ':g': values[':g'] }, 'byGame')), ['chess']);
  // Nothing is known of these, so that no Allow can rest on them.
  assert.equal(keys(query('player = :u', { ':u': values[':u'] }, 'byGame')), 'unknown');
  assert.equal(keys(query('player = :u', { ':u': values[':u'] }, 'noSuchIndex')), 'unknown');
  assert.equal(keys(query('game = :g', { ':g': values[':g'] })), 'unknown');
  assert.equal(keys(query('player > :u', { ':u': values[':u'] })), 'unknown');
  assert.equal(keys(query('player = :u', { ':u': { N: '1' } })), 'unknown');
  assert.equal(keys(query('player.nick = :u', { ':u': values[':u'] })), 'unknown');
  assert.equal(keys(query('player = :u OR game = :g', { ':u': values[':u'], ':g': values[':g'] })), 'unknown');
  assert.deepEqual(keys(query('player = :u AND player = :g', { ':u': values[':u'], ':g': values[':g'] })), ['ann', 'chess']);
});

test('a read of an index selects what is projected, unless it says otherwise', () => {
  const sources = { expressions: new ExpressionCache(), tableOf: () => record };
  const selected = (input: Record<string, unknown>) =>
    conditionValues('dynamodb:Select', onlyRequirement('Scan', { TableName: 'scores', ...input }), sources);
  assert.deepEqual(selected({ IndexName: 'byGame' }), ['ALL_PROJECTED_ATTRIBUTES']);
  assert.deepEqual(selected({ IndexName: 'byGame', Select: 'ALL_ATTRIBUTES' }), ['ALL_ATTRIBUTES']);
  assert.deepEqual(selected({ IndexName: 'byGame', AttributesToGet: ['a'] }), ['SPECIFIC_ATTRIBUTES']);
  assert.deepEqual(selected({}), ['ALL_ATTRIBUTES']);
});
