import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  $add,
  $append,
  $get,
  $remove,
  $sum,
  any,
  BatchDeleteRequest,
  BatchGetCommand,
  BatchGetRequest,
  BatchPutRequest,
  BatchWriteCommand,
  DeleteItemCommand,
  DeletePartitionCommand,
  Entity,
  EntityAccessPattern,
  executeBatchGet,
  executeBatchWrite,
  GetItemCommand,
  item,
  list,
  map,
  number,
  PutItemCommand,
  prefix,
  QueryCommand,
  ScanCommand,
  set,
  string,
  Table,
  TableAccessPattern,
  UpdateItemCommand,
} from 'dynamodb-toolbox';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Zoo';
const ANIMALS = 40;

/** Two entities in one table, told apart by what the library adds to their items. */
function zoo(client: DynamoDBClient) {
  const table = new Table({
    name: TABLE,
    partitionKey: { name: 'pk', type: 'string' },
    sortKey: { name: 'sk', type: 'number' },
    documentClient: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
  });
  const animal = new Entity({
    name: 'animal',
    table,
    schema: item({
      house: string().key().savedAs('pk').transform(prefix('HOUSE')),
      number: number().key().savedAs('sk'),
      name: string(),
      kind: string().enum('ape', 'bear', 'cat').default('ape'),
      weight: number().optional(),
      foods: set(string()).optional(),
      visits: list(map({ vet: string(), fee: number() })).default([]),
      notes: any().optional(),
    }),
  });
  const keeper = new Entity({
    name: 'keeper',
    table,
    schema: item({ house: string().key().savedAs('pk').transform(prefix('HOUSE')), number: number().key().savedAs('sk'), shift: string() }),
  });
  return { table, animal, keeper };
}

describe('dynamodb-toolbox', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let table: ReturnType<typeof zoo>['table'];
  let animal: ReturnType<typeof zoo>['animal'];
  let keeper: ReturnType<typeof zoo>['keeper'];

  before(async () => {
    cluster = await ConformanceCluster.shared();
    const client = cluster.client();
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
    ({ table, animal, keeper } = zoo(client));
  });

  test('puts an entity once and reads it, or parts of it', async () => {
    const kong = {
      house: 'apes',
      number: 1,
      name: 'Kong',
      weight: 180,
      foods: new Set(['figs', 'leaves']),
      notes: { since: [1933, null] },
    };
    const isNew = { attr: 'house', exists: false } as const;
    await animal.build(PutItemCommand).item(kong).options({ condition: isNew }).send();
    const { Item } = await animal.build(GetItemCommand).key({ house: 'apes', number: 1 }).options({ consistent: true }).send();
    const { created, modified, entity: _, ...rest } = { entity: undefined, ...Item };
    assert.deepEqual(rest, { ...kong, kind: 'ape', visits: [] });
    assert.ok(created !== undefined && modified !== undefined && created <= modified);
    const part = animal.build(GetItemCommand).key({ house: 'apes', number: 1 });
    assert.deepEqual((await part.options({ attributes: ['name', 'notes'], consistent: true }).send()).Item, {
      name: 'Kong',
      notes: kong.notes,
    });
    const again = animal.build(PutItemCommand).item(kong).options({ condition: isNew, returnValuesOnConditionFalse: 'ALL_OLD' });
    await assert.rejects(again.send(), { name: 'ConditionalCheckFailedException' });
  });

  test('updates by its extensions, under a condition', async () => {
    const { Attributes } = await animal
      .build(UpdateItemCommand)
      .item({
        house: 'apes',
        number: 1,
        weight: $sum($get('weight'), 5),
        foods: $add(new Set(['nuts'])),
        visits: $append([{ vet: 'Ada', fee: 90.5 }]),
        notes: $remove(),
      })
      .options({
        condition: {
          and: [
            { attr: 'weight', lt: 200 },
            { attr: 'foods', contains: 'figs' },
          ],
        },
        returnValues: 'ALL_NEW',
      })
      .send();
    assert.deepEqual([Attributes?.weight, Attributes?.foods?.size, Attributes?.visits], [185, 3, [{ vet: 'Ada', fee: 90.5 }]]);
    assert.equal(Attributes?.notes, undefined);
    const refused = animal.build(UpdateItemCommand).item({ house: 'apes', number: 1, weight: $add(1) });
    await assert.rejects(refused.options({ condition: { attr: 'visits', size: 'visits', gt: 3 } as never }).send());
  });

  test('writes and reads batches', async () => {
    const kinds = ['ape', 'bear', 'cat'] as const;
    const animals = Array.from({ length: ANIMALS }, (_, at) => ({
      house: `house-${at % 2}`,
      number: at,
      name: `Animal ${at}`,
      kind: kinds[at % 3] ?? 'ape',
      weight: at * 10,
    }));
    for (let first = 0; first < ANIMALS; first += 20) {
      const puts = animals.slice(first, first + 20).map((one) => animal.build(BatchPutRequest).item(one));
      const keepers = [keeper.build(BatchPutRequest).item({ house: `house-${first / 20}`, number: -1, shift: 'night' })];
      const { UnprocessedItems } = await executeBatchWrite(table.build(BatchWriteCommand).requests(...puts, ...keepers));
      assert.deepEqual(UnprocessedItems ?? {}, {});
    }
    const gets = animals.map(({ house, number: at }) => animal.build(BatchGetRequest).key({ house, number: at }));
    const { Responses } = await executeBatchGet(
      table
        .build(BatchGetCommand)
        .requests(...gets)
        .options({ consistent: true }),
    );
    assert.equal(Responses?.[0]?.length, ANIMALS);
    const deletion = [39, 37].map((at) => animal.build(BatchDeleteRequest).key({ house: 'house-1', number: at }));
    await executeBatchWrite(table.build(BatchWriteCommand).requests(...deletion));
  });

  test('queries by range, with filters for each entity, and page by page', async () => {
    const some = await table
      .build(QueryCommand)
      .query({ partition: 'HOUSE#house-0', range: { between: [10, 20] } })
      .entities(animal)
      .options({ reverse: true, consistent: true, filters: { animal: { attr: 'kind', in: ['bear', 'cat'] } } })
      .send();
    assert.deepEqual(
      some.Items?.map(({ number: at }) => at),
      [20, 16, 14, 10],
    );
    const both = await table
      .build(QueryCommand)
      .query({ partition: 'HOUSE#house-1' })
      .entities(animal, keeper)
      .options({ maxPages: 10, consistent: true })
      .send();
    assert.equal(both.Items?.filter((one) => 'shift' in one).length, 1);
    assert.equal(both.Items?.length, 19);
    const pages: number[] = [];
    let exclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const query = table
        .build(QueryCommand)
        .query({ partition: 'HOUSE#house-0', range: { gte: 0 } })
        .entities(animal);
      const page = await query
        .options({ limit: 8, consistent: true, ...(exclusiveStartKey !== undefined && { exclusiveStartKey }) })
        .send();
      pages.push(page.Items?.length ?? 0);
      exclusiveStartKey = page.LastEvaluatedKey;
    } while (exclusiveStartKey !== undefined);
    assert.deepEqual(pages, [8, 8, 4]);
  });

  test('answers access patterns on the table', async () => {
    const heavy = table
      .build(TableAccessPattern)
      .entities(animal)
      .schema(map({ house: string(), least: number() }))
      .pattern(({ house, least }) => ({
        partition: `HOUSE#${house}`,
        options: { consistent: true, filters: { animal: { attr: 'weight', gte: least } } },
      }));
    const { Items } = await heavy.query({ house: 'house-0', least: 300 }).send();
    assert.deepEqual(
      Items?.map(({ weight }) => weight),
      [300, 320, 340, 360, 380],
    );
    const byNumber = animal
      .build(EntityAccessPattern)
      .schema(map({ house: string(), from: number() }))
      .pattern(({ house, from }) => ({ partition: `HOUSE#${house}`, range: { gte: from } }))
      .options({ consistent: true });
    assert.equal((await byNumber.query({ house: 'house-1', from: 30 }).send()).Items?.length, 3);
  });

  test('scans in segments, deletes an item and a whole partition', async () => {
    const segments = Array.from({ length: 3 }, (_, segment) =>
      table.build(ScanCommand).entities(animal, keeper).options({ segment, totalSegments: 3, consistent: true, maxPages: 10 }).send(),
    );
    const found = (await Promise.all(segments)).flatMap(({ Items }) => Items ?? []);
    assert.equal(found.length, 1 + ANIMALS - 2 + 2);
    const deleted = await animal.build(DeleteItemCommand).key({ house: 'apes', number: 1 }).options({ returnValues: 'ALL_OLD' }).send();
    assert.equal(deleted.Attributes?.name, 'Kong');
    await table
      .build(DeletePartitionCommand)
      .query({ partition: 'HOUSE#house-0' })
      .entities(animal, keeper)
      .options({ consistent: true })
      .send();
    const { Count } = await table.build(ScanCommand).options({ select: 'COUNT', consistent: true }).send();
    assert.equal(Count, 19);
  });
});
