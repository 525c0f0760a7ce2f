import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { TABLES } from './cities.ts';

const WAIT_SECONDS = 30;

/** Creates the tables anew, empty: those of an earlier run are deleted. */
export async function createTables(client: DynamoDBClient): Promise<void> {
  for (const { name, sortKeyName } of TABLES) {
    await deleteTable(client, name);
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'country', AttributeType: 'S' },
          { AttributeName: sortKeyName, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'country', KeyType: 'HASH' },
          { AttributeName: sortKeyName, KeyType: 'RANGE' },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: WAIT_SECONDS, minDelay: 1, maxDelay: 1 }, { TableName: name });
  }
}

async function deleteTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new DeleteTableCommand({ TableName: name }));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return;
    throw error;
  }
  await waitUntilTableNotExists({ client, maxWaitTime: WAIT_SECONDS, minDelay: 1, maxDelay: 1 }, { TableName: name });
}
