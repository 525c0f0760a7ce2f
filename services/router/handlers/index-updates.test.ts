import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION } from '../../../test/harness/api-client.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const INVALID = 'One or more parameter values were invalid: ';

const definition = (name: string, type = 'S') => ({ AttributeName: name, AttributeType: type });
const hash = (name: string) => [{ AttributeName: name, KeyType: 'HASH' }];
const ALL = { Projection: { ProjectionType: 'ALL' } };
const creation = (IndexName: string, more: object = {}) => ({ Create: { IndexName, KeySchema: hash('a'), ...ALL, ...more } });
const removal = (IndexName: string) => ({ Delete: { IndexName } });

async function withTable(): Promise<ApiClient> {
  const client = new ApiClient();
  await client.call('CreateTable', {
    TableName: 'songs',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [definition('pk'), definition('b')],
    KeySchema: hash('pk'),
    GlobalSecondaryIndexes: [{ IndexName: 'by-b', KeySchema: hash('b'), ...ALL }],
  });
  return client;
}

const updating = (...updates: object[]) => ({
  TableName: 'songs',
  AttributeDefinitions: [definition('a')],
  GlobalSecondaryIndexUpdates: updates,
});

async function indexes(client: ApiClient): Promise<Record<string, unknown>[]> {
  const described = (await client.call('DescribeTable', { TableName: 'songs' })).Table as Record<string, unknown>;
  return (described.GlobalSecondaryIndexes ?? []) as Record<string, unknown>[];
}

test('an index is added to a table, filled and used, and taken away', async () => {
  const client = await withTable();
  await client.call('PutItem', { TableName: 'songs', Item: { pk: { S: 'p' }, a: { S: 'x' } } });
  client.storage.finishesChanges = false;
  const answer = (await client.call('UpdateTable', updating(creation('by-a')))).TableDescription as Record<string, unknown>;
  const [, added] = answer.GlobalSecondaryIndexes as Record<string, unknown>[];
  assert.deepEqual([answer.TableStatus, answer.AttributeDefinitions], ['UPDATING', ['a', 'b', 'pk'].map((name) => definition(name))]);
  const { IndexArn, IndexStatus, Backfilling, IndexName } = added ?? {};
  assert.deepEqual(
    { IndexArn, IndexStatus, Backfilling, IndexName },
    {
      IndexArn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/songs/index/by-a`,
      IndexStatus: 'CREATING',
      Backfilling: false,
      IndexName: 'by-a',
    },
  );
  const record = client.storage.table(ACCOUNT, 'songs')?.record ?? assert.fail('no table');
  client.storage.put({ ...record, globalIndexes: record.globalIndexes?.map((index) => ({ ...index, placed: true as const })) ?? [] });
  assert.deepEqual(
    (await indexes(client)).map((index) => [index.IndexStatus, index.Backfilling]),
    [
      ['ACTIVE', undefined],
      ['CREATING', true],
    ],
  );
  const inUse =
    'Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, or deleted.';
  await client.fails('DeleteTable', { TableName: 'songs' }, `${MODEL}ResourceInUseException`, inUse);

  client.storage.finishesChanges = true;
  await client.call('UpdateTable', updating(removal('by-a')));
  await client.call('UpdateTable', updating(creation('again')));
  const found = await client.call('Scan', { TableName: 'songs', IndexName: 'again' });
  assert.deepEqual(found.Items, [{ pk: { S: 'p' }, a: { S: 'x' } }]);
  const gone = (await client.call('UpdateTable', updating(removal('by-b')))).TableDescription as Record<string, unknown>;
  assert.deepEqual(
    (gone.GlobalSecondaryIndexes as Record<string, unknown>[]).map((index) => index.IndexStatus),
    ['DELETING', 'ACTIVE'],
  );
  assert.deepEqual(
    (await indexes(client)).map((index) => index.IndexName),
    ['again'],
  );
  await client.call('DeleteTable', { TableName: 'songs' });
});

test('throughput of an index is changed', async () => {
  const client = await withTable();
  const input = updating({ Update: { IndexName: 'by-b', OnDemandThroughput: { MaxReadRequestUnits: 50 } } });
  const answer = (await client.call('UpdateTable', input)).TableDescription as Record<string, unknown>;
  assert.equal(answer.TableStatus, 'ACTIVE');
  assert.deepEqual((await indexes(client))[0]?.OnDemandThroughput, { MaxReadRequestUnits: 50 });
  const units = { ReadCapacityUnits: 4, WriteCapacityUnits: 5 };
  await client.call('UpdateTable', {
    TableName: 'songs',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: units,
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-b', ProvisionedThroughput: units } }],
  });
  const [index] = await indexes(client);
  assert.deepEqual([index?.ProvisionedThroughput, index?.OnDemandThroughput], [{ NumberOfDecreasesToday: 0, ...units }, undefined]);
});

test('updates of indexes that are refused for what they are', async () => {
  const client = await withTable();
  const refuses = (input: object, message: string) => client.refuses('UpdateTable', { TableName: 'songs', ...input }, message);
  await refuses(
    updating({}),
    `${INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null`,
  );
  await refuses(
    updating({ ...creation('by-a'), ...removal('by-b') }),
    `${INVALID}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object`,
  );
  await refuses(
    updating(removal('by-b'), creation('by-b')),
    `${INVALID}Only one global secondary index update per index is allowed simultaneously. Index: by-b`,
  );
  const { AttributeDefinitions: _none, ...undefinedKeys } = updating(creation('by-a'));
  await refuses(undefinedKeys, `${INVALID}AttributeDefinitions is not specified for index: by-a`);
  await refuses(
    { ...updating(creation('by-a')), AttributeDefinitions: [definition('pk')] },
    `${INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [pk]`,
  );
  await refuses(
    updating({ Update: { IndexName: 'by-b', WarmThroughput: {} } }),
    `${INVALID}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-b`,
  );
  await refuses(
    updating(creation('by-a', { Projection: { ProjectionType: 'INCLUDE' } })),
    `${INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified`,
  );
  const at = (field: string, text: string) =>
    `Value '' at 'globalSecondaryIndexUpdates.1.member.${field}' failed to satisfy constraint: Member must ${text}`;
  await refuses(
    updating(removal('')),
    `2 validation errors detected: ${at('delete.indexName', 'have length greater than or equal to 3')}; ` +
      at('delete.indexName', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'),
  );
  const nothing = /^At least one of ProvisionedThroughput, BillingMode/;
  assert.match(String((await client.send('UpdateTable', updating())).json.message), nothing);
});

test('what does not go with an update of indexes', async () => {
  const client = await withTable();
  const refuses = (input: object, message: string) =>
    client.refuses('UpdateTable', { ...updating(creation('by-a')), ...input }, INVALID + message);
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
  await refuses({ ProvisionedThroughput }, 'You cannot create or delete index while updating table IOPS');
  await refuses({ StreamSpecification: { StreamEnabled: true } }, 'You cannot create or delete index while changing stream status');
  await refuses({ DeletionProtectionEnabled: true }, 'DeletionProtection modification must be the only operation in the request');
  await refuses({ SSESpecification: { Enabled: true } }, 'Server-Side Encryption modification must be the only operation in the request');
  await refuses({ TableClass: 'STANDARD' }, 'TableClass modification must be the only operation in the request');
  await refuses(
    { WarmThroughput: { ReadUnitsPerSecond: 13_000 } },
    'Create global secondary index cannot be specified when updating WarmThroughput',
  );
  const empty = { GlobalSecondaryIndexUpdates: [], DeletionProtectionEnabled: true };
  await refuses(empty, 'List of GlobalSecondaryIndexUpdates is empty');
});

test('refusals that the table’s state decides', async () => {
  const client = await withTable();
  const fails = (input: object, type: string, message: string) => client.fails('UpdateTable', input, MODEL + type, message);
  await fails(updating(removal('ghost')), 'ResourceNotFoundException', 'Requested resource not found: Index ghost for table songs');
  await fails(
    updating(creation('one'), creation('two')),
    'LimitExceededException',
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
  await client.refuses('UpdateTable', updating(creation('by-b')), 'Attempting to create an index which already exists');
  client.storage.finishesChanges = false;
  await client.call('UpdateTable', updating(removal('by-b')));
  await fails(
    updating(removal('by-b')),
    'ResourceInUseException',
    'Attempt to change a resource which is still in use: Index is being deleted. Table: songs Index: by-b',
  );
});
