import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import dynamoose from 'dynamoose';
import type { Item } from 'dynamoose/dist/Item.js';
import type { SchemaDefinition } from 'dynamoose/dist/Schema.js';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

interface Letter extends Item {
  readonly sender: string;
  readonly number: number;
  readonly receiver: string;
  readonly written: number;
  readonly subject: string;
  readonly body: string;
  readonly place: string;
}

const waitForActive = { enabled: true, check: { timeout: 120_000, frequency: 200 } };

const attributes: SchemaDefinition = {
  sender: { type: String, hashKey: true },
  number: { type: Number, rangeKey: true },
  receiver: { type: String, index: { name: 'byReceiver', type: 'global', rangeKey: 'written', project: ['subject'] } },
  written: Number,
  subject: { type: String, index: { name: 'bySubject', type: 'local', project: true } },
  body: String,
};

describe('dynamoose with secondary indexes', { timeout: TIMEOUT_MS }, () => {
  let client: DynamoDB;
  const Letters = dynamoose.model<Letter>('Letters', new dynamoose.Schema({ ...attributes, place: String }));

  before(async () => {
    const { endpoint, region, credentials } = await ConformanceCluster.shared();
    client = new DynamoDB({ endpoint, region, credentials, maxAttempts: 1 });
    dynamoose.aws.ddb.set(client);
    const table = new dynamoose.Table('Letters', [Letters], { throughput: 'ON_DEMAND', waitForActive, initialize: false });
    await table.initialize();
    const letters = Array.from({ length: 25 }, (_, at) => ({
      sender: 'Ada',
      number: at,
      receiver: at % 2 === 0 ? 'Charles' : 'Mary',
      written: 1840 + at,
      subject: `Subject ${String(24 - at).padStart(2, '0')}`,
      body: 'Dear …',
      place: at % 5 === 0 ? 'London' : 'Ockham',
    }));
    assert.deepEqual((await Letters.batchPut(letters)).unprocessedItems, []);
  });

  after(() => client?.destroy());

  test('creates its indexes with its table', async () => {
    const { Table } = await client.describeTable({ TableName: 'Letters' });
    const [global] = Table?.GlobalSecondaryIndexes ?? [];
    assert.deepEqual([global?.IndexName, global?.IndexStatus, global?.Projection?.NonKeyAttributes], ['byReceiver', 'ACTIVE', ['subject']]);
    assert.equal(Table?.LocalSecondaryIndexes?.[0]?.IndexName, 'bySubject');
  });

  test('chooses the global index by the attributes of a query', async () => {
    const letters = await until('the index has them', async () => {
      const found = await Letters.query('receiver').eq('Charles').where('written').ge(1850).sort('descending').exec();
      return found.length === 8 && found;
    });
    assert.deepEqual(
      letters.map(({ written }) => written),
      [1864, 1862, 1860, 1858, 1856, 1854, 1852, 1850],
    );
    assert.deepEqual([letters[0]?.subject, letters[0]?.body], ['Subject 00', undefined], 'what is projected, and no more');
  });

  test('queries the local index, strongly consistent', async () => {
    const letters = await Letters.query('sender').eq('Ada').where('subject').beginsWith('Subject 1').using('bySubject').consistent().exec();
    assert.deepEqual(
      letters.map(({ number, body }) => [number, body]),
      Array.from({ length: 10 }, (_, at) => [14 - at, 'Dear …']),
    );
  });

  test('adds an index to the table that it finds', async () => {
    const indexed: SchemaDefinition = { ...attributes, place: { type: String, index: { name: 'byPlace', type: 'global' } } };
    const Placed = dynamoose.model<Letter>('Letters', new dynamoose.Schema(indexed));
    const update = ['indexes'] as never;
    const table = new dynamoose.Table('Letters', [Placed], { throughput: 'ON_DEMAND', waitForActive, update, initialize: false });
    await table.initialize();
    await until('the index is filled', async () => {
      const { Table } = await client.describeTable({ TableName: 'Letters' });
      const index = Table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === 'byPlace');
      return index?.IndexStatus === 'ACTIVE' && index.Backfilling !== true;
    });
    assert.equal((await Placed.query('place').eq('London').exec()).length, 5);
  });
});
