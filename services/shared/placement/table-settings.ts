import { ON_DEMAND_PARTITIONS, PARTITION_READ_UNITS, PARTITION_WRITE_UNITS } from '../limits/placement-limits.ts';
import type { RecordFields } from './record-fields.ts';

/** What a table may be told besides its key and billing mode. What is absent is as the service has it by default. */
export interface TableSettings {
  /** Absent: never named, which is STANDARD. It has no effect. */
  readonly tableClass?: TableClass;
  /** The table cannot be deleted. */
  readonly deletionProtection?: true;
  /** In the order in which they came. */
  readonly tags?: readonly Tag[];
  /** Encryption under a key of a key service was asked for. It is kept, and has no effect yet. */
  readonly encryption?: TableEncryption;
  /** Of a table on demand: more is to be throttled. It is kept, and has no effect yet. */
  readonly onDemandThroughput?: OnDemandThroughput;
  /** Absent: what every table of its billing mode starts with (`warmThroughput`). */
  readonly warmThroughput?: Throughput;
}

export const TABLE_CLASSES = ['STANDARD', 'STANDARD_INFREQUENT_ACCESS'] as const;
export type TableClass = (typeof TABLE_CLASSES)[number];

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface TableEncryption {
  /** Key id, alias or ARN as it was sent; absent: the key that the service keeps for the account. */
  readonly key?: string;
}

/** Request units a second; absent: no maximum. */
export interface OnDemandThroughput {
  readonly maxReadUnits?: number;
  readonly maxWriteUnits?: number;
}

/** Units a second. */
export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** What a new table on demand serves at once, as the service's ("On-demand capacity mode" of the Developer Guide). */
export const ON_DEMAND_WARM: Throughput = {
  readUnits: ON_DEMAND_PARTITIONS * PARTITION_READ_UNITS,
  writeUnits: ON_DEMAND_PARTITIONS * PARTITION_WRITE_UNITS,
};

/** The service's words for what ON_DEMAND_WARM is. */
export const INITIAL_WARM_THROUGHPUT =
  'initial throughput for OnDemand. See: ' +
  'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial';

/** The units a second for which a table, or a global index, is to be made ready. It never falls. */
export function warmThroughput(table: { readonly throughput?: Throughput } & TableSettings): Throughput {
  return table.warmThroughput ?? table.throughput ?? ON_DEMAND_WARM;
}

/** Partitions that serve so much. */
export function partitionsFor({ readUnits, writeUnits }: Throughput): number {
  return Math.max(1, Math.ceil(Math.max(readUnits / PARTITION_READ_UNITS, writeUnits / PARTITION_WRITE_UNITS)));
}

/** The greater of each. */
export function greaterThroughput(one: Throughput, two: Throughput): Throughput {
  return { readUnits: Math.max(one.readUnits, two.readUnits), writeUnits: Math.max(one.writeUnits, two.writeUnits) };
}

/** The settings in a table's record or definition. Throws CatalogRecordError. */
export function readTableSettings(fields: RecordFields): TableSettings {
  return {
    ...(fields.has('tableClass') ? { tableClass: fields.oneOf('tableClass', TABLE_CLASSES) } : {}),
    ...(fields.has('deletionProtection') ? { deletionProtection: true } : {}),
    ...(fields.has('tags') ? { tags: fields.list('tags').map(readTag) } : {}),
    ...(fields.has('encryption') ? { encryption: readEncryption(fields.object('encryption')) } : {}),
    ...(fields.has('onDemandThroughput') ? { onDemandThroughput: readOnDemandThroughput(fields.object('onDemandThroughput')) } : {}),
    ...(fields.has('warmThroughput') ? { warmThroughput: readThroughput(fields.object('warmThroughput')) } : {}),
  };
}

export function readThroughput(fields: RecordFields): Throughput {
  return { readUnits: fields.integer('readUnits', 1), writeUnits: fields.integer('writeUnits', 1) };
}

export function readTag(fields: RecordFields): Tag {
  return { key: fields.text('key'), value: fields.anyText('value') };
}

export function readEncryption(fields: RecordFields): TableEncryption {
  return fields.has('key') ? { key: fields.text('key') } : {};
}

export function readOnDemandThroughput(fields: RecordFields): OnDemandThroughput {
  return {
    ...(fields.has('maxReadUnits') ? { maxReadUnits: fields.integer('maxReadUnits', 1) } : {}),
    ...(fields.has('maxWriteUnits') ? { maxWriteUnits: fields.integer('maxWriteUnits', 1) } : {}),
  };
}

/** Units of which one kind may be absent. Throws CatalogRecordError. */
export function readUnits(fields: RecordFields): Partial<Throughput> {
  return {
    ...(fields.has('readUnits') ? { readUnits: fields.integer('readUnits', 1) } : {}),
    ...(fields.has('writeUnits') ? { writeUnits: fields.integer('writeUnits', 1) } : {}),
  };
}
