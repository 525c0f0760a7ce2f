import { PARTITION_WRITE_UNITS } from '../../services/shared/limits/placement-limits.ts';
import type { Clients } from './clients.ts';
import { type SimCluster, TABLE } from './cluster.ts';

/** Makes the table of all workloads, or one of another name, by the API. */
export async function createTable(cluster: SimCluster, clients: Clients, name = TABLE): Promise<void> {
  await clients.insist({
    action: 'CreateTable',
    input: {
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: PARTITION_WRITE_UNITS * cluster.settings.partitions },
    },
  });
  await cluster.until('the table is active', 60_000, async () => {
    const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: name } });
    return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE';
  });
}
