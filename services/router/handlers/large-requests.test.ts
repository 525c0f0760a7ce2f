import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, signedRequest } from '../../../test/harness/api-client.ts';
import { loopThreads } from '../../../test/harness/loop-thread.ts';
import {
  INLINE_BODY_BYTES_MAX,
  INLINE_PROJECTED_BYTES_MAX,
  INLINE_TOKENS_MAX,
  LARGE_REQUEST_BYTES_MAX,
} from '../../shared/limits/api-limits.ts';
import { startWorkerThread } from '../../shared/platform/worker-thread.ts';
import * as largeRequestThread from './large-request-thread.ts';

/** A real thread reads a real clock: requests to it have all the time there is. */
const threadOf = () =>
  startWorkerThread({ module: new URL('./large-request-thread.js', import.meta.url), name: 'test', heapBytes: 2 ** 28 });

/** The request with so much blank space that it is a large one. */
function padded(input: object): Buffer {
  return Buffer.from(JSON.stringify(input) + ' '.repeat(INLINE_BODY_BYTES_MAX));
}

const listOf = (elements: number) => ({ L: Array.from({ length: elements }, (_, at) => ({ N: String(at) })) });

/** Operations with the answers of all kinds, in an order in which they make sense. */
const SCRIPT: readonly (readonly [string, object])[] = [
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: '1.0' }, v: { SS: ['b', 'a'] } }, ReturnValues: 'ALL_OLD' }],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: '1' }, v: listOf(20) }, ReturnValues: 'ALL_OLD' }],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' } } }],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: 'x' } } }],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: 1 } } }],
  ['PutItem', { TableName: 'nothing', Item: { pk: { S: 'a' } } }],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: '1' } }, ConditionExpression: 'attribute_not_exists(' }],
  [
    'PutItem',
    {
      TableName: 'items',
      Item: { pk: { S: 'a' }, sk: { N: '1' } },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  ],
  [
    'BatchWriteItem',
    { RequestItems: { items: [2, 3, 4].map((n) => ({ PutRequest: { Item: { pk: { S: 'a' }, sk: { N: `${n}` }, w: { B: 'AAAA' } } } })) } },
  ],
  [
    'GetItem',
    {
      TableName: 'items',
      Key: { pk: { S: 'a' }, sk: { N: '1' } },
      ProjectionExpression: 'v[3], #w',
      ExpressionAttributeNames: { '#w': 'w' },
    },
  ],
  [
    'UpdateItem',
    {
      TableName: 'items',
      Key: { pk: { S: 'a' }, sk: { N: '2' } },
      UpdateExpression: 'SET x = :x',
      ExpressionAttributeValues: { ':x': { N: '7' } },
      ReturnValues: 'ALL_NEW',
      ReturnConsumedCapacity: 'TOTAL',
    },
  ],
  [
    'BatchGetItem',
    { RequestItems: { items: { Keys: [1, 2, 9].map((n) => ({ pk: { S: 'a' }, sk: { N: `${n}` } })), ProjectionExpression: 'sk, x' } } },
  ],
  [
    'Query',
    {
      TableName: 'items',
      KeyConditionExpression: 'pk = :pk AND sk > :sk',
      FilterExpression: 'attribute_exists(w)',
      ProjectionExpression: 'sk',
      ExpressionAttributeValues: { ':pk': { S: 'a' }, ':sk': { N: '1' } },
      Limit: 2,
    },
  ],
  ['Scan', { TableName: 'items', Select: 'COUNT' }],
  ['Scan', { TableName: 'items', IndexName: 'by-w', Limit: 2, ReturnConsumedCapacity: 'INDEXES' }],
  ['Scan', { TableName: 'items', IndexName: 'nothing' }],
  [
    'Query',
    {
      TableName: 'items',
      IndexName: 'by-x',
      KeyConditionExpression: 'pk = :pk AND x > :x',
      ProjectionExpression: 'w',
      ExpressionAttributeValues: { ':pk': { S: 'a' }, ':x': { N: '1' } },
      ReturnConsumedCapacity: 'INDEXES',
    },
  ],
  ['PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: '5' }, w: { S: 'x' } } }],
  [
    'PutItem',
    {
      TableName: 'items',
      Item: { pk: { S: 'a' }, sk: { N: '5' }, x: { N: '5' } },
      ReturnItemCollectionMetrics: 'SIZE',
      ReturnConsumedCapacity: 'INDEXES',
    },
  ],
  ['DeleteItem', { TableName: 'items', Key: { pk: { S: 'a' }, sk: { N: '3' } }, ReturnValues: 'ALL_OLD' }],
];

const keyOf = (...names: string[]) => names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' }));

async function run(client: ApiClient, body: (input: object) => Buffer): Promise<string[]> {
  await client.call('CreateTable', {
    TableName: 'items',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: Object.entries({ pk: 'S', sk: 'N', w: 'B', x: 'N' }).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: keyOf('pk', 'sk'),
    LocalSecondaryIndexes: [{ IndexName: 'by-x', KeySchema: keyOf('pk', 'x'), Projection: { ProjectionType: 'KEYS_ONLY' } }],
    GlobalSecondaryIndexes: [{ IndexName: 'by-w', KeySchema: keyOf('w'), Projection: { ProjectionType: 'KEYS_ONLY' } }],
  });
  const answers: string[] = [];
  for (const [operation, input] of SCRIPT) {
    const { status, text } = await client.sendBytes(operation, body(input));
    answers.push(`${operation} ${status} ${text}`);
  }
  return answers;
}

test('the thread answers every operation on items as the loop does', async () => {
  const expected = await run(new ApiClient(), (input) => Buffer.from(JSON.stringify(input)));
  const threads = loopThreads(largeRequestThread);
  assert.deepEqual(await run(new ApiClient({ startThread: threads.start }), padded), expected);
  const requests = threads.started.flatMap(({ posted }) => posted as { kind: string }[]).filter(({ kind }) => kind === 'request');
  assert.deepEqual([threads.started.length, requests.length], [1, SCRIPT.length]);
  const client = new ApiClient({ startThread: threadOf, requestTimeoutMs: 1e9 });
  try {
    assert.deepEqual(await run(client, padded), expected, 'in a thread of its own');
  } finally {
    await client.endpoint.close();
  }
});

test('only what is long or has many tokens goes to the thread', async () => {
  const threads = loopThreads(largeRequestThread);
  const client = new ApiClient({ startThread: threads.start });
  await client.createTable('items');
  const put = (v: object) => client.call('PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, v } });
  await put({ S: 'x'.repeat(INLINE_BODY_BYTES_MAX / 2) });
  await put(listOf(INLINE_TOKENS_MAX / 4));
  assert.equal(threads.started.length, 0);
  await put(listOf(INLINE_TOKENS_MAX / 3));
  assert.equal(threads.started.length, 1);
  await put({ S: 'x'.repeat(INLINE_BODY_BYTES_MAX) });
  assert.equal(threads.started[0]?.posted.filter((message) => (message as { kind: string }).kind === 'request').length, 2);
});

test('projections of many bytes are made in the thread, whatever the length of the request', async () => {
  const threads = loopThreads(largeRequestThread);
  const client = new ApiClient({ startThread: threads.start });
  await client.createTable('items', 'N');
  const filler = { S: 'f'.repeat(INLINE_PROJECTED_BYTES_MAX) };
  for (let n = 0; n < 40; n++) await client.call('PutItem', { TableName: 'items', Item: { pk: { S: 'a' }, sk: { N: `${n}` }, filler } });
  assert.equal(threads.started.length, 0);
  const key = (n: number) => ({ pk: { S: 'a' }, sk: { N: `${n}` } });
  const projection = { ProjectionExpression: '#s', ExpressionAttributeNames: { '#s': 'sk' } };
  const got = await client.call('GetItem', { TableName: 'items', Key: key(7), ...projection });
  assert.deepEqual(got, { Item: { sk: { N: '7' } } });
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  const batch = await client.call('BatchGetItem', { RequestItems: { items: { Keys: numbers.map(key), ...projection } } });
  assert.deepEqual(batch.Responses, { items: numbers.map((n) => ({ sk: { N: `${n}` } })) });
  const scanned = await client.call('Scan', { TableName: 'items', ...projection, Limit: 5 });
  assert.equal((scanned.Items as unknown[]).length, 5);
  const jobs = threads.started.flatMap(({ posted }) => posted as { kind: string }[]);
  assert.ok(jobs.every(({ kind }) => kind === 'project'));
  // One for GetItem, one for Scan, the batch's 1.3 MB in more than one.
  assert.ok(jobs.length > 3, `${jobs.length} jobs`);
});

test('a thread that ends fails its requests, says that their outcome is unknown, and the next request has a new one', async () => {
  const threads = loopThreads(largeRequestThread);
  const logged: string[] = [];
  const client = new ApiClient({ startThread: threads.start }, (event) => logged.push(event));
  await client.createTable('items');
  const put = () => client.sendBytes('PutItem', padded({ TableName: 'items', Item: { pk: { S: 'a' } } }));
  const failing = Promise.all([put(), put()]);
  await new Promise((resolve) => setImmediate(resolve));
  threads.started[0]?.die('out of memory');
  for (const { status, text } of await failing) {
    assert.equal(status, 500);
    assert.match(text, /InternalServerError.*outcome of the request is unknown/);
  }
  assert.deepEqual(logged, ['large-requests-thread-ended']);
  assert.equal(client.endpoint.threadBytes, 0);
  assert.equal((await put()).status, 200);
  assert.equal(threads.started.length, 2);
});

test('what waits for the thread is bounded: more is throttled, and after it there is room again', async () => {
  const threads = loopThreads(largeRequestThread);
  const client = new ApiClient({ startThread: threads.start });
  await client.createTable('items');
  const body = () => Buffer.from(JSON.stringify({ TableName: 'items', Item: { pk: { S: 'a' } } }) + ' '.repeat(3 * 2 ** 20));
  const fitting = Math.floor(LARGE_REQUEST_BYTES_MAX / body().length);
  const answers = await Promise.all(Array.from({ length: fitting + 2 }, () => client.sendBytes('PutItem', body())));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(fitting).fill(200), 400, 400]);
  assert.equal(answers.filter(({ text }) => text.includes('ThrottlingException')).length, 2);
  assert.equal(client.endpoint.threadBytes, 0);
  assert.equal((await client.sendBytes('PutItem', body())).status, 200);
});

test('operations on tables have no large requests', async () => {
  const client = new ApiClient({ startThread: loopThreads(largeRequestThread).start });
  const answer = await client.sendBytes('ListTables', padded({}));
  assert.match(answer.text, /ValidationException.*The body of the request is too large for ListTables/);
});

test('a table that only the newest catalog shows is found from the thread, too', async () => {
  const client = new ApiClient({ startThread: loopThreads(largeRequestThread).start });
  await client.createTable('items');
  client.storage.refreshes = 0;
  client.storage.hidden.add('items');
  assert.equal((await client.sendBytes('PutItem', padded({ TableName: 'items', Item: { pk: { S: 'a' } } }))).status, 200);
  assert.equal(client.storage.refreshes, 1);
  client.storage.setStatus(ACCOUNT, 'items', 'CREATING');
  const early = await client.sendBytes('PutItem', padded({ TableName: 'items', Item: { pk: { S: 'a' } } }));
  assert.match(early.text, /ResourceNotFoundException/);
});

test('after it is closed nothing large is taken', async () => {
  const client = new ApiClient({ startThread: threadOf, requestTimeoutMs: 1e9 });
  await client.createTable('items');
  const under = client.sendBytes('PutItem', padded({ TableName: 'items', Item: { pk: { S: 'a' } } }));
  await client.endpoint.close();
  assert.equal((await under).status, 500);
  const later = await client.endpoint.handle(signedRequest('DynamoDB_20120810.PutItem', padded({ TableName: 'items' })));
  assert.match(later.body.toString(), /ThrottlingException/);
});
