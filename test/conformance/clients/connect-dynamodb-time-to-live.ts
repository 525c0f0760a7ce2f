import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type DynamoDBClient, PutItemCommand, ScanCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import connectDynamoDb from 'connect-dynamodb';
import session from 'express-session';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'expiring-sessions';

/** As its guide recommends in place of its own reaping: the table forgets sessions by itself. */
describe('connect-dynamodb with a time to live', { timeout: TIMEOUT_MS }, () => {
  let client: DynamoDBClient;

  before(async () => {
    const cluster = await ConformanceCluster.shared();
    client = cluster.client();
    const DynamoDbStore = connectDynamoDb(session);
    const store = new DynamoDbStore({ client, table: TABLE });
    await store.initialize();
    await cluster.untilActive(TABLE);
    const TimeToLiveSpecification = { AttributeName: 'expires', Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification }));
    const sessionOf = (maxAge: number) => ({ cookie: { maxAge, originalMaxAge: maxAge } });
    const set = (id: string, maxAge: number) =>
      new Promise<void>((resolve, reject) => {
        store.set(id, sessionOf(maxAge) as never, (error) => (error === null || error === undefined ? resolve() : reject(error)));
      });
    // What is left of a cookie's life is seldom a whole number of seconds, and the store writes the fraction.
    for (let at = 0; at < 10; at++) await set(`short-${at}`, 1000 + 125 * at);
    await set('long', 3_600_000);
    const stale = { id: { S: 'sess:stale' }, expires: { N: String(Math.floor(Date.now() / 1000) - 3600) }, sess: { S: '{}' } };
    await client.send(new PutItemCommand({ TableName: TABLE, Item: stale }));
  });

  test('expired sessions are deleted, others stay', async () => {
    const left = async (): Promise<string[]> => {
      const { Items } = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }));
      return (Items ?? []).map((item) => item['id']?.S ?? '');
    };
    await until('all short sessions have expired', async () => (await left()).length === 1, 120_000);
    assert.deepEqual(await left(), ['sess:long']);
  });
});
