import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION, SECRET } from '../../../test/harness/api-client.ts';
import { loopThreads } from '../../../test/harness/loop-thread.ts';
import { INLINE_BODY_BYTES_MAX } from '../../shared/limits/api-limits.ts';
import { parsePolicy } from '../../shared/policy/policy-parser.ts';
import type { ApiEndpointOptions } from './api-endpoint.ts';
import { actions } from './actions.ts';
import * as largeRequestThread from './large-request-thread.ts';

const DENIED = 'com.amazon.coral.service#AccessDeniedException';
const TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/scores`;

type Statement = Readonly<Record<string, unknown>>;

/** A client that signs as the account's root until a policy binds it. */
class BoundClient extends ApiClient {
  #statements: readonly Statement[] | undefined;

  constructor(options: Partial<ApiEndpointOptions> = {}) {
    super({
      ...options,
      credentials: () => {
        const root = { secret: SECRET, account: ACCOUNT };
        if (this.#statements === undefined) return root;
        const whole = this.#statements.map((statement) => ({ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*', ...statement }));
        const none = { statements: [] };
        const policy =
          whole.length === 0 ? none : parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: whole }), { userName: 'ann' });
        return { ...root, user: { name: 'ann', policy } };
      },
    });
  }

  bind(...statements: readonly Statement[]): void {
    this.#statements = statements;
  }

  free(): void {
    this.#statements = undefined;
  }

  /** The operation must be denied, with this end of the message where one is given. */
  async denied(operation: string, input: unknown, message = ''): Promise<void> {
    const { json, text } = await this.send(operation, input);
    assert.equal(json.__type, DENIED, `${operation} ${JSON.stringify(input)}: ${text}`);
    assert.ok(String(json.Message).endsWith(message), String(json.Message));
  }

  /** It must come past the policy, whatever it is answered then. */
  async passes(operation: string, input: unknown): Promise<Record<string, unknown>> {
    const { json, text } = await this.send(operation, input);
    assert.notEqual(json.__type, DENIED, `${operation} ${JSON.stringify(input)}: ${text}`);
    return json;
  }
}

async function clientWithScores(options: Partial<ApiEndpointOptions> = {}): Promise<BoundClient> {
  const client = new BoundClient(options);
  await client.createTable('scores', 'N');
  return client;
}

const keyOf = (user: string) => ({ pk: { S: user }, sk: { N: '1' } });
const NEW_TABLE = {
  TableName: 'fresh',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
};
const QUERY = { TableName: 'scores', KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'ann' } } };

/** Every operation, as it is asked for, and the resources that it needs. */
const OPERATIONS: readonly (readonly [string, object, ...string[]])[] = [
  ['BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('ann')] } } }, TABLE],
  ['BatchWriteItem', { RequestItems: { scores: [{ DeleteRequest: { Key: keyOf('ann') } }] } }, TABLE],
  ['CreateTable', NEW_TABLE, `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/fresh`],
  ['DeleteItem', { TableName: 'scores', Key: keyOf('ann') }, TABLE],
  ['DescribeEndpoints', {}, '*'],
  ['DescribeLimits', {}, '*'],
  ['DescribeTable', { TableName: TABLE }, TABLE],
  ['DescribeTimeToLive', { TableName: 'scores' }, TABLE],
  ['GetItem', { TableName: 'scores', Key: keyOf('ann') }, TABLE],
  ['ListTables', {}, `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/*`],
  ['ListTagsOfResource', { ResourceArn: TABLE }, TABLE],
  ['PutItem', { TableName: TABLE, Item: keyOf('ann') }, TABLE],
  ['Query', QUERY, TABLE],
  ['Scan', { TableName: 'scores' }, TABLE],
  ['TagResource', { ResourceArn: TABLE, Tags: [{ Key: 'a', Value: 'b' }] }, TABLE],
  ['UntagResource', { ResourceArn: TABLE, TagKeys: ['a'] }, TABLE],
  ['UpdateItem', { TableName: 'scores', Key: keyOf('ann') }, TABLE],
  ['UpdateTable', { TableName: 'scores', DeletionProtectionEnabled: false }, TABLE],
  ['UpdateTimeToLive', { TableName: 'scores', TimeToLiveSpecification: { AttributeName: 'end', Enabled: true } }, TABLE],
  ['DeleteTable', { TableName: 'scores' }, TABLE],
];

test('every operation needs its action on its resource', async () => {
  const client = await clientWithScores();
  for (const [operation, input, resource] of OPERATIONS) {
    const begin = `User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: dynamodb:${operation} on resource: ${resource} `;
    const implicit = `${begin}because no identity-based policy allows the dynamodb:${operation} action`;
    client.bind();
    await client.fails(operation, input, DENIED, implicit);
    client.bind({ NotAction: `dynamodb:${operation}`, Action: undefined }, { NotResource: resource, Resource: undefined });
    await client.fails(operation, input, DENIED, implicit);
    client.bind({}, { Effect: 'Deny', Action: `dynamodb:${operation}` });
    await client.fails(operation, input, DENIED, `${begin}with an explicit deny in an identity-based policy`);
    client.bind({ Action: `dynamodb:${operation}`, Resource: resource });
    await client.call(operation, input);
  }
});

test('every action of the router is in the table above, so that none is without a rule', () => {
  const tried = OPERATIONS.map(([operation]) => operation);
  assert.deepEqual(
    [...actions.keys()].filter((operation) => !tried.includes(operation)),
    [],
  );
});

test('no other spelling of its ARN leads past what denies a table', async () => {
  const client = await clientWithScores();
  client.bind({}, { Effect: 'Deny', Resource: [TABLE, `${TABLE}/index/*`] });
  for (const partition of ['aws-cn', 'aws-us-gov', 'aws-', 'awsx', 'AWS', '']) {
    const arn = TABLE.replace('arn:aws:', `arn:${partition}:`);
    for (const [operation, input, resource] of OPERATIONS) {
      if (resource !== TABLE) continue;
      const spelled = JSON.parse(JSON.stringify(input).replaceAll(TABLE, arn).replaceAll('"scores"', JSON.stringify(arn))) as object;
      const { status, text } = await client.send(operation, spelled);
      assert.equal(status, 400, `${operation} ${arn}: ${text}`);
    }
  }
  assert.deepEqual(client.storage.calls, []);
});

test('a table is not said to exist, or not to, before the policy allows the request', async () => {
  const client = await clientWithScores();
  client.bind({ Resource: `${TABLE}-*` });
  for (const table of ['scores', 'absent']) await client.denied('GetItem', { TableName: table, Key: keyOf('ann') });
  const { __type } = await client.passes('GetItem', { TableName: 'scores-absent', Key: keyOf('ann') });
  assert.match(String(__type), /ResourceNotFoundException/);
});

test('what is wrong with a request is told before the policy is asked', async () => {
  const client = await clientWithScores();
  client.bind();
  assert.match(String((await client.send('GetItem', { TableName: 'scores' })).json.__type), /ValidationException/);
  assert.match(String((await client.send('GetItem', { TableName: 5 })).json.__type), /SerializationException/);
});

test('a batch needs its action on each of its tables', async () => {
  const client = await clientWithScores();
  await client.createTable('other', 'N');
  const get = { RequestItems: { scores: { Keys: [keyOf('ann')] }, other: { Keys: [keyOf('ann')] } } };
  const write = { RequestItems: { scores: [{ PutRequest: { Item: keyOf('ann') } }], other: [{ PutRequest: { Item: keyOf('ann') } }] } };
  client.bind({ Resource: TABLE });
  const other = TABLE.replace('scores', 'other');
  const none = 'because no identity-based policy allows the dynamodb:';
  await client.denied('BatchGetItem', get, `on resource: ${other} ${none}BatchGetItem action`);
  await client.denied('BatchWriteItem', write, `on resource: ${other} ${none}BatchWriteItem action`);
  assert.deepEqual(client.storage.calls, []);
  // GetItem on the tables is not what BatchGetItem asks for.
  client.bind({ Action: ['dynamodb:GetItem', 'dynamodb:PutItem'] });
  await client.denied('BatchGetItem', get);
  client.bind({ Action: 'dynamodb:Batch*', Resource: [TABLE, other] });
  await client.call('BatchWriteItem', write);
  await client.call('BatchGetItem', get);
});

test('another account’s tables are out of reach, whatever the own policy says', async () => {
  const client = await clientWithScores();
  const foreign = `arn:aws:dynamodb:${REGION}:999900001111:table/scores`;
  const end = (action: string) => `on resource: ${foreign} because no resource-based policy allows the dynamodb:${action} action`;
  const key = { Key: keyOf('ann') };
  for (const bind of [() => client.free(), () => client.bind({})]) {
    bind();
    await client.denied('GetItem', { TableName: foreign, ...key }, end('GetItem'));
    for (const [operation, input] of [
      ['DescribeTable', { TableName: foreign }],
      ['ListTagsOfResource', { ResourceArn: foreign }],
    ] as const) {
      const answer = await client.send(operation, input);
      assert.deepEqual([answer.status, answer.json.Message], [400, 'Access is denied'], operation);
    }
    await client.denied('BatchGetItem', { RequestItems: { [foreign]: { Keys: [keyOf('ann')] } } }, end('BatchGetItem'));
    await client.denied('BatchWriteItem', { RequestItems: { [foreign]: [{ DeleteRequest: key }] } }, end('BatchWriteItem'));
  }
});

test('tags of a new table need TagResource, too', async () => {
  const client = await clientWithScores();
  client.bind({ Action: 'dynamodb:CreateTable' });
  await client.denied('CreateTable', { ...NEW_TABLE, Tags: [] }, 'because no identity-based policy allows the dynamodb:TagResource action');
  await client.call('CreateTable', NEW_TABLE);
});

test('LeadingKeys keeps a user to some partition keys', async () => {
  const client = await clientWithScores();
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ann', 'team'] } } });
  const table = { TableName: 'scores' };
  const put = (user: string) => ({ PutRequest: { Item: { ...keyOf(user), v: { N: '1' } } } });
  const legacy = (user: string) => ({ ...table, KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: user }] } } });
  for (const [user, expected] of [
    ['ann', 'passes'],
    ['bob', 'denied'],
  ] as const) {
    const values = { ':p': { S: user }, ':s': { N: '0' } };
    await client[expected]('PutItem', { ...table, Item: keyOf(user) });
    await client[expected]('GetItem', { ...table, Key: keyOf(user) });
    await client[expected]('UpdateItem', { ...table, Key: keyOf(user) });
    await client[expected]('DeleteItem', { ...table, Key: keyOf(user) });
    await client[expected]('BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('team'), keyOf(user)] } } });
    await client[expected]('BatchWriteItem', { RequestItems: { scores: [put('team'), { DeleteRequest: { Key: keyOf(user) } }] } });
    await client[expected]('BatchWriteItem', { RequestItems: { scores: [put(user)] } });
    await client[expected]('Query', { ...QUERY, ExpressionAttributeValues: { ':p': { S: user } } });
    const both = { KeyConditionExpression: 'sk > :s AND :p = #p', ExpressionAttributeNames: { '#p': 'pk' } };
    await client[expected]('Query', { ...table, ...both, ExpressionAttributeValues: values });
    await client[expected]('Query', legacy(user));
  }
  // As the service's guide warns: a Scan has no leading keys.
  await client.passes('Scan', table);
  // A request whose key does not fit the table is not told why.
  await client.denied('GetItem', { ...table, Key: { sk: { N: '1' } } });
  await client.denied('GetItem', { ...table, Key: { pk: { N: '1' }, sk: { N: '1' } } });
  await client.denied('Query', { ...QUERY, KeyConditionExpression: 'sk = :p' });
});

test('leading keys that are numbers or bytes are compared in their plain form', async () => {
  const client = new BoundClient();
  for (const [name, type] of [
    ['numbers', 'N'],
    ['bytes', 'B'],
  ]) {
    const keys = { AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: type }] };
    await client.call('CreateTable', { ...NEW_TABLE, ...keys, TableName: name });
  }
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['10.5', '/+8='] } } });
  await client.passes('GetItem', { TableName: 'numbers', Key: { pk: { N: '1.050e1' } } });
  await client.denied('GetItem', { TableName: 'numbers', Key: { pk: { N: '1' } } });
  await client.passes('GetItem', { TableName: 'bytes', Key: { pk: { B: '/+8=' } } });
  await client.denied('GetItem', { TableName: 'bytes', Key: { pk: { B: '/+4=' } } });
});

test('a table that the router has not heard of is looked for before its leading keys are judged', async () => {
  const client = await clientWithScores();
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'ann' } } });
  const get = (user: string) => ({ TableName: 'scores', Key: keyOf(user) });
  client.storage.hidden.add('scores');
  client.storage.refreshes = 0;
  await client.call('GetItem', get('ann'));
  assert.equal(client.storage.refreshes, 1);
  client.storage.hidden.add('scores');
  await client.denied('GetItem', get('bob'));
  await client.denied('GetItem', { ...get('ann'), TableName: 'absent' });
  client.storage.catalogAnswers = false;
  const { json } = await client.send('GetItem', { ...get('ann'), TableName: 'absent' });
  assert.match(String(json.__type), /ServiceUnavailable/);
  // Who may not use the table in any case need not wait for that.
  client.storage.refreshes = 0;
  client.bind({ Resource: `${TABLE}x` });
  await client.denied('GetItem', { ...get('ann'), TableName: 'absent' });
  assert.equal(client.storage.refreshes, 0);
});

test('Attributes are all that a request names', async () => {
  const client = await clientWithScores();
  const only = { Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'a', 'b'] } } };
  client.bind(only);
  const at = { TableName: 'scores', Key: keyOf('ann') };
  const one = { ':v': { N: '1' } };
  const cases: readonly (readonly [string, object])[] = [
    ['PutItem', { TableName: 'scores', Item: { ...keyOf('ann'), NAME: { N: '1' } } }],
    ['PutItem', { TableName: 'scores', Item: keyOf('ann'), ConditionExpression: 'attribute_not_exists(NAME.x)' }],
    ['PutItem', { TableName: 'scores', Item: keyOf('ann'), Expected: { NAME: { Exists: false } } }],
    ['GetItem', { ...at, ProjectionExpression: 'a, NAME[1]' }],
    ['GetItem', { ...at, AttributesToGet: ['a', 'NAME'] }],
    ['UpdateItem', { ...at, UpdateExpression: 'SET a = :v REMOVE NAME', ExpressionAttributeValues: one }],
    [
      'UpdateItem',
      {
        ...at,
        UpdateExpression: 'SET a = if_not_exists(#n, :v)',
        ExpressionAttributeNames: { '#n': 'NAME' },
        ExpressionAttributeValues: one,
      },
    ],
    ['UpdateItem', { ...at, AttributeUpdates: { NAME: { Action: 'DELETE' } } }],
    ['DeleteItem', { ...at, ConditionExpression: 'size(a) > :v OR NAME = :v', ExpressionAttributeValues: one }],
    ['BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('ann')], ProjectionExpression: 'NAME' } } }],
    ['BatchWriteItem', { RequestItems: { scores: [{ PutRequest: { Item: { ...keyOf('ann'), NAME: { S: 'x' } } } }] } }],
    ['Query', { ...QUERY, FilterExpression: 'attribute_exists(NAME)' }],
    ['Query', { ...QUERY, ProjectionExpression: 'pk, NAME' }],
    ['Scan', { TableName: 'scores', ScanFilter: { NAME: { ComparisonOperator: 'NULL' } } }],
  ];
  for (const [operation, input] of cases) {
    const naming = (name: string): unknown => JSON.parse(JSON.stringify(input).replaceAll('NAME', name));
    await client.passes(operation, naming('b'));
    await client.denied(operation, naming('c'));
  }
  // Without its key attributes among them nothing can be asked for.
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['a'] } } });
  await client.denied('GetItem', { ...at, ProjectionExpression: 'a' });
});

test('members that an operation does not have decide nothing', async () => {
  const client = new BoundClient();
  const names = ['pk', 'sk', 'cup'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));
  const hash = (AttributeName: string) => [{ AttributeName, KeyType: 'HASH' }];
  await client.call('CreateTable', {
    ...NEW_TABLE,
    AttributeDefinitions: names,
    KeySchema: [...hash('pk'), { AttributeName: 'sk', KeyType: 'RANGE' }],
    GlobalSecondaryIndexes: [{ IndexName: 'byCup', KeySchema: hash('cup'), Projection: { ProjectionType: 'ALL' } }],
  });
  const bob = { pk: { S: 'bob' }, sk: { S: 'ann' } };
  const get = { TableName: 'fresh', Key: bob };
  const ann = { 'dynamodb:LeadingKeys': 'ann' };
  for (const quantifier of ['ForAllValues', 'ForAnyValue']) {
    client.bind({ Condition: { [`${quantifier}:StringEquals`]: ann } });
    await client.denied('PutItem', { TableName: 'fresh', Item: { ...bob, cup: { S: 'ann' } }, IndexName: 'byCup' });
    await client.denied('GetItem', { ...get, Item: { pk: { S: 'ann' } } });
    await client.denied('BatchWriteItem', {
      RequestItems: { fresh: [{ DeleteRequest: { Key: bob }, PutRequest: null }] },
      IndexName: 'byCup',
    });
  }
  client.bind({}, { Effect: 'Deny', Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'bob' } } });
  await client.denied('GetItem', { ...get, Item: { pk: { S: 'ann' } } });
  client.bind({ Condition: { StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' } } });
  await client.denied('GetItem', { ...get, Select: 'SPECIFIC_ATTRIBUTES' });
  await client.denied('BatchGetItem', { RequestItems: { fresh: { Keys: [bob], Select: 'SPECIFIC_ATTRIBUTES' } } });
  // Their types were not looked at, either.
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk'] } } });
  await client.call('PutItem', {
    TableName: 'fresh',
    Item: bob,
    AttributesToGet: 5,
    KeyConditions: 'x',
    ProjectionExpression: [1],
    Select: 0,
  });
  await client.call('GetItem', { ...get, UpdateExpression: {}, FilterExpression: '((' });
});

test('Select and ReturnValues have values where requests have none', async () => {
  const client = await clientWithScores();
  const at = { TableName: 'scores', Key: keyOf('ann') };
  const select = (value: string): void => client.bind({ Condition: { StringEquals: { 'dynamodb:Select': value } } });
  select('SPECIFIC_ATTRIBUTES');
  await client.passes('GetItem', { ...at, ProjectionExpression: 'a' });
  await client.passes('Query', { ...QUERY, ProjectionExpression: 'pk' });
  await client.denied('GetItem', at);
  await client.denied('Scan', { TableName: 'scores' });
  await client.denied('Query', { ...QUERY, Select: 'COUNT' });
  select('ALL_ATTRIBUTES');
  await client.passes('GetItem', at);
  await client.passes('BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('ann')] } } });
  await client.passes('Scan', { TableName: 'scores' });
  // Writes have no Select.
  await client.denied('PutItem', { TableName: 'scores', Item: keyOf('ann') });
  client.bind({ Condition: { StringEquals: { 'dynamodb:ReturnValues': ['NONE', 'UPDATED_NEW'] } } });
  await client.passes('UpdateItem', at);
  await client.passes('UpdateItem', { ...at, ReturnValues: 'UPDATED_NEW' });
  await client.denied('UpdateItem', { ...at, ReturnValues: 'ALL_OLD' });
  await client.denied('UpdateItem', { ...at, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  await client.denied('UpdateItem', { ...at, ReturnValues: 'UPDATED_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  await client.denied('GetItem', at);
  client.bind({ Condition: { StringEquals: { 'dynamodb:ReturnConsumedCapacity': 'NONE' } } });
  await client.passes('BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('ann')] } } });
  await client.denied('BatchGetItem', { RequestItems: { scores: { Keys: [keyOf('ann')] } }, ReturnConsumedCapacity: 'TOTAL' });
  client.bind({ Condition: { Null: { 'dynamodb:EnclosingOperation': 'true' }, BoolIfExists: { 'dynamodb:FullTableScan': 'false' } } });
  await client.passes('GetItem', at);
});

test('large requests are judged in their thread as in the loop', async () => {
  const threads = loopThreads(largeRequestThread);
  const client = await clientWithScores({ startThread: threads.start });
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'ann' } } });
  const put = (user: string): Buffer =>
    Buffer.from(JSON.stringify({ TableName: 'scores', Item: keyOf(user) }) + ' '.repeat(INLINE_BODY_BYTES_MAX));
  assert.equal((await client.sendBytes('PutItem', put('ann'))).status, 200);
  assert.equal((await client.sendBytes('PutItem', put('bob'))).json.__type, DENIED);
  client.bind({}, { Effect: 'Deny', Action: 'dynamodb:PutItem' });
  assert.equal((await client.sendBytes('PutItem', put('ann'))).json.__type, DENIED);
  assert.equal(client.storage.calls.length, 1);
  assert.ok(threads.started.length > 0);
});

test('queries of indexes need the index, and are kept to leading keys of the index', async () => {
  const client = new BoundClient();
  const index = (IndexName: string, hash: string, ...range: string[]) => ({
    IndexName,
    KeySchema: [{ AttributeName: hash, KeyType: 'HASH' }, ...range.map((AttributeName) => ({ AttributeName, KeyType: 'RANGE' }))],
    Projection: { ProjectionType: 'ALL' },
  });
  await client.call('CreateTable', {
    TableName: 'games',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['player', 'id', 'cup', 'area'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: index('', 'player', 'id').KeySchema,
    LocalSecondaryIndexes: [index('byArea', 'player', 'area')],
    GlobalSecondaryIndexes: [index('byCup', 'cup')],
  });
  const games = TABLE.replace('scores', 'games');
  const query = (hash: string, value: string, IndexName?: string) => ({
    TableName: 'games',
    KeyConditionExpression: '#h = :h',
    ExpressionAttributeNames: { '#h': hash },
    ExpressionAttributeValues: { ':h': { S: value } },
    ...(IndexName === undefined ? {} : { IndexName }),
  });
  client.bind({ Resource: `${games}/index/byCup` });
  await client.call('Query', query('cup', 'gold', 'byCup'));
  await client.call('Scan', { TableName: 'games', IndexName: 'byCup' });
  const other = `on resource: ${games}/index/byArea because no identity-based policy allows the dynamodb:Query action`;
  await client.denied('Query', query('player', 'ann', 'byArea'), other);
  await client.denied('Query', query('player', 'ann'));
  client.bind({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ann', 'gold'] } } });
  await client.call('Query', query('player', 'ann', 'byArea'));
  await client.call('Query', query('cup', 'gold', 'byCup'));
  await client.denied('Query', query('player', 'bob', 'byArea'));
  await client.denied('Query', query('cup', 'silver', 'byCup'));
  client.bind({ Condition: { StringEquals: { 'dynamodb:Select': 'ALL_PROJECTED_ATTRIBUTES' } } });
  await client.call('Query', query('cup', 'gold', 'byCup'));
  await client.denied('Query', query('player', 'ann'));
});
