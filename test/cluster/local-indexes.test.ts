import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  ItemCollectionSizeLimitExceededException,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { ProcessCluster } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';

const TABLE = 'Threads';
const LIMIT_BYTES = 50_000;

type Item = Record<string, AttributeValue>;

describe('local indexes of a cluster', { timeout: 300_000 }, () => {
  let cluster: ProcessCluster;
  let client: DynamoDBClient;

  before(async () => {
    cluster = await ProcessCluster.start({ STATOR_ITEM_COLLECTION_BYTES_MAX: String(LIMIT_BYTES) });
    client = cluster.client(10);
    const index = (name: string, projection: 'ALL' | 'KEYS_ONLY') => ({
      IndexName: name,
      KeySchema: [
        { AttributeName: 'forum', KeyType: 'HASH' as const },
        { AttributeName: 'views', KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: projection },
    });
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'forum', AttributeType: 'S' },
          { AttributeName: 'subject', AttributeType: 'S' },
          { AttributeName: 'views', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'forum', KeyType: 'HASH' },
          { AttributeName: 'subject', KeyType: 'RANGE' },
        ],
        LocalSecondaryIndexes: [index('ByViews', 'KEYS_ONLY'), index('All', 'ALL')],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName: TABLE });
  });

  after(() => cluster?.remove());

  function put(forum: string, subject: string, views: number, fill = 0) {
    const item: Item = { forum: { S: forum }, subject: { S: subject }, views: { N: String(views) }, text: { S: 'x'.repeat(fill) } };
    return client.send(
      new PutItemCommand({ TableName: TABLE, Item: item, ReturnItemCollectionMetrics: 'SIZE', ReturnConsumedCapacity: 'INDEXES' }),
    );
  }

  async function subjects(forum: string, index: string, more: object = {}): Promise<string[]> {
    const query = {
      TableName: TABLE,
      IndexName: index,
      KeyConditionExpression: 'forum = :forum',
      ExpressionAttributeValues: { ':forum': { S: forum } },
      ConsistentRead: true,
      ...more,
    };
    const { Items = [] } = await client.send(new QueryCommand(query));
    return Items.map((item) => item['subject']?.S ?? '');
  }

  test('are read strongly behind each write, in their order, after the death of each node', async () => {
    const order: string[] = [];
    for (const node of ['node-a', 'node-b', 'node-c'] as const) {
      for (let number = 0; number < 4; number++) {
        const subject = `${node}-${number}`;
        await put('storage', subject, 1000 - order.length);
        order.unshift(subject);
        assert.deepEqual(await subjects('storage', 'ByViews'), order);
      }
      await client.send(
        new UpdateItemCommand({
          TableName: TABLE,
          Key: { forum: { S: 'storage' }, subject: { S: must(order[0]) } },
          UpdateExpression: 'SET #views = :views',
          ExpressionAttributeNames: { '#views': 'views' },
          ExpressionAttributeValues: { ':views': { N: String(2000 + order.length) } },
        }),
      );
      order.push(must(order.shift()));
      await cluster.kill(node);
      assert.deepEqual(await subjects('storage', 'All'), order);
      assert.deepEqual(await subjects('storage', 'ByViews', { ScanIndexForward: false }), [...order].reverse());
      await cluster.startMissing();
    }
    const whole = { IndexName: 'ByViews', Select: 'ALL_ATTRIBUTES' as const, ConsistentRead: true };
    const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE, ...whole }));
    assert.deepEqual([Items.length, new Set(Items.map((item) => Object.keys(item).length))], [order.length, new Set([4])]);
    await assertEqualReplicas(cluster);
  });

  test('let a collection grow up to its limit alone, and tell what a write costs them', async () => {
    const { ItemCollectionMetrics, ConsumedCapacity } = await put('full', 'first', 1, 1500);
    assert.deepEqual(ItemCollectionMetrics?.ItemCollectionKey, { forum: { S: 'full' } });
    assert.deepEqual(ConsumedCapacity?.LocalSecondaryIndexes, { ByViews: { CapacityUnits: 1 }, All: { CapacityUnits: 2 } });
    let written = 1;
    // An item of 5,000 bytes is in the table and in one of the indexes.
    await assert.rejects(async () => {
      for (; written < 20; written++) await put('full', `more-${written}`, written, 5000);
    }, ItemCollectionSizeLimitExceededException);
    assert(written >= 4 && written <= 5, `${written} items of 5,000 bytes, twice each, in ${LIMIT_BYTES}`);
    await put('other', 'first', 1, 5000);
    const { Attributes } = await client.send(
      new DeleteItemCommand({ TableName: TABLE, Key: { forum: { S: 'full' }, subject: { S: 'more-1' } }, ReturnValues: 'ALL_OLD' }),
    );
    assert.equal(Attributes?.['views']?.N, '1');
    await put('full', 'again', 1, 5000);
    assert.equal((await subjects('full', 'ByViews')).length, written);
  });
});

function must(value: string | undefined): string {
  assert(value !== undefined);
  return value;
}
