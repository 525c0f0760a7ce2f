import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  BatchPutRequest,
  BatchWriteCommand,
  DeleteItemCommand,
  Entity,
  executeBatchWrite,
  item,
  map,
  number,
  QueryCommand,
  ScanCommand,
  string,
  Table,
  TableAccessPattern,
  UpdateItemCommand,
} from 'dynamodb-toolbox';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Parcels';
const PARCELS = 60;

function depot(client: DynamoDBClient) {
  const table = new Table({
    name: TABLE,
    partitionKey: { name: 'customer', type: 'string' },
    sortKey: { name: 'parcel', type: 'number' },
    indexes: {
      byState: { type: 'global', partitionKey: { name: 'state', type: 'string' }, sortKey: { name: 'weight', type: 'number' } },
      byWeight: { type: 'local', sortKey: { name: 'weight', type: 'number' } },
    },
    documentClient: DynamoDBDocumentClient.from(client),
  });
  const parcel = new Entity({
    name: 'parcel',
    table,
    schema: item({
      customer: string().key(),
      parcel: number().key(),
      state: string().enum('packed', 'sent', 'lost').optional(),
      weight: number(),
      address: string().optional(),
    }),
  });
  return { table, parcel };
}

describe('dynamodb-toolbox with secondary indexes', { timeout: TIMEOUT_MS }, () => {
  let table: ReturnType<typeof depot>['table'];
  let parcel: ReturnType<typeof depot>['parcel'];

  before(async () => {
    const cluster = await ConformanceCluster.shared();
    const client = cluster.client();
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'customer', AttributeType: 'S' },
          { AttributeName: 'parcel', AttributeType: 'N' },
          { AttributeName: 'state', AttributeType: 'S' },
          { AttributeName: 'weight', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'customer', KeyType: 'HASH' },
          { AttributeName: 'parcel', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'byState',
            KeySchema: [
              { AttributeName: 'state', KeyType: 'HASH' },
              { AttributeName: 'weight', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'byWeight',
            KeySchema: [
              { AttributeName: 'customer', KeyType: 'HASH' },
              { AttributeName: 'weight', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
    ({ table, parcel } = depot(client));
    const states = ['packed', 'sent', undefined] as const;
    const puts = Array.from({ length: PARCELS }, (_, at) => {
      const state = states[at % 3];
      return parcel
        .build(BatchPutRequest)
        .item({ customer: `customer-${at % 2}`, parcel: at, weight: PARCELS - at, ...(state !== undefined && { state }) });
    });
    for (let first = 0; first < PARCELS; first += 20) {
      const { UnprocessedItems } = await executeBatchWrite(table.build(BatchWriteCommand).requests(...puts.slice(first, first + 20)));
      assert.deepEqual(UnprocessedItems ?? {}, {});
    }
  });

  test('queries a global index by range and page by page', async () => {
    const query = table
      .build(QueryCommand)
      .query({ index: 'byState', partition: 'sent', range: { between: [10, 50] } })
      .entities(parcel);
    const expected = Array.from({ length: PARCELS }, (_, at) => at)
      .filter((at) => at % 3 === 1 && PARCELS - at >= 10 && PARCELS - at <= 50)
      .reverse();
    await until('the index has all of them', async () => (await query.send()).Items?.length === expected.length);
    const found: number[] = [];
    let exclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await query.options({ limit: 4, ...(exclusiveStartKey !== undefined && { exclusiveStartKey }) }).send();
      found.push(...(page.Items ?? []).map((one) => one.parcel));
      exclusiveStartKey = page.LastEvaluatedKey;
    } while (exclusiveStartKey !== undefined);
    assert.deepEqual(found, expected);
  });

  test('answers an access pattern over a global index, and scans it: parcels without a state are not in it', async () => {
    const heaviest = table
      .build(TableAccessPattern)
      .entities(parcel)
      .schema(map({ state: string(), least: number() }))
      .pattern(({ state, least }) => ({ index: 'byState' as const, partition: state, range: { gte: least }, options: { reverse: true } }));
    const weights = await until('the index has them', async () => {
      const { Items } = await heaviest.query({ state: 'packed', least: 50 }).send();
      return Items?.length === 4 && Items.map(({ weight }) => weight);
    });
    assert.deepEqual(weights, [60, 57, 54, 51]);
    await until('the index has all that have a state', async () => {
      const { Items } = await table.build(ScanCommand).entities(parcel).options({ index: 'byState', maxPages: 10 }).send();
      return Items?.length === (PARCELS * 2) / 3;
    });
  });

  test('queries a local index with a strong read', async () => {
    const { Items } = await table
      .build(QueryCommand)
      .query({ index: 'byWeight', partition: 'customer-1', range: { lt: 10 } })
      .entities(parcel)
      .options({ consistent: true, reverse: true })
      .send();
    assert.deepEqual(
      Items?.map(({ weight }) => weight),
      [9, 7, 5, 3, 1],
    );
  });

  test('follows updates and deletions', async () => {
    await parcel.build(UpdateItemCommand).item({ customer: 'customer-0', parcel: 0, state: 'lost' }).send();
    const lost = table.build(QueryCommand).query({ index: 'byState', partition: 'lost' }).entities(parcel);
    const found = await until('the parcel is lost', async () => {
      const { Items } = await lost.send();
      return Items?.length === 1 && Items;
    });
    assert.equal(found[0]?.parcel, 0);
    await parcel.build(DeleteItemCommand).key({ customer: 'customer-0', parcel: 0 }).send();
    await until('the parcel is gone', async () => (await lost.send()).Items?.length === 0);
  });
});
