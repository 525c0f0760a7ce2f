import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocument,
  GetCommand,
  type NativeAttributeValue,
  NumberValue,
  paginateQuery,
  paginateScan,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Library';
const SHELVES = 5;
const BOOKS_A_SHELF = 60;

describe('AWS SDK for JavaScript v3, lib-dynamodb', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let documents: DynamoDBDocument;

  before(async () => {
    cluster = await ConformanceCluster.shared();
    documents = DynamoDBDocument.from(cluster.client(), { marshallOptions: { removeUndefinedValues: true } });
    await documents.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'shelf', AttributeType: 'N' },
          { AttributeName: 'title', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'shelf', KeyType: 'HASH' },
          { AttributeName: 'title', KeyType: 'RANGE' },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
  });

  test('keeps native values: sets, nested documents, bytes, null, big integers', async () => {
    const book = {
      shelf: 1,
      title: 'Native values',
      pages: 312,
      price: -12.5,
      printed: 9007199254740993n,
      lent: false,
      returned: null,
      ignored: undefined,
      authors: new Set(['Ada', 'Grace']),
      years: new Set([1843, 1952]),
      cover: Uint8Array.of(0, 200, 255),
      editions: [
        { year: 1999, notes: [] },
        { year: 2005, notes: ['second', ['nested']] },
      ],
    };
    await documents.put({ TableName: TABLE, Item: book });
    const { Item } = await documents.get({ TableName: TABLE, Key: { shelf: 1, title: 'Native values' }, ConsistentRead: true });
    const { ignored: _, ...kept } = book;
    assert.deepEqual(Item, kept);
  });

  test('keeps numbers of 38 digits as they are', async () => {
    const exact = DynamoDBDocument.from(cluster.client(), { unmarshallOptions: { wrapNumbers: true } });
    const digits = '1234567890.1234567890123456789012345678';
    await exact.send(new PutCommand({ TableName: TABLE, Item: { shelf: 2, title: 'Digits', exact: NumberValue.from(digits) } }));
    const { Item } = await exact.send(new GetCommand({ TableName: TABLE, Key: { shelf: 2, title: 'Digits' }, ConsistentRead: true }));
    assert.equal((Item?.['exact'] as NumberValue | undefined)?.value, digits);
  });

  test('updates in place and answers what was and what is', async () => {
    const Key = { shelf: 3, title: 'Updated' };
    await documents.put({ TableName: TABLE, Item: { ...Key, loans: [], tags: new Set(['old', 'worn']), copies: 2, rack: { row: 1 } } });
    const { Attributes } = await documents.send(
      new UpdateCommand({
        TableName: TABLE,
        Key,
        UpdateExpression: 'SET loans = list_append(loans, :loan), rack.#row = rack.#row + :one REMOVE copies DELETE tags :gone',
        ConditionExpression: 'size(loans) < :most AND contains(tags, :tag) AND attribute_exists(rack.#row)',
        ExpressionAttributeNames: { '#row': 'row' },
        ExpressionAttributeValues: { ':loan': ['Ada'], ':one': 1, ':gone': new Set(['worn']), ':most': 3, ':tag': 'worn' },
        ReturnValues: 'ALL_NEW',
      }),
    );
    assert.deepEqual(Attributes, { ...Key, loans: ['Ada'], tags: new Set(['old']), rack: { row: 2 } });
    const old = await documents.send(new DeleteCommand({ TableName: TABLE, Key, ReturnValues: 'ALL_OLD' }));
    assert.deepEqual(old.Attributes, Attributes);
    const gone = await documents.get({ TableName: TABLE, Key, ConsistentRead: true });
    assert.equal(gone.Item, undefined);
  });

  test('writes and reads batches over several keys', async () => {
    const books = Array.from({ length: SHELVES * BOOKS_A_SHELF }, (_, at) => ({
      shelf: 100 + (at % SHELVES),
      title: `Volume ${String(Math.floor(at / SHELVES)).padStart(3, '0')}`,
      pages: at,
    }));
    for (let first = 0; first < books.length; first += 25) {
      const requests = books.slice(first, first + 25).map((Item) => ({ PutRequest: { Item } }));
      const { UnprocessedItems } = await documents.send(new BatchWriteCommand({ RequestItems: { [TABLE]: requests } }));
      assert.deepEqual(UnprocessedItems, {});
    }
    const Keys = books.slice(0, 50).map(({ shelf, title }) => ({ shelf, title }));
    const { Responses } = await documents.send(new BatchGetCommand({ RequestItems: { [TABLE]: { Keys, ConsistentRead: true } } }));
    const byPages = (Responses?.[TABLE] ?? []).sort((a, b) => a['pages'] - b['pages']);
    assert.deepEqual(byPages, books.slice(0, 50));
  });

  test('queries with every key condition', async () => {
    const titles = async (condition: string, values: Record<string, NativeAttributeValue>): Promise<string[]> => {
      const { Items } = await documents.send(
        new QueryCommand({
          TableName: TABLE,
          ConsistentRead: true,
          KeyConditionExpression: `shelf = :shelf AND ${condition}`,
          ExpressionAttributeValues: { ':shelf': 100, ...values },
        }),
      );
      return (Items ?? []).map(({ title }) => title.slice(-3));
    };
    assert.deepEqual(await titles('title = :t', { ':t': 'Volume 007' }), ['007']);
    assert.deepEqual(await titles('title < :t', { ':t': 'Volume 002' }), ['000', '001']);
    assert.deepEqual(await titles('title <= :t', { ':t': 'Volume 002' }), ['000', '001', '002']);
    assert.deepEqual(await titles('title > :t', { ':t': 'Volume 057' }), ['058', '059']);
    assert.deepEqual(await titles('title >= :t', { ':t': 'Volume 057' }), ['057', '058', '059']);
    assert.deepEqual(await titles('title BETWEEN :a AND :b', { ':a': 'Volume 009', ':b': 'Volume 011' }), ['009', '010', '011']);
    assert.equal((await titles('begins_with(title, :t)', { ':t': 'Volume 01' })).length, 10);
  });

  test('paginates queries and scans of native items', async () => {
    const paginator = { client: documents, pageSize: 7 };
    const pages: number[] = [];
    const question = {
      TableName: TABLE,
      KeyConditionExpression: 'shelf = :shelf',
      FilterExpression: 'pages >= :least',
      ExpressionAttributeValues: { ':shelf': 102, ':least': 100 },
      ConsistentRead: true,
    };
    for await (const { Items } of paginateQuery(paginator, question)) for (const item of Items ?? []) pages.push(item['pages']);
    assert.deepEqual(
      pages,
      Array.from({ length: BOOKS_A_SHELF }, (_, at) => at * SHELVES + 2).filter((count) => count >= 100),
    );
    let scanned = 0;
    const scan = { TableName: TABLE, ConsistentRead: true, FilterExpression: 'shelf >= :s', ExpressionAttributeValues: { ':s': 100 } };
    for await (const { Items } of paginateScan({ client: documents, pageSize: 33 }, scan)) scanned += Items?.length ?? 0;
    assert.equal(scanned, SHELVES * BOOKS_A_SHELF);
  });
});
