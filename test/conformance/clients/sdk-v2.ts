import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import AWS from 'aws-sdk';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Orders';
/** The waiters of this SDK look every 20 seconds by default. */
const $waiter = { delay: 0.2, maxAttempts: 300 };

describe('AWS SDK for JavaScript v2, aws-sdk', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let client: AWS.DynamoDB;
  let documents: AWS.DynamoDB.DocumentClient;

  before(async () => {
    cluster = await ConformanceCluster.shared();
    const { endpoint, region, credentials } = cluster;
    const options = { endpoint, region, credentials: new AWS.Credentials(credentials), maxRetries: 0, dynamoDbCrc32: true };
    client = new AWS.DynamoDB(options);
    documents = new AWS.DynamoDB.DocumentClient({ ...options, convertEmptyValues: false });
  });

  test('creates a table and waits for it', async () => {
    await client
      .createTable({
        TableName: TABLE,
        AttributeDefinitions: [
          { AttributeName: 'customer', AttributeType: 'S' },
          { AttributeName: 'number', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'customer', KeyType: 'HASH' },
          { AttributeName: 'number', KeyType: 'RANGE' },
        ],
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      })
      .promise();
    const { Table } = await client.waitFor('tableExists', { TableName: TABLE, $waiter }).promise();
    assert.equal(Table?.TableStatus, 'ACTIVE');
  });

  test('writes and reads items of native values', async () => {
    const Item = {
      customer: 'Ada',
      number: 1,
      paid: true,
      total: 99.95,
      note: '',
      lines: [
        { article: 'engine', pieces: 1 },
        { article: 'cards', pieces: 500 },
      ],
      coupons: documents.createSet(['A', 'B']),
      invoice: Buffer.from([1, 2, 250]),
      missing: null,
    };
    await documents.put({ TableName: TABLE, Item }).promise();
    const read = await documents.get({ TableName: TABLE, Key: { customer: 'Ada', number: 1 }, ConsistentRead: true }).promise();
    const { coupons, ...rest } = read.Item ?? {};
    const { coupons: _, ...expected } = Item;
    assert.deepEqual(rest, expected);
    assert.deepEqual([...coupons.values].sort(), ['A', 'B']);
  });

  test('checks the CRC-32 of small and of large answers', async () => {
    const note = 'long '.repeat(20_000);
    await documents.put({ TableName: TABLE, Item: { customer: 'Charles', number: 1, note } }).promise();
    const read = await documents.get({ TableName: TABLE, Key: { customer: 'Charles', number: 1 }, ConsistentRead: true }).promise();
    assert.equal(read.Item?.['note'], note);
    assert.match(read.$response.httpResponse.headers['x-amz-crc32'] ?? '', /^\d+$/);
  });

  test('updates under a condition, and says by its code that it failed', async () => {
    const update = {
      TableName: TABLE,
      Key: { customer: 'Ada', number: 1 },
      UpdateExpression: 'SET #total = #total - :rebate, rebates = if_not_exists(rebates, :none) + :one',
      ConditionExpression: '#total > :rebate AND attribute_not_exists(rebates)',
      ExpressionAttributeNames: { '#total': 'total' },
      ExpressionAttributeValues: { ':rebate': 9.95, ':none': 0, ':one': 1 },
      ReturnValues: 'UPDATED_NEW',
    };
    const { Attributes } = await documents.update(update).promise();
    assert.deepEqual(Attributes, { total: 90, rebates: 1 });
    await assert.rejects(documents.update(update).promise(), { code: 'ConditionalCheckFailedException', statusCode: 400 });
  });

  test('sends the older parameters', async () => {
    await client
      .updateItem({
        TableName: TABLE,
        Key: { customer: { S: 'Ada' }, number: { N: '1' } },
        AttributeUpdates: { rebates: { Action: 'ADD', Value: { N: '4' } } },
        Expected: { paid: { ComparisonOperator: 'EQ', AttributeValueList: [{ BOOL: true }] } },
      })
      .promise();
    const { Items } = await documents
      .query({
        TableName: TABLE,
        ConsistentRead: true,
        KeyConditions: { customer: { ComparisonOperator: 'EQ', AttributeValueList: ['Ada'] } },
        QueryFilter: { rebates: { ComparisonOperator: 'GE', AttributeValueList: [5] } },
        AttributesToGet: ['rebates'],
      })
      .promise();
    assert.deepEqual(Items, [{ rebates: 5 }]);
  });

  test('writes batches, reads them back, and pages through queries and scans', async () => {
    for (let first = 0; first < 100; first += 25) {
      const requests = Array.from({ length: 25 }, (_, at) => ({ PutRequest: { Item: { customer: 'Grace', number: first + at } } }));
      const { UnprocessedItems } = await documents.batchWrite({ RequestItems: { [TABLE]: requests } }).promise();
      assert.deepEqual(UnprocessedItems, {});
    }
    const Keys = Array.from({ length: 100 }, (_, number) => ({ customer: 'Grace', number }));
    const { Responses } = await documents.batchGet({ RequestItems: { [TABLE]: { Keys, ConsistentRead: true } } }).promise();
    assert.equal(Responses?.[TABLE]?.length, 100);
    const question = {
      TableName: TABLE,
      Limit: 30,
      ConsistentRead: true,
      KeyConditionExpression: 'customer = :c',
      ExpressionAttributeValues: { ':c': { S: 'Grace' } },
    };
    const queried = await pages(client.query(question));
    assert.deepEqual(
      queried.map(({ Items }) => Items?.length),
      [30, 30, 30, 10],
    );
    const numbers = queried.flatMap(({ Items }) => (Items ?? []).map((item) => Number(item['number']?.N)));
    assert.deepEqual(
      numbers,
      Array.from({ length: 100 }, (_, at) => at),
    );
    const scanned = await pages(client.scan({ TableName: TABLE, Limit: 11, ConsistentRead: true }));
    assert.equal(
      scanned.reduce((sum, { Count }) => sum + (Count ?? 0), 0),
      102,
    );
  });

  test('lists tables, and waits until one is gone', async () => {
    const listed = await pages(client.listTables({ Limit: 1 }));
    assert.ok(listed.every(({ TableNames }) => TableNames?.length === 1));
    assert.equal(listed.filter(({ TableNames }) => TableNames?.[0] === TABLE).length, 1);
    await client.deleteTable({ TableName: TABLE }).promise();
    await client.waitFor('tableNotExists', { TableName: TABLE, $waiter }).promise();
    await assert.rejects(client.describeTable({ TableName: TABLE }).promise(), { code: 'ResourceNotFoundException' });
  });
});

/** All pages of a request, as `eachPage` brings them. */
function pages<Page>(request: AWS.Request<Page, AWS.AWSError>): Promise<Page[]> {
  return new Promise((resolve, reject) => {
    const all: Page[] = [];
    request.eachPage((error, page) => {
      if (error) reject(error);
      else if (page === null) resolve(all);
      else all.push(page);
      return true;
    });
  });
}
