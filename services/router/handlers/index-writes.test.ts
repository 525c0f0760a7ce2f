import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { ACCOUNT, ApiClient, REGION } from '../../../test/harness/api-client.ts';
import { GIB } from '../../shared/base/units.ts';
import type { StorageResponse } from '../../shared/wire/storage-operations.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const INVALID = 'One or more parameter values were invalid: ';

/** `songs` has an index of each kind, `plain` none. */
const client = new ApiClient();

const definition = (name: string, type = 'S') => ({ AttributeName: name, AttributeType: type });
const key = (...parts: string[]) =>
  parts.map((part) => ({ AttributeName: part.replace(/^[<>]/, ''), KeyType: part.startsWith('>') ? 'RANGE' : 'HASH' }));
const ALL = { Projection: { ProjectionType: 'ALL' } };

const songs = {
  TableName: 'songs',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [definition('pk'), definition('sk'), definition('a', 'N'), definition('b')],
  KeySchema: key('pk', '>sk'),
  LocalSecondaryIndexes: [{ IndexName: 'by-a', KeySchema: key('pk', '>a'), Projection: { ProjectionType: 'KEYS_ONLY' } }],
  GlobalSecondaryIndexes: [{ IndexName: 'by-b', KeySchema: key('b', '>a'), ...ALL }],
};

before(async () => {
  await client.createTable('plain', 'S');
  await client.call('CreateTable', songs);
});

beforeEach(() => {
  client.storage.failures.length = 0;
});

const name = (sk: string, pk = 'p') => ({ pk: { S: pk }, sk: { S: sk } });
const put = (sk: string, attributes: object, input: object = {}) =>
  client.call('PutItem', { TableName: 'songs', Item: { ...name(sk), ...attributes }, ...input });

test('attributes of index keys have their type, and are neither empty nor too long', async () => {
  const refuses = async (attributes: object, message: string) => {
    const Item = { ...name('bad'), ...attributes };
    await client.refuses('PutItem', { TableName: 'songs', Item }, message);
    await client.refuses('BatchWriteItem', { RequestItems: { songs: [{ PutRequest: { Item } }] } }, message);
    const plain = { TableName: 'plain', Item };
    await client.call('PutItem', plain);
  };
  // The global index is told of first, though the attribute is of both.
  await refuses({ a: { S: '1' } }, `${INVALID}Type mismatch for Index Key a Expected: N Actual: S IndexName: by-a`);
  await refuses({ b: { NULL: true } }, `${INVALID}Type mismatch for Index Key b Expected: S Actual: NULL IndexName: by-b`);
  await refuses(
    { b: { S: '' } },
    'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
      'The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-b, IndexKey: b',
  );
  await refuses(
    { b: { S: 'b'.repeat(2049) } },
    `${INVALID}Size limit exceeded for Index Key b Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: by-b`,
  );
  const { status } = await client.send('GetItem', { TableName: 'songs', Key: name('bad') });
  assert.equal(status, 200);
  await put('sparse', { c: { S: 'in no index' } });
});

test('the size of the item collection is told in tables that have such', async () => {
  const metrics = { ReturnItemCollectionMetrics: 'SIZE' };
  const told = { ItemCollectionKey: { pk: { S: 'p' } }, SizeEstimateRangeGB: [0, 1] };
  assert.deepEqual(await put('one', { a: { N: '1' } }, metrics), { ItemCollectionMetrics: told });
  assert.deepEqual(await put('one', { a: { N: '1' } }, { ReturnItemCollectionMetrics: 'NONE' }), {});
  const update = { TableName: 'songs', Key: name('one'), UpdateExpression: 'SET c = :c', ExpressionAttributeValues: { ':c': { S: 'c' } } };
  const updated = await client.call('UpdateItem', { ...update, ...metrics, ReturnConsumedCapacity: 'TOTAL', ReturnValues: 'UPDATED_NEW' });
  assert.deepEqual(updated, {
    Attributes: { c: { S: 'c' } },
    ConsumedCapacity: { TableName: 'songs', CapacityUnits: 1 },
    ItemCollectionMetrics: told,
  });
  assert.deepEqual(await client.call('DeleteItem', { TableName: 'songs', Key: name('one'), ...metrics }), { ItemCollectionMetrics: told });
  assert.deepEqual(await client.call('PutItem', { TableName: 'plain', Item: name('one'), ...metrics }), {});
  client.storage.failures.push({ id: 0, status: 'ok', collectionBytes: 3.5 * GIB });
  assert.deepEqual((await put('large', {}, metrics)).ItemCollectionMetrics, { ...told, SizeEstimateRangeGB: [3, 4] });
});

test('a batch tells of each item collection once', async () => {
  const puts = (...items: object[]) => items.map((Item) => ({ PutRequest: { Item } }));
  const RequestItems = {
    songs: [...puts(name('1'), name('2'), name('1', 'q')), { DeleteRequest: { Key: name('3', 'q') } }],
    plain: puts(name('1')),
  };
  const answer = await client.call('BatchWriteItem', { RequestItems, ReturnItemCollectionMetrics: 'SIZE' });
  const told = (pk: string) => ({ ItemCollectionKey: { pk: { S: pk } }, SizeEstimateRangeGB: [0, 1] });
  assert.deepEqual(answer, { ItemCollectionMetrics: { songs: [told('p'), told('q')] }, UnprocessedItems: {} });
  assert.deepEqual(await client.call('BatchWriteItem', { RequestItems: { plain: puts(name('1')) }, ReturnItemCollectionMetrics: 'SIZE' }), {
    UnprocessedItems: {},
  });
});

test('units of indexes are told apart, or summed up', async () => {
  const detailed = { ReturnConsumedCapacity: 'INDEXES' };
  const units = (CapacityUnits: number) => ({ CapacityUnits });
  const consumed = (answer: Record<string, unknown>) => answer.ConsumedCapacity;
  const text = { S: 'x'.repeat(1500) };
  assert.deepEqual(consumed(await put('u', { a: { N: '1' }, b: { S: 'b' }, c: text }, detailed)), {
    TableName: 'songs',
    CapacityUnits: 5,
    Table: units(2),
    LocalSecondaryIndexes: { 'by-a': units(1) },
    GlobalSecondaryIndexes: { 'by-b': units(2) },
  });
  // A key that changes is deleted and put.
  assert.deepEqual(consumed(await put('u', { a: { N: '2' }, b: { S: 'b' }, c: text }, { ReturnConsumedCapacity: 'TOTAL' })), {
    TableName: 'songs',
    CapacityUnits: 8,
  });
  // What an index does not hold costs it nothing.
  assert.deepEqual(consumed(await put('v', { c: text }, detailed)), { TableName: 'songs', CapacityUnits: 2, Table: units(2) });
  const update = { TableName: 'songs', Key: name('u'), UpdateExpression: 'REMOVE b' };
  assert.deepEqual(consumed(await client.call('UpdateItem', { ...update, ...detailed })), {
    TableName: 'songs',
    CapacityUnits: 4,
    Table: units(2),
    GlobalSecondaryIndexes: { 'by-b': units(2) },
  });
  const remove = { songs: [{ DeleteRequest: { Key: name('u') } }], plain: [{ PutRequest: { Item: name('u') } }] };
  assert.deepEqual(consumed(await client.call('BatchWriteItem', { RequestItems: remove, ...detailed })), [
    { TableName: 'songs', CapacityUnits: 3, Table: units(2), LocalSecondaryIndexes: { 'by-a': units(1) } },
    { TableName: 'plain', CapacityUnits: 1, Table: units(1) },
  ]);
});

test('nothing is measured that nobody asked for, or that a table does not have', async () => {
  const measure = async (table: string, input: object) => {
    await client.call('PutItem', { TableName: table, Item: name('m'), ...input });
    const call = client.storage.calls.at(-1);
    return call?.kind === 'put' ? call.measure : assert.fail('no put');
  };
  const all = { ReturnConsumedCapacity: 'TOTAL', ReturnItemCollectionMetrics: 'SIZE' };
  assert.equal(await measure('songs', {}), undefined);
  assert.equal(await measure('plain', all), undefined);
  assert.equal(await measure('songs', all), 3);
  assert.equal(await measure('songs', { ReturnItemCollectionMetrics: 'SIZE' }), 1);
  assert.equal(await measure('songs', { ReturnConsumedCapacity: 'INDEXES' }), 2);
});

test('an item collection that is full', async () => {
  client.storage.failures.push({ id: 0, status: 'collection-full' });
  const input = { TableName: 'songs', Item: name('x') };
  await client.fails('PutItem', input, `${MODEL}ItemCollectionSizeLimitExceededException`, 'Collection size exceeded.');
});

const BEHIND: StorageResponse = { id: 0, status: 'index-behind', message: 'by-b' };
const RESOURCE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/songs/index/by-b`;

test('an index that cannot keep up throttles, and is named', async () => {
  client.storage.failures.push(BEHIND);
  const onDemand = await client.send('PutItem', { TableName: 'songs', Item: name('x') });
  assert.deepEqual([onDemand.status, onDemand.json.__type], [400, `${MODEL}ThrottlingException`]);
  assert.match(String(onDemand.json.message), /^Throughput exceeds the current capacity for one or more global secondary indexes\./);
  const wayOut = /The index by-b is behind its table; should it not catch up, deleting it with the UpdateTable API lets the writes go on$/;
  assert.match(String(onDemand.json.message), wayOut);
  assert.deepEqual(onDemand.json.throttlingReasons, [{ reason: 'IndexWriteKeyRangeThroughputExceeded', resource: RESOURCE }]);

  const provisioned = new ApiClient();
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
  const [index] = songs.GlobalSecondaryIndexes;
  const GlobalSecondaryIndexes = [{ ...index, ProvisionedThroughput }];
  await provisioned.call('CreateTable', { ...songs, BillingMode: 'PROVISIONED', ProvisionedThroughput, GlobalSecondaryIndexes });
  provisioned.storage.failures.push(BEHIND);
  const { json } = await provisioned.send('DeleteItem', { TableName: 'songs', Key: name('x') });
  assert.equal(json.__type, `${MODEL}ProvisionedThroughputExceededException`);
  assert.match(String(json.message), /^The level of configured provisioned throughput for one or more global secondary indexes/);
  assert.match(String(json.message), wayOut);
  assert.deepEqual(json.ThrottlingReasons, [{ reason: 'IndexWriteProvisionedThroughputExceeded', resource: RESOURCE }]);
});

test('a batch gives back what an index could not take; all of it is an error', async () => {
  const write = { PutRequest: { Item: name('x') } };
  client.storage.failures.push(BEHIND);
  const answer = await client.call('BatchWriteItem', { RequestItems: { songs: [write], plain: [write] } });
  assert.deepEqual(answer, { UnprocessedItems: { songs: [write] } });
  client.storage.failures.push({ id: 0, status: 'overloaded' }, BEHIND);
  const { json } = await client.send('BatchWriteItem', { RequestItems: { plain: [write], songs: [write] } });
  assert.deepEqual(
    [json.__type, json.throttlingReasons],
    [`${MODEL}ThrottlingException`, [{ reason: 'IndexWriteKeyRangeThroughputExceeded', resource: RESOURCE }]],
  );
});
