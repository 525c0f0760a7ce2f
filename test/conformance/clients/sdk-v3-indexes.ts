import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndexDescription,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Games';
const GAMES = 100;
const PLAYERS = 4;

/** Every third game has no score yet, so it is in no index over the score. */
function game(at: number): Record<string, AttributeValue> {
  return {
    player: { S: `player-${at % PLAYERS}` },
    game: { N: String(at) },
    place: { S: at % 2 === 0 ? 'club' : 'home' },
    ...(at % 3 !== 0 && { score: { N: String(GAMES - at) } }),
    moves: { S: 'e4 e5' },
  };
}

const ALL = Array.from({ length: GAMES }, (_, at) => at);
const SCORED = ALL.filter((at) => at % 3 !== 0);

describe('AWS SDK for JavaScript v3, secondary indexes', { timeout: TIMEOUT_MS }, () => {
  let client: DynamoDBClient;

  before(async () => {
    const cluster = await ConformanceCluster.shared();
    client = cluster.client();
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'player', AttributeType: 'S' },
          { AttributeName: 'game', AttributeType: 'N' },
          { AttributeName: 'place', AttributeType: 'S' },
          { AttributeName: 'score', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'player', KeyType: 'HASH' },
          { AttributeName: 'game', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'high-scores',
            KeySchema: [
              { AttributeName: 'place', KeyType: 'HASH' },
              { AttributeName: 'score', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'own-scores',
            KeySchema: [
              { AttributeName: 'player', KeyType: 'HASH' },
              { AttributeName: 'score', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['moves'] },
          },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
    for (let first = 0; first < GAMES; first += 25) {
      const requests = ALL.slice(first, first + 25).map((at) => ({ PutRequest: { Item: game(at) } }));
      const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: requests } }));
      assert.deepEqual(UnprocessedItems, {});
    }
  });

  test('paginates a local index, strongly consistent, and fetches what is not projected', async () => {
    const question = own('player-1', { ConsistentRead: true });
    const expected = SCORED.filter((at) => at % PLAYERS === 1).reverse();
    const projected = await items(question, 5);
    assert.deepEqual(numbers(projected), expected);
    assert.ok(projected.every((item) => item['moves'] !== undefined && item['place'] === undefined));
    const whole = await items({ ...question, Select: 'ALL_ATTRIBUTES' }, 5);
    assert.deepEqual(
      whole,
      expected.map((at) => game(at)),
    );
  });

  test('paginates a global index both ways, with the keys of its table, and without games that have no score', async () => {
    const expected = SCORED.filter((at) => at % 2 === 0).reverse();
    await until('the index is complete', async () => (await items(at('club'), 50)).length === expected.length);
    assert.deepEqual(numbers(await items(at('club'), 7)), expected);
    const backwards = await items({ ...at('club'), ScanIndexForward: false }, 7);
    assert.deepEqual(numbers(backwards), [...expected].reverse());
    assert.deepEqual(Object.keys(backwards[0] ?? {}).sort(), ['game', 'place', 'player', 'score']);
  });

  test('scans a global index in segments', async () => {
    const segments = [0, 1, 2].map(async (Segment) => {
      const found: Record<string, AttributeValue>[] = [];
      const input = { TableName: TABLE, IndexName: 'high-scores', Segment, TotalSegments: 3 };
      for await (const page of paginateScan({ client, pageSize: 8 }, input)) found.push(...(page.Items ?? []));
      return found;
    });
    await until('the index is complete', async () => (await items(at('home'), 50)).length === SCORED.filter((one) => one % 2 === 1).length);
    const found = numbers((await Promise.all(segments)).flat());
    assert.deepEqual(
      found.sort((a, b) => a - b),
      SCORED,
    );
  });

  test('follows puts, updates and deletions of the table', async () => {
    const Key = { player: { S: 'guest' }, game: { N: '1' } };
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { ...Key, place: { S: 'abroad' } } }));
    const abroad = async (): Promise<(string | undefined)[]> => (await items(at('abroad'), 10)).map((item) => item['score']?.N);
    const score = async (value: string): Promise<void> => {
      const ExpressionAttributeValues = { ':score': { N: value } };
      await client.send(
        new UpdateItemCommand({ TableName: TABLE, Key, UpdateExpression: 'SET score = :score', ExpressionAttributeValues }),
      );
    };
    assert.deepEqual(await abroad(), []);
    for (const value of ['7', '8', '-1.5']) {
      await score(value);
      await until(`the score is ${value}`, async () => (await abroad()).join() === value);
    }
    await client.send(new DeleteItemCommand({ TableName: TABLE, Key }));
    await until('the game is gone', async () => (await abroad()).length === 0);
  });

  test('refuses a strongly consistent read of a global index', async () => {
    await assert.rejects(client.send(new QueryCommand({ ...at('club'), ConsistentRead: true })), {
      name: 'ValidationException',
      message: 'Consistent reads are not supported on global secondary indexes',
    });
  });

  test('adds an index while the table is written to, and takes it away again', async () => {
    await client.send(
      new UpdateTableCommand({
        TableName: TABLE,
        AttributeDefinitions: [
          { AttributeName: 'place', AttributeType: 'S' },
          { AttributeName: 'game', AttributeType: 'N' },
        ],
        GlobalSecondaryIndexUpdates: [
          {
            Create: {
              IndexName: 'by-place',
              KeySchema: [
                { AttributeName: 'place', KeyType: 'HASH' },
                { AttributeName: 'game', KeyType: 'RANGE' },
              ],
              Projection: { ProjectionType: 'ALL' },
            },
          },
        ],
      }),
    );
    let next = GAMES;
    await until(
      'the index is active',
      async () => {
        await client.send(new PutItemCommand({ TableName: TABLE, Item: game(next++) }));
        const index = await described('by-place');
        return index?.IndexStatus === 'ACTIVE' && index.Backfilling !== true;
      },
      120_000,
    );
    const expected = Array.from({ length: next }, (_, one) => one).filter((one) => one % 2 === 0);
    await until('the index has all games of the club', async () => (await items(at('club', 'by-place'), 50)).length === expected.length);
    const found = await items(at('club', 'by-place'), 9);
    assert.deepEqual(
      found,
      expected.map((one) => game(one)),
    );
    await client.send(new UpdateTableCommand({ TableName: TABLE, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-place' } }] }));
    await until('the index is gone', async () => (await described('by-place')) === undefined);
    await assert.rejects(client.send(new QueryCommand(at('club', 'by-place'))), { name: 'ValidationException' });
  });

  async function described(IndexName: string): Promise<GlobalSecondaryIndexDescription | undefined> {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: TABLE }));
    return Table?.GlobalSecondaryIndexes?.find((index) => index.IndexName === IndexName);
  }

  /** All that a query finds, in pages of so many. */
  async function items(question: QueryCommandInput, pageSize: number): Promise<Record<string, AttributeValue>[]> {
    const found: Record<string, AttributeValue>[] = [];
    // The paginator writes into what it is given.
    for await (const page of paginateQuery({ client, pageSize }, { ...question })) found.push(...(page.Items ?? []));
    return found;
  }
});

/** Games at a place, by the sort key of the index. */
function at(place: string, IndexName = 'high-scores'): QueryCommandInput {
  const ExpressionAttributeValues = { ':place': { S: place } };
  return { TableName: TABLE, IndexName, KeyConditionExpression: 'place = :place', ExpressionAttributeValues };
}

/** Games of a player, from the lowest score up. */
function own(player: string, options: Partial<QueryCommandInput>): QueryCommandInput {
  const question = { KeyConditionExpression: 'player = :player', ExpressionAttributeValues: { ':player': { S: player } } };
  return { TableName: TABLE, IndexName: 'own-scores', ...question, ...options };
}

function numbers(items: readonly Record<string, AttributeValue>[]): number[] {
  return items.map((item) => Number(item['game']?.N));
}
