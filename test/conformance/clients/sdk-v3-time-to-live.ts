import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Tickets';
const YEAR_SECONDS = 365 * 86_400;

describe('AWS SDK for JavaScript v3, time to live', { timeout: TIMEOUT_MS }, () => {
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
  });

  test('is enabled and described', async () => {
    const before = await client.send(new DescribeTimeToLiveCommand({ TableName: TABLE }));
    assert.deepEqual(before.TimeToLiveDescription, { TimeToLiveStatus: 'DISABLED' });
    const TimeToLiveSpecification = { AttributeName: 'until', Enabled: true };
    const answer = await client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification }));
    assert.deepEqual(answer.TimeToLiveSpecification, TimeToLiveSpecification);
    await until('it is enabled', async () => {
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: TABLE }));
      return TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED' && TimeToLiveDescription.AttributeName === 'until';
    });
  });

  test('deletes what is due, and nothing else', async () => {
    const now = Math.floor(Date.now() / 1000);
    const items = {
      due: { N: String(now - 10) },
      later: { N: String(now + YEAR_SECONDS) },
      // Older than five years is taken for a mistake (developer guide, "Time to Live").
      ancient: { N: String(now - 6 * YEAR_SECONDS) },
      text: { S: String(now - 10) },
      milliseconds: { N: String(1000 * now) },
    };
    for (const [id, value] of Object.entries(items)) {
      await client.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: id }, until: value } }));
    }
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: 'without' } } }));
    const left = async (): Promise<string[]> => {
      const { Items } = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }));
      return (Items ?? []).map((item) => item['id']?.S ?? '').sort();
    };
    await until('what is due is gone', async () => !(await left()).includes('due'), 120_000);
    assert.deepEqual(await left(), ['ancient', 'later', 'milliseconds', 'text', 'without']);
  });
});
