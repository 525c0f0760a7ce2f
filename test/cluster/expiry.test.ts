import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { ProcessCluster, STORAGE_NODES } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Expiring';
const DAY_SECONDS = 86_400;
/** Over several partitions and ranges. */
const ITEMS = 500;
const BATCH = 25;

const INDEXED = {
  TableName: 'Indexed',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
    { AttributeName: 'x', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    { IndexName: 'global', KeySchema: [{ AttributeName: 'x', KeyType: 'HASH' }], Projection: { ProjectionType: 'KEYS_ONLY' } },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: 'local',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'x', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
} satisfies CreateTableCommandInput;

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function past(): AttributeValue {
  return { N: String(nowSeconds() - 60) };
}

describe('items that expire', { timeout: 300_000 }, () => {
  let cluster: ProcessCluster;
  let client: DynamoDBClient;

  before(async () => {
    cluster = await ProcessCluster.start({ STATOR_TTL_SWEEP_INTERVAL_MS: '500' });
    client = cluster.client(10);
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  async function put(name: string, ttl?: AttributeValue): Promise<void> {
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: name }, ...(ttl === undefined ? {} : { ttl }) } }));
  }

  async function putMany(prefix: string, ttl: AttributeValue): Promise<void> {
    for (let from = 0; from < ITEMS; from += BATCH) {
      const puts = Array.from({ length: BATCH }, (_, at) => ({ PutRequest: { Item: { pk: { S: `${prefix}-${from + at}` }, ttl } } }));
      const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts } }));
      assert.deepEqual(UnprocessedItems, {});
    }
  }

  async function namesLeft(): Promise<string[]> {
    const names: string[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true, ExclusiveStartKey: from }));
      for (const item of page.Items ?? []) names.push(item['pk']?.S ?? '');
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return names.sort();
  }

  async function untilLeft(expected: readonly string[]): Promise<void> {
    await until('what has expired is gone', async () => (await namesLeft()).length <= expected.length, 120_000);
    assert.deepEqual(await namesLeft(), [...expected].sort());
  }

  const KEPT = ['ancient', 'far', 'none', 'text'];

  test('go once their table has a time to live, those that were there too, and nothing else does', async () => {
    await putMany('old', past());
    await put('far', { N: String(nowSeconds() + DAY_SECONDS) });
    await put('text', { S: String(nowSeconds() - 60) });
    await put('fraction', { N: `${nowSeconds() - 60}.5` });
    await put('ancient', { N: String(nowSeconds() - 6 * 365 * DAY_SECONDS) });
    await put('none');
    const specification = { AttributeName: 'ttl', Enabled: true };
    const { TimeToLiveSpecification } = await client.send(
      new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification: specification }),
    );
    assert.deepEqual(TimeToLiveSpecification, specification);
    await until('the time to live is enabled', async () => {
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: TABLE }));
      return TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED' && TimeToLiveDescription.AttributeName === 'ttl';
    });
    await untilLeft(KEPT);
  });

  test('stay when they are given more time, and go by a later one', async () => {
    await put('again', { N: String(nowSeconds() + DAY_SECONDS) });
    await put('soon', { N: String(nowSeconds() + 2) });
    await untilLeft([...KEPT, 'again']);
    await client.send(
      new UpdateItemCommand({
        TableName: TABLE,
        Key: { pk: { S: 'again' } },
        UpdateExpression: 'SET #ttl = :past',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':past': past() },
      }),
    );
    await untilLeft(KEPT);
  });

  test('leave the indexes of their table', async () => {
    await client.send(new CreateTableCommand(INDEXED));
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName: INDEXED.TableName });
    const specification = { AttributeName: 'ttl', Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: INDEXED.TableName, TimeToLiveSpecification: specification }));
    const putIndexed = async (number: number, ttl: AttributeValue): Promise<void> => {
      const item = { pk: { S: 'one' }, sk: { N: String(number) }, x: { S: `x-${number}` }, ttl };
      await client.send(new PutItemCommand({ TableName: INDEXED.TableName, Item: item }));
    };
    const untilBothHold = async (count: number): Promise<void> => {
      for (const IndexName of ['global', 'local']) {
        const scan = new ScanCommand({ TableName: INDEXED.TableName, IndexName });
        await until(`the ${IndexName} index holds ${count}`, async () => (await client.send(scan)).Count === count);
      }
    };
    for (let number = 0; number < BATCH; number++) await putIndexed(number, { N: String(nowSeconds() + DAY_SECONDS) });
    await untilBothHold(BATCH);
    for (let number = 1; number < BATCH; number++) await putIndexed(number, past());
    await untilBothHold(1);
  });

  test('go though each node is killed in turn', async () => {
    for (const name of STORAGE_NODES) {
      await putMany(name, past());
      await cluster.kill(name);
      await untilLeft(KEPT);
      await cluster.startMissing();
    }
    const deleted = await Promise.all(STORAGE_NODES.map((name) => cluster.metric(name, 'stator_storage_node_ttl_deleted_items_total')));
    assert(Math.max(...deleted) > 0, 'no node says that it deleted anything');
    await assertEqualReplicas(cluster);
  });
});
