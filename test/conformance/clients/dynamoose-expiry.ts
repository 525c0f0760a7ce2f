import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import dynamoose from 'dynamoose';
import type { Item } from 'dynamoose/dist/Item.js';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

interface Invitation extends Item {
  readonly host: string;
  readonly guest: string;
  readonly due?: Date;
}

describe('dynamoose with an expiry', { timeout: TIMEOUT_MS }, () => {
  let client: DynamoDB;
  const schema = new dynamoose.Schema({ host: { type: String, hashKey: true }, guest: { type: String, rangeKey: true } });
  const Invitations = dynamoose.model<Invitation>('Invitations', schema);

  before(async () => {
    const { endpoint, region, credentials } = await ConformanceCluster.shared();
    client = new DynamoDB({ endpoint, region, credentials, maxAttempts: 1 });
    dynamoose.aws.ddb.set(client);
    const waitForActive = { enabled: true, check: { timeout: 60_000, frequency: 100 } };
    // A day for documents that say nothing of their own.
    const expires = { ttl: 86_400_000, attribute: 'due' };
    const table = new dynamoose.Table('Invitations', [Invitations], { throughput: 'ON_DEMAND', waitForActive, expires, initialize: false });
    await table.initialize();
  });

  after(() => client?.destroy());

  test('gives its table a time to live', async () => {
    const described = await until('the expiry is enabled', async () => {
      const { TimeToLiveDescription } = await client.describeTimeToLive({ TableName: 'Invitations' });
      return TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED' && TimeToLiveDescription;
    });
    assert.equal(described.AttributeName, 'due');
  });

  test('lets documents expire', async () => {
    await Invitations.create({ host: 'Ada', guest: 'Charles' });
    await Invitations.create({ host: 'Ada', guest: 'Mary', due: new Date(Date.now() - 60_000) });
    const kept = await until(
      'the late one has expired',
      async () => {
        const found = await Invitations.query('host').eq('Ada').consistent().exec();
        return found.length === 1 && found[0];
      },
      120_000,
    );
    assert.equal(kept.guest, 'Charles');
    assert.ok(kept.due instanceof Date && kept.due.getTime() > Date.now());
  });
});
