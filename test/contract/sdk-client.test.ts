import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeEndpointsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  InternalServerError,
  LimitExceededException,
  ListTagsOfResourceCommand,
  paginateListTables,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  ResourceNotFoundException,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { ApiEndpoint } from '../../services/router/handlers/api-endpoint.ts';
import { REQUEST_TIMEOUT_MS } from '../../services/shared/limits/api-limits.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { ACCESS_KEY_ID, ACCOUNT, apiEnvironment, httpHeaders, REGION, SECRET } from '../harness/api-client.ts';
import { FakeStorage } from '../harness/fake-storage.ts';

/** The parts of the SDK's HTTP request that its handlers are given. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The unmodified SDK, its HTTP connection replaced by the endpoint. */
function sdk(secretAccessKey = SECRET, maxAttempts = 1) {
  const environment = apiEnvironment();
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
  const storage = new FakeStorage(nodeDigest);
  const credentials = (id: string) => (id === ACCESS_KEY_ID ? { secret: SECRET, account: ACCOUNT } : undefined);
  const endpoint = new ApiEndpoint({ ...environment, clock }, storage, {
    region: REGION,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    credentials,
  });
  const requestHandler = {
    async handle(request: SdkRequest) {
      assert.deepEqual(Object.keys(request.query ?? {}), []);
      const { status, headers, body } = await endpoint.handle({
        method: request.method,
        path: request.path,
        headers: httpHeaders(Object.entries(request.headers)),
        body: Buffer.from(request.body ?? ''),
      });
      const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      return { response: { statusCode: status, headers: lowerCase, body: Readable.from([body]) } };
    },
  };
  const client = new DynamoDBClient({
    region: REGION,
    endpoint: 'http://127.0.0.1:8000',
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey },
    maxAttempts,
    requestHandler: requestHandler as never,
  });
  return { client, storage };
}

const definition = new CreateTableCommand({
  TableName: 'cities',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'country', AttributeType: 'S' },
    { AttributeName: 'city', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'country', KeyType: 'HASH' },
    { AttributeName: 'city', KeyType: 'RANGE' },
  ],
});
const waiting = { maxWaitTime: 5, minDelay: 1, maxDelay: 1 };

test('the SDK creates, fills, reads and deletes a table', async () => {
  const { client } = sdk();
  const created = await client.send(definition);
  assert.equal(created.TableDescription?.TableStatus, 'CREATING');
  assert.match(created.$metadata.requestId ?? '', /^[A-Z0-9]{52}$/);
  await waitUntilTableExists({ client, ...waiting }, { TableName: 'cities' });
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'cities' }));
  assert.ok(Table?.CreationDateTime instanceof Date);
  const item = {
    country: { S: 'ÿ\u{1F1EE}\u{1F1F9}' },
    city: { S: 'Roma' },
    people: { N: '2748109' },
    seal: { B: Uint8Array.of(0, 1, 255) },
    seals: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
    names: { M: { __proto: { L: [{ NULL: true }, { BOOL: false }] } } },
  };
  await client.send(new PutItemCommand({ TableName: 'cities', Item: item }));
  const Key = { country: item.country, city: item.city };
  assert.deepEqual((await client.send(new GetItemCommand({ TableName: 'cities', Key, ConsistentRead: true }))).Item, item);
  const updated = await client.send(
    new UpdateItemCommand({
      TableName: 'cities',
      Key,
      UpdateExpression: 'SET people = people + :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'UPDATED_NEW',
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  assert.deepEqual(updated.Attributes, { people: { N: '2748110' } });
  assert.equal(updated.ConsumedCapacity?.CapacityUnits, 1);
  await client.send(new DeleteTableCommand({ TableName: 'cities' }));
  await waitUntilTableNotExists({ client, ...waiting }, { TableName: 'cities' });
});

test('the SDK’s paginators find every item', async () => {
  const { client } = sdk();
  await client.send(definition);
  const PutRequest = (city: number) => ({ PutRequest: { Item: { country: { S: 'it' }, city: { S: String(city).padStart(3, '0') } } } });
  for (let first = 0; first < 100; first += 25) {
    const requests = Array.from({ length: 25 }, (_, at) => PutRequest(first + at));
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { cities: requests } }));
    assert.deepEqual(UnprocessedItems, {});
  }
  let queried = 0;
  const question = { TableName: 'cities', KeyConditionExpression: 'country = :c', ExpressionAttributeValues: { ':c': { S: 'it' } } };
  for await (const page of paginateQuery({ client, pageSize: 7 }, question)) queried += page.Items?.length ?? 0;
  let scanned = 0;
  for await (const page of paginateScan({ client, pageSize: 9 }, { TableName: 'cities' })) scanned += page.Items?.length ?? 0;
  assert.deepEqual([queried, scanned], [100, 100]);
  const count = await client.send(new ScanCommand({ TableName: 'cities', Select: 'COUNT' }));
  assert.equal(count.Count, 100);
});

test('the SDK changes tables and waits for them', async () => {
  const { client, storage } = sdk();
  await client.send(definition);
  const change = { TableName: 'cities', BillingMode: 'PROVISIONED' } as const;
  const capacity = (units: number) => ({ ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units } });
  const { TableDescription } = await client.send(new UpdateTableCommand({ ...change, ...capacity(5) }));
  assert.equal(TableDescription?.TableStatus, 'UPDATING');
  await waitUntilTableExists({ client, ...waiting }, { TableName: 'cities' });
  for (const units of [4, 3, 2, 1]) await client.send(new UpdateTableCommand({ ...change, ...capacity(units) }));
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'cities' }));
  assert.equal(Table?.BillingModeSummary?.BillingMode, 'PROVISIONED');
  assert.equal(Table?.ProvisionedThroughput?.NumberOfDecreasesToday, 4);
  assert.ok(Table?.ProvisionedThroughput?.LastDecreaseDateTime instanceof Date);
  storage.changeError = 'change-limit';
  await assert.rejects(client.send(new UpdateTableCommand({ ...change, ...capacity(9) })), LimitExceededException);
  storage.changeError = undefined;
  const ResourceArn = Table?.TableArn;
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'a', Value: '1' }] }));
  assert.deepEqual((await client.send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags, [{ Key: 'a', Value: '1' }]);
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a'] }));
  assert.deepEqual((await client.send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags, []);
  const names: (readonly string[] | undefined)[] = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) names.push(page.TableNames);
  assert.deepEqual(names, [['cities']]);
  assert.equal((await client.send(new DescribeLimitsCommand())).TableMaxReadCapacityUnits, 40_000);
  assert.deepEqual((await client.send(new DescribeEndpointsCommand())).Endpoints, [
    { Address: '127.0.0.1:8000', CachePeriodInMinutes: 1440 },
  ]);
});

test('the SDK sends the older parameters', async () => {
  const { client } = sdk();
  await client.send(definition);
  const TableName = 'cities';
  const Item = { country: { S: 'it' }, city: { S: 'Roma' }, people: { N: '1' }, seal: { B: Uint8Array.of(1, 2) } };
  await client.send(new PutItemCommand({ TableName, Item, Expected: { city: { Exists: false } } }));
  const Key = { country: Item.country, city: Item.city };
  const updated = await client.send(
    new UpdateItemCommand({
      TableName,
      Key,
      AttributeUpdates: { people: { Action: 'ADD', Value: { N: '41' } } },
      Expected: { seal: { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [{ B: Uint8Array.of(1) }] } },
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  assert.deepEqual(updated.Attributes, { people: { N: '42' } });
  const found = await client.send(
    new QueryCommand({
      TableName,
      KeyConditions: { country: { ComparisonOperator: 'EQ', AttributeValueList: [Item.country] } },
      QueryFilter: { people: { ComparisonOperator: 'IN', AttributeValueList: [{ N: '41' }, { N: '42' }] } },
      AttributesToGet: ['people'],
    }),
  );
  assert.deepEqual(found.Items, [{ people: { N: '42' } }]);
});

test('the SDK knows the errors by their classes', async () => {
  const { client, storage } = sdk();
  await assert.rejects(client.send(new DescribeTableCommand({ TableName: 'cities' })), ResourceNotFoundException);
  await client.send(definition);
  const Item = { country: { S: 'a' }, city: { S: 'b' }, n: { N: '1' } };
  await client.send(new PutItemCommand({ TableName: 'cities', Item }));
  const conditional = new PutItemCommand({
    TableName: 'cities',
    Item,
    ConditionExpression: 'attribute_not_exists(city)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  await assert.rejects(client.send(conditional), (error) => {
    assert.ok(error instanceof ConditionalCheckFailedException);
    assert.equal(error.message, 'The conditional request failed');
    assert.deepEqual(error.Item, Item);
    return true;
  });
  await assert.rejects(client.send(new QueryCommand({ TableName: 'cities' })), { name: 'ValidationException' });
  storage.failures.push({ id: 0, status: 'unknown-outcome' });
  await assert.rejects(client.send(new PutItemCommand({ TableName: 'cities', Item })), InternalServerError);
  const wrong = sdk('a wrong secret').client;
  await assert.rejects(wrong.send(new DescribeTableCommand({ TableName: 'cities' })), { name: 'InvalidSignatureException' });
});

test('the SDK repeats what was refused for overload, for an outage, or has an unknown outcome', async () => {
  const { client, storage } = sdk(SECRET, 3);
  await client.send(definition);
  const put = new PutItemCommand({ TableName: 'cities', Item: { country: { S: 'a' }, city: { S: 'b' } } });
  for (const status of ['overloaded', 'unavailable', 'unknown-outcome'] as const) {
    storage.calls.length = 0;
    storage.failures.push({ id: 0, status });
    await client.send(put);
    assert.equal(storage.calls.length, 2, status);
  }
  storage.failures.push(...Array.from({ length: 3 }, () => ({ id: 0, status: 'unavailable' as const })));
  await assert.rejects(client.send(put), { name: 'ServiceUnavailable', message: /Nothing was changed/ });
});
