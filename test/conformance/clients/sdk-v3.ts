import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-dynamodb';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Readings';
/** In seconds; the waiters begin with two by default. */
const WAITING = { maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 };
const SENSORS = 8;
const READINGS_EACH = 125;
const BATCH = 25;

/** Operations that another file beside this one puts to use. */
const USED_ELSEWHERE: readonly string[] = ['DescribeTimeToLive', 'UpdateTimeToLive'];

/** A reading of a sensor; its padding makes a page of one megabyte hold some thousand of them. */
function reading(sensor: number, at: number): Record<string, sdk.AttributeValue> {
  return { sensor: { S: `sensor-${sensor}` }, at: { N: String(at) }, value: { N: `${at}.25` }, padding: { S: 'p'.repeat(900) } };
}

describe('AWS SDK for JavaScript v3, client-dynamodb', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let client: sdk.DynamoDBClient;
  /** Names of operations, as in `PutItem`, that were answered with success in this file. */
  const succeeded = new Set<string>();

  before(async () => {
    cluster = await ConformanceCluster.shared();
    client = cluster.client();
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        succeeded.add(String(context['commandName']).replace(/Command$/, ''));
        return result;
      },
      { step: 'initialize' },
    );
  });

  test('creates a table, waits for it with the waiter and describes it', async () => {
    const { TableDescription } = await client.send(
      new sdk.CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'sensor', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'sensor', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        Tags: [{ Key: 'owner', Value: 'weather' }],
      }),
    );
    assert.equal(TableDescription?.TableStatus, 'CREATING');
    const { state } = await sdk.waitUntilTableExists({ client, ...WAITING }, { TableName: TABLE });
    assert.equal(state, 'SUCCESS');
    const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName: TABLE }));
    assert.equal(Table?.TableStatus, 'ACTIVE');
    assert.equal(Table?.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST');
    assert.ok(Table?.CreationDateTime instanceof Date);
  });

  test('loads a thousand items in batches, side by side', async () => {
    const all = Array.from({ length: SENSORS * READINGS_EACH }, (_, at) => reading(at % SENSORS, Math.floor(at / SENSORS)));
    const batches = Array.from({ length: all.length / BATCH }, (_, at) => all.slice(at * BATCH, (at + 1) * BATCH));
    await Promise.all(
      batches.map(async (items) => {
        const requests = items.map((Item) => ({ PutRequest: { Item } }));
        const { UnprocessedItems } = await client.send(new sdk.BatchWriteItemCommand({ RequestItems: { [TABLE]: requests } }));
        assert.deepEqual(UnprocessedItems, {});
      }),
    );
    const { Count } = await client.send(new sdk.ScanCommand({ TableName: TABLE, Select: 'COUNT', ConsistentRead: true }));
    assert.equal(Count, all.length);
  });

  test('paginates a query, forwards and backwards, without losing or repeating an item', async () => {
    const question = {
      TableName: TABLE,
      ConsistentRead: true,
      KeyConditionExpression: 'sensor = :sensor AND #at BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':sensor': { S: 'sensor-3' }, ':from': { N: '10' }, ':to': { N: '109' } },
    };
    for (const ScanIndexForward of [true, false]) {
      const times: number[] = [];
      let pages = 0;
      for await (const page of sdk.paginateQuery({ client, pageSize: 7 }, { ...question, ScanIndexForward })) {
        pages++;
        for (const item of page.Items ?? []) times.push(Number(item['at']?.N));
      }
      const expected = Array.from({ length: 100 }, (_, at) => (ScanIndexForward ? 10 + at : 109 - at));
      assert.deepEqual(times, expected);
      assert.equal(pages, 15, 'fourteen full pages, and the last two items');
    }
  });

  test('paginates a scan in four segments, and each item is in one of them', async () => {
    const keys: string[] = [];
    const segments = Array.from({ length: 4 }, async (_, Segment) => {
      const input = { TableName: TABLE, Segment, TotalSegments: 4, ConsistentRead: true };
      for await (const page of sdk.paginateScan({ client, pageSize: 40 }, input)) {
        for (const item of page.Items ?? []) keys.push(`${item['sensor']?.S} ${item['at']?.N}`);
      }
    });
    await Promise.all(segments);
    assert.equal(keys.length, SENSORS * READINGS_EACH);
    assert.equal(new Set(keys).size, keys.length);
  });

  test('reads many items in one batch, and asks again for what is left', async () => {
    let wanted: Record<string, sdk.KeysAndAttributes> = {
      [TABLE]: {
        Keys: Array.from({ length: 100 }, (_, at) => ({ sensor: { S: `sensor-${at % SENSORS}` }, at: { N: String(at % READINGS_EACH) } })),
        ProjectionExpression: 'sensor, #at',
        ExpressionAttributeNames: { '#at': 'at' },
        ConsistentRead: true,
      },
    };
    const found: Record<string, sdk.AttributeValue>[] = [];
    while (Object.keys(wanted).length > 0) {
      const { Responses, UnprocessedKeys } = await client.send(new sdk.BatchGetItemCommand({ RequestItems: wanted }));
      found.push(...(Responses?.[TABLE] ?? []));
      wanted = UnprocessedKeys ?? {};
    }
    assert.equal(found.length, 100);
    assert.ok(found.every((item) => Object.keys(item).length === 2));
  });

  test('keeps all ten types, empty values and 38 digits', async () => {
    const item: Record<string, sdk.AttributeValue> = {
      sensor: { S: 'ünïcode \u{1F321}' },
      at: { N: '-1.5' },
      exact: { N: '12345678901234567890123456789012345678' },
      tiny: { N: '0.0000000000000000000000000000000000001' },
      bytes: { B: Uint8Array.of(0, 127, 128, 255) },
      strings: { SS: ['a', 'b'] },
      numbers: { NS: ['1', '2.5'] },
      blobs: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
      empty: { S: '' },
      noBytes: { B: new Uint8Array(0) },
      document: { M: { list: { L: [{ NULL: true }, { BOOL: false }, { M: {} }, { L: [] }] }, __proto: { S: 'just a name' } } },
    };
    await client.send(new sdk.PutItemCommand({ TableName: TABLE, Item: item }));
    const Key = { sensor: item['sensor'] as sdk.AttributeValue, at: item['at'] as sdk.AttributeValue };
    const read = await client.send(new sdk.GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }));
    assert.deepEqual(read.Item, item);
    const deleted = await client.send(
      new sdk.DeleteItemCommand({ TableName: TABLE, Key, ReturnValues: 'ALL_OLD', ReturnConsumedCapacity: 'TOTAL' }),
    );
    assert.deepEqual(deleted.Attributes, item);
    assert.equal(deleted.ConsumedCapacity?.CapacityUnits, 1);
  });

  test('counts exactly with many writers at once', async () => {
    const Key = { sensor: { S: 'counter' }, at: { N: '0' } };
    const increments = Array.from({ length: 100 }, (_, at) =>
      client.send(
        new sdk.UpdateItemCommand({
          TableName: TABLE,
          Key,
          UpdateExpression: 'ADD tally :one, writers :writer SET history = list_append(if_not_exists(history, :none), :entry)',
          ExpressionAttributeValues: {
            ':one': { N: '1' },
            ':writer': { SS: [`writer-${at % 10}`] },
            ':none': { L: [] },
            ':entry': { L: [{ N: String(at) }] },
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
    );
    const tallies = (await Promise.all(increments)).map(({ Attributes }) => Number(Attributes?.['tally']?.N));
    assert.deepEqual(
      tallies.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    const { Item } = await client.send(new sdk.GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }));
    assert.equal(Item?.['writers']?.SS?.length, 10);
    assert.equal(Item?.['history']?.L?.length, 100);
  });

  test('lets one of many writers win by a condition, and shows the others what stands there', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        client.send(
          new sdk.PutItemCommand({
            TableName: TABLE,
            Item: { sensor: { S: 'lock' }, at: { N: '0' }, owner: { N: String(at) } },
            ConditionExpression: 'attribute_not_exists(sensor)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      ),
    );
    const winner = attempts.findIndex(({ status }) => status === 'fulfilled');
    const refusals = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    assert.equal(refusals.length, 19);
    for (const error of refusals) {
      assert.ok(error instanceof sdk.ConditionalCheckFailedException);
      assert.deepEqual(error.Item?.['owner'], { N: String(winner) });
    }
  });

  test('pages through the names of tables with the paginator', async () => {
    const names = ['List-1', 'List-2', 'List-3'];
    await Promise.all(
      names.map((TableName) =>
        client.send(
          new sdk.CreateTableCommand({
            TableName,
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'B' }],
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
          }),
        ),
      ),
    );
    for (const TableName of names) await sdk.waitUntilTableExists({ client, ...WAITING }, { TableName });
    const pages: (readonly string[])[] = [];
    for await (const page of sdk.paginateListTables({ client, pageSize: 1 }, {})) pages.push(page.TableNames ?? []);
    assert.ok(pages.every((page) => page.length === 1));
    const listed = pages.flat();
    assert.ok([...names, TABLE].every((name) => listed.includes(name)));
    assert.equal(new Set(listed).size, listed.length);
  });

  test('changes a table, its protection and its tags', async () => {
    await client.send(
      new sdk.UpdateTableCommand({ TableName: 'List-1', ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 3 } }),
    );
    await sdk.waitUntilTableExists({ client, ...WAITING }, { TableName: 'List-1' });
    await client.send(new sdk.UpdateTableCommand({ TableName: 'List-1', DeletionProtectionEnabled: true }));
    await sdk.waitUntilTableExists({ client, ...WAITING }, { TableName: 'List-1' });
    await assert.rejects(client.send(new sdk.DeleteTableCommand({ TableName: 'List-1' })), { name: 'ValidationException' });
    const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName: 'List-1' }));
    assert.equal(Table?.ProvisionedThroughput?.ReadCapacityUnits, 7);
    assert.equal(Table?.DeletionProtectionEnabled, true);
    const ResourceArn = Table?.TableArn;
    const Tags = [
      { Key: 'stage', Value: 'test' },
      { Key: 'team', Value: '' },
    ];
    await client.send(new sdk.TagResourceCommand({ ResourceArn, Tags }));
    await client.send(new sdk.UntagResourceCommand({ ResourceArn, TagKeys: ['stage'] }));
    assert.deepEqual((await client.send(new sdk.ListTagsOfResourceCommand({ ResourceArn }))).Tags, [{ Key: 'team', Value: '' }]);
    await client.send(new sdk.UpdateTableCommand({ TableName: 'List-1', DeletionProtectionEnabled: false }));
    await sdk.waitUntilTableExists({ client, ...WAITING }, { TableName: 'List-1' });
  });

  test('tells limits and endpoints', async () => {
    const limits = await client.send(new sdk.DescribeLimitsCommand({}));
    assert.ok((limits.TableMaxReadCapacityUnits ?? 0) > 0 && (limits.AccountMaxWriteCapacityUnits ?? 0) > 0);
    const { Endpoints } = await client.send(new sdk.DescribeEndpointsCommand({}));
    assert.deepEqual(
      Endpoints?.map(({ Address }) => Address),
      [new URL(cluster.endpoint).host],
    );
  });

  test('names its errors by their classes', async () => {
    const Key = { sensor: { S: 'x' }, at: { N: '0' } };
    await assert.rejects(client.send(new sdk.GetItemCommand({ TableName: 'Nowhere', Key })), sdk.ResourceNotFoundException);
    await assert.rejects(
      client.send(
        new sdk.CreateTableCommand({
          TableName: TABLE,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        }),
      ),
      sdk.ResourceInUseException,
    );
    await assert.rejects(client.send(new sdk.GetItemCommand({ TableName: TABLE, Key: { sensor: { S: 'x' } } })), {
      name: 'ValidationException',
      message: 'The provided key element does not match the schema',
    });
    const { endpoint, region, credentials } = cluster;
    const stranger = new sdk.DynamoDBClient({
      endpoint,
      region,
      credentials: { ...credentials, secretAccessKey: 'not it' },
      maxAttempts: 1,
    });
    await assert.rejects(stranger.send(new sdk.ListTablesCommand({})), { name: 'InvalidSignatureException' });
    stranger.destroy();
  });

  test('deletes tables, and the waiter sees them go', async () => {
    const deletions = [TABLE, 'List-1', 'List-2', 'List-3'].map(async (TableName) => {
      await client.send(new sdk.DeleteTableCommand({ TableName }));
      const { state } = await sdk.waitUntilTableNotExists({ client, ...WAITING }, { TableName });
      assert.equal(state, 'SUCCESS');
    });
    await Promise.all(deletions);
    const { TableNames } = await client.send(new sdk.ListTablesCommand({}));
    assert.ok([TABLE, 'List-1', 'List-2', 'List-3'].every((name) => TableNames?.includes(name) === false));
  });

  test('every other operation, waiter and paginator of the SDK meets a refusal that names the operation', async () => {
    const exported = sdk as unknown as Readonly<Record<string, unknown>>;
    const operations = Object.keys(exported).flatMap((name) => /^([A-Z]\w+)Command$/.exec(name)?.[1] ?? []);
    assert.ok(operations.length > 50, 'the commands of the SDK were found');
    const others = operations.filter((operation) => !succeeded.has(operation) && !USED_ELSEWHERE.includes(operation));
    for (const operation of others) {
      const Command = exported[`${operation}Command`] as new (input: object) => sdk.ListTablesCommand;
      const refusal = { name: 'ValidationException', message: new RegExp(`\\b${operation}\\b`) };
      await assert.rejects(client.send(new Command({})), refusal, `${operation} works: it needs a test here`);
    }
    const helpers = Object.keys(exported).filter((name) => /^(waitUntil|paginate)/.test(name));
    const used = ['paginateListTables', 'paginateQuery', 'paginateScan', 'waitUntilTableExists', 'waitUntilTableNotExists'];
    assert.ok(used.every((name) => helpers.includes(name)));
    await Promise.all(helpers.filter((name) => !used.includes(name)).map((name) => assertHelperRefused(name, exported[name])));
  });

  /** Waiters go on asking until their time is over, and tell then what they heard. */
  async function assertHelperRefused(name: string, helper: unknown): Promise<void> {
    const isPaginator = name.startsWith('paginate');
    const run = helper as (config: object, input: object) => AsyncIterator<unknown> & Promise<unknown>;
    const started = run({ client, maxWaitTime: 2, minDelay: 1, maxDelay: 1 }, {});
    await assert.rejects(isPaginator ? started.next() : started, /is not supported/, `${name} works: it needs a test here`);
  }
});
