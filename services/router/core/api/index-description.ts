import type { KeyAttribute, KeySchema } from '../../../shared/item/attribute-value.ts';
import type { Projection } from '../../../shared/item/projection.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import type { GlobalIndex, LocalIndex } from '../../../shared/placement/table-indexes.ts';
import { indexArn } from './table-name.ts';
import { describeMaxima, describeThroughput, describeWarmThroughput } from './throughput-description.ts';

/** The parts of a TableDescription that tell of keys and secondary indexes. */

/** What the storage nodes tell of the data of a global index. */
export interface IndexFigures {
  readonly items: number;
  readonly bytes: number;
  readonly partitions: number;
}

/** Of an index that is not there yet. */
export const NO_INDEX_FIGURES: IndexFigures = { items: 0, bytes: 0, partitions: 0 };

export function describeTableKeys({ partition, sort }: KeySchema): object[] {
  return describeKeys([partition], sort === undefined ? [] : [sort]);
}

type LocalFigures = (number: number) => Pick<IndexFigures, 'items' | 'bytes'>;

export function describeLocalIndexes(record: TableRecord, figures: LocalFigures): object | undefined {
  const { localIndexes } = record;
  if (localIndexes === undefined) return undefined;
  return { LocalSecondaryIndexes: localIndexes.map((index) => describeLocalIndex(record, index, figures(index.number))) };
}

function describeLocalIndex(
  record: TableRecord,
  { name, sort, projection }: LocalIndex,
  { items, bytes }: ReturnType<LocalFigures>,
): object {
  return {
    IndexName: name,
    KeySchema: describeKeys([record.keys.partition], [sort]),
    Projection: describeProjection(projection),
    IndexSizeBytes: bytes,
    ItemCount: items,
    IndexArn: indexArn(record.region, record.account, record.name, name),
  };
}

export function describeGlobalIndexes(record: TableRecord, figures: (indexId: string) => IndexFigures, nowMs: number): object | undefined {
  const { globalIndexes = [] } = record;
  if (globalIndexes.length === 0) return undefined;
  return { GlobalSecondaryIndexes: globalIndexes.map((index) => describeGlobalIndex(record, index, figures(index.indexId), nowMs)) };
}

function describeGlobalIndex(record: TableRecord, index: GlobalIndex, { items, bytes, partitions }: IndexFigures, nowMs: number): object {
  return {
    IndexName: index.name,
    KeySchema: describeKeys(index.keys.partition, index.keys.sort),
    Projection: describeProjection(index.projection),
    IndexStatus: index.status,
    ...describeBackfilling(index),
    ProvisionedThroughput: describeThroughput(index, nowMs),
    IndexSizeBytes: bytes,
    ItemCount: items,
    IndexArn: indexArn(record.region, record.account, record.name, index.name),
    ...describeMaxima(index),
    ...describeWarmThroughput(index, index.status, partitions),
  };
}

/** Only an index that is added to a table has it: first it is given its partitions, then it is filled. */
function describeBackfilling({ status, backfilling, placed }: GlobalIndex): object | undefined {
  return status === 'CREATING' && backfilling === true ? { Backfilling: placed === true } : undefined;
}

function describeKeys(partition: readonly KeyAttribute[], sort: readonly KeyAttribute[]): object[] {
  return [
    ...partition.map(({ name }) => ({ AttributeName: name, KeyType: 'HASH' })),
    ...sort.map(({ name }) => ({ AttributeName: name, KeyType: 'RANGE' })),
  ];
}

function describeProjection(projection: Projection): object {
  switch (projection.kind) {
    case 'all':
      return { ProjectionType: 'ALL' };
    case 'keys-only':
      return { ProjectionType: 'KEYS_ONLY' };
    case 'include':
      return { ProjectionType: 'INCLUDE', NonKeyAttributes: projection.attributes };
  }
}
