import type { KeyAttribute } from '../item/attribute-value.ts';
import type { IndexKeySchema } from '../item/index-key.ts';
import type { Projection } from '../item/projection.ts';
import { INDEX_KEY_ATTRIBUTES_MAX, LOCAL_INDEXES_MAX } from '../limits/table-limits.ts';
import type { RecordFields } from './record-fields.ts';
import { readTableHistory } from './table-history.ts';
import type { TableHistory } from './table-history.ts';
import { readOnDemandThroughput, readThroughput } from './table-settings.ts';
import type { OnDemandThroughput, Throughput } from './table-settings.ts';

/** Local secondary index: the table's partition key, another sort key, in the very replicas that hold the items. */
export interface LocalIndex {
  readonly name: string;
  /** 1 to LOCAL_INDEXES_MAX: where its entries are kept (item/local-space.ts). */
  readonly number: number;
  readonly sort: KeyAttribute;
  readonly projection: Projection;
}

export const INDEX_STATUSES = ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING'] as const;
export type IndexStatus = (typeof INDEX_STATUSES)[number];

/** Global secondary index: partitions of its own, which stand in the catalog under `indexId` as a table's do under its id. */
export interface GlobalIndex {
  readonly name: string;
  /** UUID, made by the router for this index; never reused. One that is made anew has another id: rebuilt-index.ts. */
  readonly indexId: string;
  readonly keys: IndexKeySchema;
  readonly projection: Projection;
  readonly status: IndexStatus;
  /** The items that the table had before the index are being brought in. */
  readonly backfilling?: true;
  /** It was added to a table, and its partitions lead: they may hold something, though the index is not ACTIVE. */
  readonly placed?: true;
  /** It is to be made anew, and nothing is done for it yet: it has no partitions, and those of the table are told nothing of it. */
  readonly waiting?: true;
  /** Earlier ids of this index, whose partitions have still to go. */
  readonly former?: readonly string[];
  readonly rebuilds?: IndexRebuilds;
  /** Of a provisioned table. */
  readonly throughput?: Throughput;
  readonly onDemandThroughput?: OnDemandThroughput;
  readonly warmThroughput?: Throughput;
  /** Of its throughput. */
  readonly history?: TableHistory;
}

/** How often an index was given up to be made anew (rebuilt-index.ts). */
export interface IndexRebuilds {
  /** Each of them begun within a day of the one before. */
  readonly count: number;
  /** When the last one began: wall clock of the auto-admin. */
  readonly lastAtMs: number;
}

/** An index that is to be made, as a client asks for it. */
export type NewGlobalIndex = Omit<GlobalIndex, 'status' | 'backfilling' | 'placed' | 'waiting' | 'former' | 'rebuilds' | 'history'>;

/** The attributes of an index's key, in order. */
export function globalIndexAttributes({ keys }: Pick<GlobalIndex, 'keys'>): readonly KeyAttribute[] {
  return [...keys.partition, ...keys.sort];
}

/** Ids under which global indexes of a table have partitions, those included under which they had some that have still to go. */
export function indexIdsOf({ globalIndexes = [] }: { readonly globalIndexes?: readonly GlobalIndex[] }): string[] {
  return globalIndexes.flatMap(({ indexId, former = [] }) => [indexId, ...former]);
}

/** How many attributes the INCLUDE projections name together. */
export function projectedAttributes(indexes: Iterable<{ readonly projection: Projection }>): number {
  let count = 0;
  for (const { projection } of indexes) if (projection.kind === 'include') count += projection.attributes.length;
  return count;
}

/** Throws CatalogRecordError. */
export function readLocalIndex(fields: RecordFields): LocalIndex {
  return {
    name: fields.text('name'),
    number: fields.integer('number', 1, LOCAL_INDEXES_MAX),
    sort: readKeyAttribute(fields.object('sort')),
    projection: readProjection(fields.object('projection')),
  };
}

/** Throws CatalogRecordError. */
export function readGlobalIndex(fields: RecordFields): GlobalIndex {
  return {
    ...readNewGlobalIndex(fields),
    status: fields.oneOf('status', INDEX_STATUSES),
    ...(fields.has('backfilling') ? { backfilling: true } : {}),
    ...(fields.has('placed') ? { placed: true } : {}),
    ...(fields.has('waiting') ? { waiting: true } : {}),
    ...(fields.has('former') ? { former: fields.texts('former') } : {}),
    ...(fields.has('rebuilds') ? { rebuilds: readIndexRebuilds(fields.object('rebuilds')) } : {}),
    ...(fields.has('history') ? { history: readTableHistory(fields.object('history')) } : {}),
  };
}

function readIndexRebuilds(fields: RecordFields): IndexRebuilds {
  return { count: fields.integer('count', 1), lastAtMs: fields.integer('lastAtMs') };
}

/** Throws CatalogRecordError. */
export function readNewGlobalIndex(fields: RecordFields): NewGlobalIndex {
  return {
    name: fields.text('name'),
    indexId: fields.text('indexId'),
    keys: readIndexKeySchema(fields.object('keys')),
    projection: readProjection(fields.object('projection')),
    ...(fields.has('throughput') ? { throughput: readThroughput(fields.object('throughput')) } : {}),
    ...(fields.has('onDemandThroughput') ? { onDemandThroughput: readOnDemandThroughput(fields.object('onDemandThroughput')) } : {}),
    ...(fields.has('warmThroughput') ? { warmThroughput: readThroughput(fields.object('warmThroughput')) } : {}),
  };
}

/** Throws CatalogRecordError. */
export function readIndexKeySchema(fields: RecordFields): IndexKeySchema {
  const partition = fields.list('partition').map(readKeyAttribute);
  const sort = fields.list('sort').map(readKeyAttribute);
  const fits = partition.length >= 1 && partition.length <= INDEX_KEY_ATTRIBUTES_MAX && sort.length <= INDEX_KEY_ATTRIBUTES_MAX;
  if (!fits) throw fields.refusal('partition', `of one to ${INDEX_KEY_ATTRIBUTES_MAX} attributes`);
  return { partition, sort };
}

/** Throws CatalogRecordError. */
export function readProjection(fields: RecordFields): Projection {
  const kind = fields.oneOf('kind', ['all', 'keys-only', 'include'] as const);
  return kind === 'include' ? { kind, attributes: fields.texts('attributes') } : { kind };
}

/** Throws CatalogRecordError. */
export function readKeyAttribute(fields: RecordFields): KeyAttribute {
  return { name: fields.text('name'), type: fields.oneOf('type', ['S', 'N', 'B'] as const) };
}
