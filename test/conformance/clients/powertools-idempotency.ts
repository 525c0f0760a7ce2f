import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'IdempotencyRecords';

interface Order {
  readonly id: string;
  readonly amount: number;
}

/** A service that must charge once for each order, however often it is called. */
class Till {
  readonly charged: Order[] = [];
  readonly #failures: number;

  /** `failures`: so many first calls fail. */
  constructor(failures = 0) {
    this.#failures = failures;
  }

  charge = async (order: Order): Promise<{ readonly receipt: string; readonly amount: number }> => {
    this.charged.push(order);
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.charged.length <= this.#failures) throw new Error('the bank is closed');
    return { receipt: `receipt-${this.charged.length}`, amount: order.amount };
  };
}

describe('@aws-lambda-powertools/idempotency', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let client: DynamoDBClient;

  before(async () => {
    cluster = await ConformanceCluster.shared();
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

  test('runs once and answers the recorded result afterwards', async () => {
    const till = new Till();
    const charge = idempotent('repeated', till);
    const first = await charge({ id: 'order-1', amount: 10 });
    const others = [await charge({ id: 'order-1', amount: 10 }), await charge({ id: 'order-1', amount: 10 })];
    assert.deepEqual(first, { receipt: 'receipt-1', amount: 10 });
    assert.deepEqual(others, [first, first]);
    assert.equal((await charge({ id: 'order-2', amount: 5 })).receipt, 'receipt-2');
    assert.equal(till.charged.length, 2);
  });

  test('lets one of many calls at once in, and refuses the others', async () => {
    const till = new Till();
    const charge = idempotent('concurrent', till);
    const calls = await Promise.allSettled(Array.from({ length: 20 }, () => charge({ id: 'order-1', amount: 10 })));
    assert.equal(calls.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const call of calls) {
      if (call.status === 'rejected') assert.equal(call.reason.name, 'IdempotencyAlreadyInProgressError');
    }
    assert.equal(till.charged.length, 1);
  });

  test('deletes its record when the call fails, so that it can be repeated', async () => {
    const till = new Till(1);
    const charge = idempotent('failing', till);
    await assert.rejects(charge({ id: 'order-1', amount: 10 }), /the bank is closed/);
    assert.equal((await charge({ id: 'order-1', amount: 10 })).receipt, 'receipt-2');
  });

  test('refuses the same key with another payload', async () => {
    const till = new Till();
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', payloadValidationJmesPath: 'amount' });
    const charge = idempotent('validated', till, config);
    await charge({ id: 'order-1', amount: 10 });
    await assert.rejects(charge({ id: 'order-1', amount: 11 }), { name: 'IdempotencyValidationError' });
    assert.equal(till.charged.length, 1);
  });

  test('runs again when its record has expired', async () => {
    const till = new Till();
    const charge = idempotent('expiring', till);
    await charge({ id: 'order-1', amount: 10 });
    const id = await recordOf('expiring');
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: id } }, ConsistentRead: true }));
    assert.equal(Item?.['status']?.S, 'COMPLETED');
    assert.ok(Number(Item?.['expiration']?.N) > Date.now() / 1000);
    await setNumber(id, 'expiration', 1_000_000_000);
    assert.equal((await charge({ id: 'order-1', amount: 10 })).receipt, 'receipt-2');
  });

  test('takes over from a call that was cut off in the middle', async () => {
    const till = new Till();
    const charge = idempotent('cut-off', till);
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' });
    const cutOff = new DynamoDBPersistenceLayer({ tableName: TABLE, awsSdkV3Client: client });
    cutOff.configure({ config, functionName: 'cut-off', keyPrefix: 'cut-off' });
    const order = { id: 'order-1', amount: 10 };
    await cutOff.saveInProgress(order, 60_000);
    await assert.rejects(charge(order), { name: 'IdempotencyAlreadyInProgressError' });
    await setNumber(await recordOf('cut-off'), 'in_progress_expiration', Date.now() - 1);
    assert.equal((await charge(order)).receipt, 'receipt-1');
  });

  function idempotent(keyPrefix: string, till: Till, config = new IdempotencyConfig({ eventKeyJmesPath: 'id' })) {
    const persistenceStore = new DynamoDBPersistenceLayer({ tableName: TABLE, awsSdkV3Client: client });
    // Whose function is cut off after a minute at most, like a Lambda's.
    config.registerLambdaContext({ getRemainingTimeInMillis: () => 60_000 });
    return makeIdempotent(till.charge, { persistenceStore, config, keyPrefix });
  }

  /** The key of the only record whose key begins so. */
  async function recordOf(prefix: string): Promise<string> {
    const { Items } = await client.send(
      new ScanCommand({
        TableName: TABLE,
        ConsistentRead: true,
        FilterExpression: 'begins_with(id, :prefix)',
        ExpressionAttributeValues: { ':prefix': { S: `${prefix}#` } },
      }),
    );
    assert.equal(Items?.length, 1);
    return Items?.[0]?.['id']?.S ?? '';
  }

  async function setNumber(id: string, attribute: string, value: number): Promise<void> {
    await client.send(
      new UpdateItemCommand({
        TableName: TABLE,
        Key: { id: { S: id } },
        UpdateExpression: 'SET #attribute = :value',
        ExpressionAttributeNames: { '#attribute': attribute },
        ExpressionAttributeValues: { ':value': { N: String(value) } },
      }),
    );
  }
});
