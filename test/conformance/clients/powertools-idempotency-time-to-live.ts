import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { CreateTableCommand, type DynamoDBClient, ScanCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'ExpiringRecords';

/** The table of its guide: time to live on `expiration`. */
describe('@aws-lambda-powertools/idempotency with a time to live', { timeout: TIMEOUT_MS }, () => {
  let client: DynamoDBClient;

  before(async () => {
    const cluster = await ConformanceCluster.shared();
    client = cluster.client();
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    await cluster.untilActive(TABLE);
    const TimeToLiveSpecification = { AttributeName: 'expiration', Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification }));
  });

  test('a record that has expired is deleted, and the call runs again', async () => {
    let runs = 0;
    const persistenceStore = new DynamoDBPersistenceLayer({ tableName: TABLE, awsSdkV3Client: client });
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', expiresAfterSeconds: 2 });
    config.registerLambdaContext({ getRemainingTimeInMillis: () => 60_000 });
    const run = makeIdempotent(async (_event: { id: string }) => ++runs, { persistenceStore, config, keyPrefix: 'expiring' });
    assert.equal(await run({ id: 'a' }), 1);
    const records = async (): Promise<number | undefined> => {
      return (await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true, Select: 'COUNT' }))).Count;
    };
    assert.equal(await records(), 1);
    await until('the record is deleted', async () => (await records()) === 0, 120_000);
    assert.equal(await run({ id: 'a' }), 2);
  });
});
