import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiClient, NOW_MS } from '../../../test/harness/api-client.ts';

/** What UpdateTable answers, beside what DescribeTable says a moment later. */

const basic = {
  TableName: 'cities',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
};
const capacity = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
});
const index = (more: object = {}) => ({
  GlobalSecondaryIndexes: [{ IndexName: 'by-pk', KeySchema: basic.KeySchema, Projection: { ProjectionType: 'ALL' }, ...more }],
});
const provisioned = { ...basic, BillingMode: 'PROVISIONED', ...capacity(5, 5), ...index(capacity(3, 3)) };
const updatingIndex = (more: object) => ({ GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-pk', ...more } }] });
const NOW = NOW_MS / 1000;

interface Table {
  readonly TableStatus: string;
  readonly ProvisionedThroughput: object;
  readonly WarmThroughput: object;
  readonly BillingModeSummary?: object;
  readonly OnDemandThroughput?: object;
  readonly TableClassSummary?: object;
  readonly GlobalSecondaryIndexes: readonly [Omit<Table, 'TableStatus'> & { readonly IndexStatus: string }];
}

async function withTable(definition: object): Promise<ApiClient> {
  const client = new ApiClient();
  await client.call('CreateTable', definition);
  return client;
}

async function update(client: ApiClient, change: object): Promise<Table> {
  return (await client.call('UpdateTable', { TableName: 'cities', ...change })).TableDescription as Table;
}

async function described(client: ApiClient): Promise<Table> {
  return (await client.call('DescribeTable', { TableName: 'cities' })).Table as Table;
}

const warm = (ReadUnitsPerSecond: number, WriteUnitsPerSecond: number, Status = 'ACTIVE') => ({
  ReadUnitsPerSecond,
  WriteUnitsPerSecond,
  Status,
});

test('new capacity is answered with the old one, its old counter and the new times', async () => {
  const client = await withTable(provisioned);
  const answer = await update(client, capacity(10, 4));
  const times = { LastIncreaseDateTime: NOW, LastDecreaseDateTime: NOW };
  assert.equal(answer.TableStatus, 'UPDATING');
  assert.deepEqual(answer.ProvisionedThroughput, { ...times, NumberOfDecreasesToday: 0, ReadCapacityUnits: 5, WriteCapacityUnits: 5 });
  assert.deepEqual(answer.WarmThroughput, warm(5, 5));
  const table = await described(client);
  assert.deepEqual(table.ProvisionedThroughput, { ...times, NumberOfDecreasesToday: 1, ReadCapacityUnits: 10, WriteCapacityUnits: 4 });
  assert.deepEqual(table.WarmThroughput, warm(10, 5));
  const second = await update(client, capacity(10, 3));
  assert.deepEqual(second.ProvisionedThroughput, { ...times, NumberOfDecreasesToday: 1, ReadCapacityUnits: 10, WriteCapacityUnits: 4 });
});

test('new capacity of an index is answered with the old one, and the index as UPDATING', async () => {
  const client = await withTable(provisioned);
  const answer = await update(client, updatingIndex(capacity(4, 3)));
  const [told] = answer.GlobalSecondaryIndexes;
  assert.deepEqual([answer.TableStatus, told.IndexStatus], ['ACTIVE', 'UPDATING']);
  const before = { LastIncreaseDateTime: NOW, NumberOfDecreasesToday: 0, ReadCapacityUnits: 3, WriteCapacityUnits: 3 };
  assert.deepEqual(told.ProvisionedThroughput, before);
  const [now] = (await described(client)).GlobalSecondaryIndexes;
  assert.deepEqual([now.IndexStatus, now.ProvisionedThroughput], ['ACTIVE', { ...before, ReadCapacityUnits: 4 }]);
});

test('another billing mode is answered at once, without the time of the change', async () => {
  const client = await withTable(provisioned);
  const there = await update(client, { BillingMode: 'PAY_PER_REQUEST' });
  assert.deepEqual([there.TableStatus, there.BillingModeSummary], ['UPDATING', { BillingMode: 'PAY_PER_REQUEST' }]);
  assert.deepEqual(there.ProvisionedThroughput, { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 });
  assert.deepEqual(there.WarmThroughput, warm(5, 5));
  const table = await described(client);
  const summary = { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: NOW };
  assert.deepEqual([table.BillingModeSummary, table.WarmThroughput], [summary, warm(12_000, 4000)]);
  const back = await update(client, { BillingMode: 'PROVISIONED', ...capacity(1, 1), ...updatingIndex(capacity(2, 2)) });
  assert.deepEqual(back.BillingModeSummary, { ...summary, BillingMode: 'PROVISIONED' });
  const none = { NumberOfDecreasesToday: 0 };
  assert.deepEqual(back.ProvisionedThroughput, { ...none, ReadCapacityUnits: 1, WriteCapacityUnits: 1 });
  const [told] = back.GlobalSecondaryIndexes;
  assert.deepEqual(told.ProvisionedThroughput, { ...none, ReadCapacityUnits: 2, WriteCapacityUnits: 2 });
  assert.deepEqual((await update(client, { BillingMode: 'PAY_PER_REQUEST' })).BillingModeSummary, summary);
});

test('maxima that are taken away are answered as -1', async () => {
  const client = await withTable({ ...basic, ...index() });
  const maxima = async (MaxReadRequestUnits?: number, MaxWriteRequestUnits?: number) => {
    const answer = await update(client, { OnDemandThroughput: { MaxReadRequestUnits, MaxWriteRequestUnits } });
    return [answer.TableStatus, answer.OnDemandThroughput, (await described(client)).OnDemandThroughput];
  };
  const both = { MaxReadRequestUnits: 1000, MaxWriteRequestUnits: 500 };
  assert.deepEqual(await maxima(1000, 500), ['ACTIVE', both, both]);
  assert.deepEqual(await maxima(-1), ['ACTIVE', { ...both, MaxReadRequestUnits: -1 }, { MaxWriteRequestUnits: 500 }]);
  assert.deepEqual(await maxima(undefined, -1), ['ACTIVE', { MaxWriteRequestUnits: -1 }, undefined]);
  const cleared = { MaxReadRequestUnits: -1, MaxWriteRequestUnits: -1 };
  assert.deepEqual(await maxima(-1, -1), ['ACTIVE', cleared, undefined]);
  const [told] = (await update(client, updatingIndex({ OnDemandThroughput: both }))).GlobalSecondaryIndexes;
  assert.deepEqual([told.IndexStatus, told.OnDemandThroughput], ['UPDATING', both]);
});

test('warm throughput is answered as it was, and UPDATING, also when nothing changes', async () => {
  const client = await withTable({ ...basic, ...index() });
  const asked = { WarmThroughput: { ReadUnitsPerSecond: 12_000 } };
  const answer = await update(client, asked);
  assert.deepEqual([answer.TableStatus, answer.WarmThroughput], ['ACTIVE', warm(12_000, 4000, 'UPDATING')]);
  assert.deepEqual((await described(client)).WarmThroughput, warm(12_000, 4000));
  const more = { WarmThroughput: { WriteUnitsPerSecond: 4001 } };
  assert.deepEqual((await update(client, more)).WarmThroughput, warm(12_000, 4000, 'UPDATING'));
  assert.deepEqual((await described(client)).WarmThroughput, warm(12_000, 4001, 'UPDATING'), 'there are partitions for 4000');
  const [told] = (await update(client, updatingIndex(more))).GlobalSecondaryIndexes;
  assert.deepEqual([told.IndexStatus, told.WarmThroughput], ['ACTIVE', warm(12_000, 4000, 'UPDATING')]);
});

test('another class is answered with the old one', async () => {
  const client = await withTable(basic);
  const answer = await update(client, { TableClass: 'STANDARD_INFREQUENT_ACCESS' });
  assert.deepEqual([answer.TableStatus, answer.TableClassSummary], ['UPDATING', undefined]);
  const summary = { TableClass: 'STANDARD_INFREQUENT_ACCESS', LastUpdateDateTime: NOW };
  assert.deepEqual((await described(client)).TableClassSummary, summary);
  assert.deepEqual((await update(client, { TableClass: 'STANDARD' })).TableClassSummary, summary);
});
