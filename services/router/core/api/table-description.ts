import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import { keyAttributesOf } from '../../../shared/placement/key-attributes.ts';
import type { StoragePort, TableView } from '../storage-port.ts';
import { describeGlobalIndexes, describeLocalIndexes, describeTableKeys, NO_INDEX_FIGURES } from './index-description.ts';
import type { IndexFigures } from './index-description.ts';
import { tableArn } from './table-name.ts';
import { describeMaxima, describeThroughput, describeWarmThroughput, seconds } from './throughput-description.ts';

/** What the storage nodes tell of a table's data. */
export interface TableFigures {
  readonly items: number;
  readonly bytes: number;
  /** By the number of a local index. */
  readonly localIndex: (number: number) => { readonly items: number; readonly bytes: number };
  /** By the id of a global index. */
  readonly index: (indexId: string) => IndexFigures;
}

/** Of a table that is not there yet. */
export const NO_FIGURES: TableFigures = { items: 0, bytes: 0, localIndex: () => NO_INDEX_FIGURES, index: () => NO_INDEX_FIGURES };

export function tableFigures(storage: StoragePort, view: TableView): TableFigures {
  return {
    ...storage.tableStatistics(view),
    localIndex: (number) => storage.localIndexStatistics(view, number),
    index: (indexId) => storage.indexStatistics(indexId),
  };
}

/**
 * The TableDescription of the operations on tables. What is only kept yet is never described as done: encryption under a key is
 * ENABLING, and warm throughput is UPDATING while the table has fewer partitions than it takes.
 */
export function tableDescription({ record, partitionCount }: TableView, figures: TableFigures, nowMs: number): object {
  return {
    // The service sorts them, however they came (ack-api-quirks, DDB-TABLE-125).
    AttributeDefinitions: keyAttributesOf(record).map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    TableName: record.name,
    KeySchema: describeTableKeys(record.keys),
    TableStatus: record.status,
    CreationDateTime: seconds(record.createdAtMs),
    ProvisionedThroughput: describeThroughput(record, nowMs),
    TableSizeBytes: figures.bytes,
    ItemCount: figures.items,
    TableArn: tableArn(record.region, record.account, record.name),
    TableId: record.tableId,
    ...describeBilling(record),
    ...describeEncryption(record),
    ...describeTableClass(record),
    DeletionProtectionEnabled: record.deletionProtection === true,
    ...describeMaxima(record),
    ...describeWarmThroughput(record, record.status, partitionCount),
    ...describeLocalIndexes(record, figures.localIndex),
    ...describeGlobalIndexes(record, figures.index, nowMs),
  };
}

/** What DeleteTable still tells of a table: nothing of its keys, indexes and age ("DeleteTable" of the API reference, and what clients print). */
export function deletedTableDescription(record: TableRecord, figures: Pick<TableFigures, 'items' | 'bytes'>, nowMs: number): object {
  return {
    TableName: record.name,
    TableStatus: record.status,
    ProvisionedThroughput: describeThroughput(record, nowMs),
    TableSizeBytes: figures.bytes,
    ItemCount: figures.items,
    TableArn: tableArn(record.region, record.account, record.name),
    TableId: record.tableId,
    ...describeBilling(record),
    ...describeTableClass(record),
    DeletionProtectionEnabled: false,
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
