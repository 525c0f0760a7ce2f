import type { KeyAttribute } from '../../../shared/item/attribute-value.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import { tableArn } from './table-name.ts';

/** The TableDescription of CreateTable, DescribeTable and DeleteTable: only what is true of a table here. */
export function tableDescription(record: TableRecord, statistics: { readonly items: number; readonly bytes: number }): object {
  const { partition, sort } = record.keys;
  const attributes = sort === undefined ? [partition] : [partition, sort];
  const createdAt = record.createdAtMs / 1000;
  const onDemand = record.billingMode === 'PAY_PER_REQUEST';
  return {
    AttributeDefinitions: attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    TableName: record.name,
    KeySchema: attributes.map(keySchemaElement),
    TableStatus: record.status,
    CreationDateTime: createdAt,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: record.throughput?.readUnits ?? 0,
      WriteCapacityUnits: record.throughput?.writeUnits ?? 0,
    },
    TableSizeBytes: statistics.bytes,
    ItemCount: statistics.items,
    TableArn: tableArn(record.region, record.account, record.name),
    TableId: record.tableId,
    ...(onDemand ? { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: createdAt } } : undefined),
    DeletionProtectionEnabled: false,
  };
}

function keySchemaElement({ name }: KeyAttribute, position: number): object {
  return { AttributeName: name, KeyType: position === 0 ? 'HASH' : 'RANGE' };
}
