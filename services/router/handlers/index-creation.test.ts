import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION } from '../../../test/harness/api-client.ts';

const INVALID = 'One or more parameter values were invalid: ';

const definition = (name: string, type = 'S') => ({ AttributeName: name, AttributeType: type });
const key = (...parts: string[]) =>
  parts.map((part) => ({ AttributeName: part.replace(/^[<>]/, ''), KeyType: part.startsWith('>') ? 'RANGE' : 'HASH' }));
const ALL = { Projection: { ProjectionType: 'ALL' } };
const include = (...names: string[]) => ({ Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: names } });

/** A table with the key (pk, sk); indexes may use the attributes a to e, of which those that are needed are defined. */
function table(local: object[] | undefined, global?: object[], more: object = {}): Record<string, unknown> {
  const used = new Set(
    [...(local ?? []), ...(global ?? [])].flatMap((index) => {
      const { KeySchema = [] } = index as { KeySchema?: { AttributeName: string }[] };
      return KeySchema.map(({ AttributeName }) => AttributeName);
    }),
  );
  return {
    TableName: 'scores',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', ...[...used].filter((name) => name !== 'pk' && name !== 'sk')].map((name) => definition(name)),
    KeySchema: key('pk', '>sk'),
    ...(local === undefined ? {} : { LocalSecondaryIndexes: local }),
    ...(global === undefined ? {} : { GlobalSecondaryIndexes: global }),
    ...more,
  };
}

const arn = (index: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/scores/index/${index}`;
const NO_THROUGHPUT = { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 };

test('a table with indexes of both kinds is described with all that it was given', async () => {
  const client = new ApiClient();
  const input = {
    ...table(
      [{ IndexName: 'by-a', KeySchema: key('pk', '>a'), ...include('z', 'y') }],
      [
        {
          IndexName: 'teams',
          KeySchema: key('b', 'c', '>d', '>e'),
          Projection: { ProjectionType: 'KEYS_ONLY' },
          OnDemandThroughput: { MaxReadRequestUnits: 50 },
          WarmThroughput: { WriteUnitsPerSecond: 5000 },
        },
        { IndexName: 'all', KeySchema: key('sk'), ...ALL },
      ],
    ),
    AttributeDefinitions: ['sk', 'e', 'd', 'c', 'b', 'a', 'pk'].map((name) => definition(name, name === 'e' ? 'N' : 'S')),
  };
  const created = (await client.call('CreateTable', input)).TableDescription as Record<string, unknown>;
  const teams = {
    IndexName: 'teams',
    KeySchema: key('b', 'c', '>d', '>e'),
    Projection: { ProjectionType: 'KEYS_ONLY' },
    IndexStatus: 'CREATING',
    ProvisionedThroughput: NO_THROUGHPUT,
    IndexSizeBytes: 0,
    ItemCount: 0,
    IndexArn: arn('teams'),
    OnDemandThroughput: { MaxReadRequestUnits: 50 },
    WarmThroughput: { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 5000, Status: 'UPDATING' },
  };
  const all = { ...teams, IndexName: 'all', KeySchema: key('sk'), ...ALL, IndexArn: arn('all') };
  const { OnDemandThroughput: _none, WarmThroughput: _later, ...allCreated } = all;
  assert.deepEqual(created.GlobalSecondaryIndexes, [teams, allCreated]);
  const byA = {
    IndexName: 'by-a',
    KeySchema: key('pk', '>a'),
    ...include('y', 'z'),
    IndexSizeBytes: 0,
    ItemCount: 0,
    IndexArn: arn('by-a'),
  };
  const local = [byA];
  assert.deepEqual(created.LocalSecondaryIndexes, local);
  const sorted = ['a', 'b', 'c', 'd', 'e', 'pk', 'sk'].map((name) => definition(name, name === 'e' ? 'N' : 'S'));
  assert.deepEqual(created.AttributeDefinitions, sorted);

  const item = { pk: { S: 'p' }, sk: { S: 's' }, b: { S: 'b' }, c: { S: 'c' }, d: { S: 'd' }, e: { N: '1' }, f: { S: 'f' } };
  await client.call('PutItem', { TableName: 'scores', Item: item });
  const described = (await client.call('DescribeTable', { TableName: 'scores' })).Table as Record<string, unknown>;
  const warm = { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000, Status: 'ACTIVE' };
  const active = { IndexStatus: 'ACTIVE', ItemCount: 1 };
  assert.deepEqual(described.GlobalSecondaryIndexes, [
    { ...teams, ...active, IndexSizeBytes: 15, WarmThroughput: { ...warm, WriteUnitsPerSecond: 5000, Status: 'UPDATING' } },
    { ...allCreated, ...active, IndexSizeBytes: 17, WarmThroughput: warm },
  ]);
  assert.deepEqual(described.LocalSecondaryIndexes, local);
  assert.deepEqual(described.AttributeDefinitions, sorted);
  await client.call('PutItem', { TableName: 'scores', Item: { pk: { S: 'p' }, sk: { S: 't' }, a: { S: 'a' }, y: { S: 'y' } } });
  const later = (await client.call('DescribeTable', { TableName: 'scores' })).Table as Record<string, unknown>;
  assert.deepEqual(later.LocalSecondaryIndexes, [{ ...byA, ItemCount: 1, IndexSizeBytes: 10 }]);
});

test('what the catalog is told of a table with indexes', async () => {
  const client = new ApiClient();
  client.storage.createdAs = 'CREATING';
  await client.call(
    'CreateTable',
    table([
      { IndexName: 'one', KeySchema: key('pk', '>a'), ...ALL },
      { IndexName: 'two', KeySchema: key('pk', '>sk'), ...ALL },
    ]),
  );
  const { record } = client.storage.table(ACCOUNT, 'scores') ?? assert.fail('no table');
  assert.deepEqual(
    record.localIndexes?.map(({ name, number }) => [name, number]),
    [
      ['one', 1],
      ['two', 2],
    ],
  );
  assert.deepEqual([record.settingsVersion, record.settledVersion, record.globalIndexes], [1, undefined, undefined]);
  await client.createTable('plain');
  assert.equal(client.storage.table(ACCOUNT, 'plain')?.record.settingsVersion, undefined);
});

test('a provisioned table wants the throughput of each global index', async () => {
  const client = new ApiClient();
  const units = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
    ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
  });
  const provisioned = (index: object) =>
    table(undefined, [{ IndexName: 'by-a', KeySchema: key('a'), ...ALL, ...index }], { BillingMode: 'PROVISIONED', ...units(5, 5) });
  const refuses = (index: object, message: string) => client.refuses('CreateTable', provisioned(index), INVALID + message);
  await refuses({}, 'ProvisionedThroughput is not specified for index: by-a');
  await refuses(
    { ...units(1, 1), OnDemandThroughput: { MaxWriteRequestUnits: 5 } },
    'MaxWriteRequestUnits for OnDemandThroughput for index: by-a cannot be specified when table BillingMode is PROVISIONED.',
  );
  await refuses(
    { ...units(7, 7), WarmThroughput: { ReadUnitsPerSecond: 6 } },
    'Requested ReadUnitsPerSecond for WarmThroughput for index by-a is lower than ReadCapacityUnits of ProvisionedThroughput',
  );
  await client.refuses(
    'CreateTable',
    provisioned(units(1_000_000_000_001, 1)),
    'Given value 1000000000001 for ReadCapacityUnits is out of bounds for index by-a',
  );
  await client.refuses(
    'CreateTable',
    provisioned(units(0, 1)),
    "1 validation error detected: Value '0' at 'globalSecondaryIndexes.1.member.provisionedThroughput.readCapacityUnits' failed to satisfy " +
      'constraint: Member must have value greater than or equal to 1',
  );
  const created = (await client.call('CreateTable', provisioned(units(13, 4)))).TableDescription as Record<string, unknown>;
  const [index] = created.GlobalSecondaryIndexes as Record<string, unknown>[];
  assert.deepEqual(index?.ProvisionedThroughput, { NumberOfDecreasesToday: 0, ReadCapacityUnits: 13, WriteCapacityUnits: 4 });
});

test('throughput of an index on demand', async () => {
  const client = new ApiClient();
  const refuses = (index: object, message: string) =>
    client.refuses('CreateTable', table(undefined, [{ IndexName: 'by-a', KeySchema: key('a'), ...ALL, ...index }]), INVALID + message);
  await refuses(
    { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
    'ProvisionedThroughput should not be specified for index: by-a when BillingMode is PAY_PER_REQUEST',
  );
  await refuses(
    { OnDemandThroughput: { MaxReadRequestUnits: -1 } },
    'Requested MaxReadRequestUnits for OnDemandThroughput for index : by-a is outside of valid range',
  );
  await refuses(
    { WarmThroughput: { ReadUnitsPerSecond: 11999 } },
    'Requested ReadUnitsPerSecond for WarmThroughput for index by-a is lower than initial throughput for OnDemand. See: ' +
      'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial',
  );
});

test('rules for local indexes', async () => {
  const client = new ApiClient();
  const refuses = (input: object, message: string) => client.refuses('CreateTable', input, message);
  const local = (keys: object[], name = 'by-a') => table([{ IndexName: name, KeySchema: keys, ...ALL }]);
  await refuses(table([]), `${INVALID}List of LocalSecondaryIndexes is empty`);
  await refuses(
    { ...local(key('pk', '>a')), KeySchema: key('pk'), AttributeDefinitions: [definition('pk'), definition('a')] },
    `${INVALID}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
  );
  await refuses(
    local(key('a', '>sk')),
    `${INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: by-a. index hash key: a, table hash key: pk`,
  );
  await refuses(local(key('pk')), `${INVALID}Index KeySchema does not have a range key for index: by-a`);
  await refuses(local(key('pk', '>pk')), 'Both the Hash Key and the Range Key element in the KeySchema have the same name');
  await refuses(local(key('>pk', '>a')), 'Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  await refuses(local(key('pk', 'a')), 'Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  const many = ['one', 'two', 'three', 'four', 'five', 'six'].map((name) => ({ IndexName: name, KeySchema: key('pk', '>a'), ...ALL }));
  await refuses(table(many), `${INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of 5`);
  await client.call('CreateTable', table(many.slice(1)));
});

test('rules for global indexes', async () => {
  const client = new ApiClient();
  const refuses = (input: object, message: string) => client.refuses('CreateTable', input, message);
  const global = (keys: object[], more: object = ALL) => table(undefined, [{ IndexName: 'by-a', KeySchema: keys, ...more }]);
  await refuses(table(undefined, []), `${INVALID}List of GlobalSecondaryIndexes is empty`);
  await refuses(global(key('>a')), 'Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  const maximum = (kind: string) => `${INVALID}The KeySchema exceeds the maximum allowed number of ${kind} key attributes`;
  await refuses(global(key('a', 'b', 'c', 'd', 'e')), maximum('HASH'));
  await refuses(global(key('a', '>b', '>c', '>d', '>e', '>f')), maximum('RANGE'));
  await refuses(global(key('a', '>b', 'c')), `${INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema`);
  await refuses(global(key('a', '>a')), 'The KeySchema contains multiple key attributes with the same name');
  await refuses(
    { ...global(key('a')), AttributeDefinitions: [definition('pk'), definition('sk')] },
    `${INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [pk, sk]`,
  );
  // Hides all that is wrong with the index.
  await refuses(
    { ...global(key('>a'), {}), AttributeDefinitions: ['pk', 'sk', 'a', 'x'].map((name) => definition(name)) },
    "1 validation error detected: Value null at 'globalSecondaryIndexes.1.member.projection' failed to satisfy constraint: Member must not be null",
  );
  await refuses(
    { ...global(key('>a')), AttributeDefinitions: ['pk', 'sk', 'a', 'x'].map((name) => definition(name)) },
    `${INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [pk, sk, a, x], keys used: [pk, sk, a]`,
  );
  const many = Array.from({ length: 21 }, (_, at) => ({ IndexName: `g${at + 100}`, KeySchema: key('a'), ...ALL }));
  await refuses(table(undefined, many), `${INVALID}GlobalSecondaryIndex count exceeds the per-table limit of 20`);
  await client.call('CreateTable', table(undefined, many.slice(1)));
});

test('names of indexes', async () => {
  const client = new ApiClient();
  const index = (name: string, ...keys: string[]) => ({ IndexName: name, KeySchema: key(...keys), ...ALL });
  const duplicate = `${INVALID}Duplicate index name: same`;
  await client.refuses('CreateTable', table([index('same', 'pk', '>a'), index('same', 'pk', '>a')]), duplicate);
  await client.refuses('CreateTable', table([index('same', 'pk', '>a')], [index('same', 'a')]), duplicate);
  const name = (value: string, text: string) =>
    `Value '${value}' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must ${text}`;
  await client.refuses(
    'CreateTable',
    table(undefined, [index('a;', 'a')]),
    `2 validation errors detected: ${name('a;', 'have length greater than or equal to 3')}; ` +
      name('a;', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'),
  );
  // The service takes the name of the table, too.
  await client.call('CreateTable', table(undefined, [index('scores', 'a')]));
});

test('projections', async () => {
  const client = new ApiClient();
  const refuses = (projection: object, message: string) =>
    client.refuses('CreateTable', table([{ IndexName: 'by-a', KeySchema: key('pk', '>a'), Projection: projection }]), message);
  await refuses({}, `${INVALID}Unknown ProjectionType: null`);
  await refuses({ ProjectionType: 'INCLUDE' }, `${INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified`);
  for (const type of ['ALL', 'KEYS_ONLY']) {
    await refuses(
      { ProjectionType: type, NonKeyAttributes: ['x'] },
      `${INVALID}ProjectionType is ${type}, but NonKeyAttributes is specified`,
    );
  }
  await refuses(include('x', 'y', 'x').Projection, `${INVALID}Duplicate element in NonKeyAttributes: x`);
  const at = 'localSecondaryIndexes.1.member.projection';
  const broken = (value: string, path: string, text: string) =>
    `1 validation error detected: Value '${value}' at '${at}.${path}' failed to satisfy constraint: Member must ${text}`;
  await refuses({ ProjectionType: 'all' }, broken('all', 'projectionType', 'satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]'));
  await refuses(include().Projection, broken('[]', 'nonKeyAttributes', 'have length greater than or equal to 1'));
  const names = Array.from({ length: 21 }, (_, position) => `n${position}`);
  await refuses(include(...names).Projection, broken(`[${names.join(', ')}]`, 'nonKeyAttributes', 'have length less than or equal to 20'));
  await refuses(
    include('').Projection,
    broken(
      '[]',
      'nonKeyAttributes',
      'satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1]',
    ),
  );
});

test('100 attributes are projected by all indexes together', async () => {
  const client = new ApiClient();
  const including = (count: number, index: string) => ({
    IndexName: index,
    KeySchema: key('a'),
    ...include(...Array.from({ length: count }, (_, at) => `n${at}`)),
  });
  const indexes = (last: number) => [...Array.from({ length: 5 }, (_, at) => including(18, `g${at + 100}`)), including(last, 'last')];
  await client.refuses(
    'CreateTable',
    table(undefined, indexes(11)),
    `${INVALID}Number of NonKeyAttributes over all secondary indexes exceeds the per-table limit of 100`,
  );
  await client.call('CreateTable', table(undefined, indexes(10)));
});
