import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { ProcessCluster, STORAGE_NODES } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Tickets';
const WRITERS = 16;
const ITEMS = 400;
/** Writes between one disturbance and the next. */
const STRETCH = 400;
const TIMEOUT_MS = 240_000;

type Item = Record<string, AttributeValue>;

/** Clients that write items at random until they are told to stop; what fails is written again by somebody later. */
class Writers {
  done = 0;
  readonly #client: DynamoDBClient;
  #stopped = false;
  readonly #ended: Promise<unknown>;

  constructor(client: DynamoDBClient) {
    this.#client = client;
    this.#ended = Promise.all(Array.from({ length: WRITERS }, (_, at) => this.#write(at)));
  }

  async more(writes: number): Promise<void> {
    const goal = this.done + writes;
    await until(`${writes} more writes`, () => Promise.resolve(this.done >= goal));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #write(at: number): Promise<void> {
    for (let count = at; !this.#stopped; count += WRITERS) {
      try {
        await this.#one(count);
        this.done += 1;
      } catch {
        // A node is being killed: the outcome is unknown, and what the indexes must hold follows from the table.
      }
    }
  }

  #one(count: number): Promise<unknown> {
    const pk = { S: `ticket-${(count * 7919) % ITEMS}` };
    if (count % 11 === 0) return this.#client.send(new DeleteItemCommand({ TableName: TABLE, Key: { pk } }));
    const owner = { S: `owner-${count % 13}` };
    if (count % 3 === 0) {
      const values = { ':owner': owner };
      const update = { UpdateExpression: 'SET #owner = :owner REMOVE priority', ExpressionAttributeNames: { '#owner': 'owner' } };
      return this.#client.send(new UpdateItemCommand({ TableName: TABLE, Key: { pk }, ...update, ExpressionAttributeValues: values }));
    }
    const priority = count % 5 === 0 ? {} : { priority: { N: String(count % 9) } };
    return this.#client.send(new PutItemCommand({ TableName: TABLE, Item: { pk, owner, ...priority, text: { S: `text ${count}` } } }));
  }
}

describe('global indexes of a table whose nodes are killed', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;
  let client: DynamoDBClient;

  before(async () => {
    cluster = await ProcessCluster.start();
    client = cluster.client(5);
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'owner', AttributeType: 'S' },
        ],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [
          { IndexName: 'by-owner', KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
        ],
      }),
    );
    await untilActive(client, 1);
  });

  after(() => cluster?.remove());

  test('SIGKILL of whoever leads parts of table and index: the index follows', { timeout: TIMEOUT_MS }, async () => {
    const writers = new Writers(cluster.client(1));
    for (const victim of STORAGE_NODES) {
      await writers.more(STRETCH);
      await cluster.kill(victim);
      await writers.more(STRETCH);
      await cluster.startMissing();
    }
    await writers.stop();
    await untilFollows(client, 'by-owner', (item) => (item['owner'] === undefined ? undefined : item));
    await assertEqualReplicas(cluster);
  });

  test('an index that is added while clients write holds what was there before, though nodes are killed', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const writers = new Writers(cluster.client(1));
    await writers.more(STRETCH);
    await client.send(
      new UpdateTableCommand({
        TableName: TABLE,
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'owner', AttributeType: 'S' },
          { AttributeName: 'priority', AttributeType: 'N' },
        ],
        GlobalSecondaryIndexUpdates: [
          {
            Create: {
              IndexName: 'by-priority',
              KeySchema: [{ AttributeName: 'priority', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'KEYS_ONLY' },
            },
          },
        ],
      }),
    );
    await cluster.kill(STORAGE_NODES[0]);
    await writers.more(STRETCH);
    await cluster.startMissing();
    await untilActive(client, 2);
    await writers.more(STRETCH);
    await writers.stop();
    await untilFollows(client, 'by-priority', ({ pk, priority }) =>
      pk === undefined || priority === undefined ? undefined : { pk, priority },
    );
    await untilFollows(client, 'by-owner', (item) => (item['owner'] === undefined ? undefined : item));
  });

  test('an index that is deleted leaves nothing on the nodes', { timeout: TIMEOUT_MS }, async () => {
    const groups = async (): Promise<number> => (await cluster.describe(STORAGE_NODES[0])).replicas.length;
    const before = await groups();
    await client.send(
      new UpdateTableCommand({ TableName: TABLE, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-priority' } }] }),
    );
    await untilActive(client, 1);
    await until('the replicas are gone', async () => (await groups()) === before - 4);
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: 'last' }, owner: { S: 'nobody' } } }));
    await untilFollows(client, 'by-owner', (item) => (item['owner'] === undefined ? undefined : item));
  });
});

async function untilActive(client: DynamoDBClient, indexes: number): Promise<void> {
  await until(`the table and ${indexes} indexes are active`, async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: TABLE }));
    const found = Table?.GlobalSecondaryIndexes ?? [];
    return Table?.TableStatus === 'ACTIVE' && found.length === indexes && found.every(({ IndexStatus }) => IndexStatus === 'ACTIVE');
  });
}

/** The index comes to hold just what follows from the items of the table, each of them once. */
async function untilFollows(client: DynamoDBClient, index: string, entry: (item: Item) => Item | undefined): Promise<void> {
  const expected = (await scanned(client, undefined)).map(entry).filter((item) => item !== undefined);
  assert.ok(expected.length > 0);
  const wanted = textOf(expected);
  await until(`${index} holds what follows from the table`, async () => textOf(await scanned(client, index)) === wanted);
}

async function scanned(client: DynamoDBClient, index: string | undefined): Promise<Item[]> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const which = index === undefined ? { ConsistentRead: true } : { IndexName: index };
    const page = await client.send(
      new ScanCommand({ TableName: TABLE, ...which, Limit: 100, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

function textOf(items: readonly Item[]): string {
  const texts = items.map((item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
  return texts.sort().join('\n');
}
