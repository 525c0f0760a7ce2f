import type { KeyAttribute } from '../../../shared/item/attribute-value.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import { decreasesToday } from '../../../shared/placement/table-history.ts';
import { partitionsFor, warmThroughput } from '../../../shared/placement/table-settings.ts';
import type { TableView } from '../storage-port.ts';
import { tableArn } from './table-name.ts';

/**
 * The TableDescription of the operations on tables. What is only kept yet is never described as done: encryption under a key is
 * ENABLING, and warm throughput is UPDATING while the table has fewer partitions than it takes.
 */
export function tableDescription(
  { record, partitionCount }: TableView,
  statistics: { readonly items: number; readonly bytes: number },
  nowMs: number,
): object {
  const { partition, sort } = record.keys;
  const attributes = sort === undefined ? [partition] : [partition, sort];
  return {
    AttributeDefinitions: attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    TableName: record.name,
    KeySchema: attributes.map(keySchemaElement),
    TableStatus: record.status,
    CreationDateTime: seconds(record.createdAtMs),
    ProvisionedThroughput: describeThroughput(record, nowMs),
    TableSizeBytes: statistics.bytes,
    ItemCount: statistics.items,
    TableArn: tableArn(record.region, record.account, record.name),
    TableId: record.tableId,
    ...describeBilling(record),
    ...describeEncryption(record),
    ...describeTableClass(record),
    DeletionProtectionEnabled: record.deletionProtection === true,
    ...describeMaxima(record),
    ...describeWarmThroughput(record, partitionCount),
  };
}

function keySchemaElement({ name }: KeyAttribute, position: number): object {
  return { AttributeName: name, KeyType: position === 0 ? 'HASH' : 'RANGE' };
}

function describeThroughput({ throughput, history = {} }: TableRecord, nowMs: number): object {
  const { throughputRaisedAtMs, throughputLoweredAtMs } = history;
  return {
    ...(throughputRaisedAtMs === undefined ? undefined : { LastIncreaseDateTime: seconds(throughputRaisedAtMs) }),
    ...(throughputLoweredAtMs === undefined ? undefined : { LastDecreaseDateTime: seconds(throughputLoweredAtMs) }),
    NumberOfDecreasesToday: decreasesToday(history, nowMs),
    ReadCapacityUnits: throughput?.readUnits ?? 0,
    WriteCapacityUnits: throughput?.writeUnits ?? 0,
  };
}

/** A table that was never on demand is not said to be provisioned, and one that is being created has no time of a change. */
function describeBilling({ billingMode, createdAtMs, history, status }: TableRecord): object | undefined {
  const onDemandAtMs = history?.onDemandAtMs ?? (billingMode === 'PAY_PER_REQUEST' ? createdAtMs : undefined);
  if (onDemandAtMs === undefined) return undefined;
  const changed = status === 'CREATING' ? undefined : { LastUpdateToPayPerRequestDateTime: seconds(onDemandAtMs) };
  return { BillingModeSummary: { BillingMode: billingMode, ...changed } };
}

function describeEncryption({ encryption, region, account }: TableRecord): object | undefined {
  if (encryption === undefined) return undefined;
  const { key } = encryption;
  const arn = key === undefined ? undefined : { KMSMasterKeyArn: keyArn(key, region, account) };
  return { SSEDescription: { Status: 'ENABLING', SSEType: 'KMS', ...arn } };
}

function keyArn(key: string, region: string, account: string): string {
  if (key.startsWith('arn:')) return key;
  return `arn:aws:kms:${region}:${account}:${key.startsWith('alias/') ? key : `key/${key}`}`;
}

function describeTableClass({ tableClass, history }: TableRecord): object | undefined {
  if (tableClass === undefined) return undefined;
  const changedAtMs = history?.tableClassAtMs?.at(-1);
  const changed = changedAtMs === undefined ? undefined : { LastUpdateDateTime: seconds(changedAtMs) };
  return { TableClassSummary: { TableClass: tableClass, ...changed } };
}

function describeMaxima({ onDemandThroughput: maxima }: TableRecord): object | undefined {
  if (maxima === undefined) return undefined;
  return { OnDemandThroughput: { MaxReadRequestUnits: maxima.maxReadUnits, MaxWriteRequestUnits: maxima.maxWriteUnits } };
}

/** The service says nothing of it in the answer to CreateTable unless it was asked for. */
function describeWarmThroughput(record: TableRecord, partitionCount: number): object | undefined {
  if (record.status === 'CREATING' && record.warmThroughput === undefined) return undefined;
  const warm = warmThroughput(record);
  const Status = record.status === 'CREATING' || partitionsFor(warm) > partitionCount ? 'UPDATING' : 'ACTIVE';
  return { WarmThroughput: { ReadUnitsPerSecond: warm.readUnits, WriteUnitsPerSecond: warm.writeUnits, Status } };
}

function seconds(ms: number): number {
  return ms / 1000;
}
