import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { KeySchema } from '../item/attribute-value.ts';
import type { TableRecord } from './catalog-records.ts';
import { CatalogRecordError, RecordFields } from './record-fields.ts';
import { readIndexKeySchema, readKeyAttribute, readLocalIndex, readProjection } from './table-indexes.ts';
import type { GlobalIndex, LocalIndex } from './table-indexes.ts';

/**
 * What a partition of a table must know to apply its records and to put into them what others need: a Settings record in its
 * log says it, so that all replicas, and all who tail the log, change over at the same slot (architecture 4.1).
 */
export interface PartitionSettings {
  /** Grows with each change of the table that concerns its partitions; a partition takes only a greater one. */
  readonly version: number;
  /** The table's key. */
  readonly keys: KeySchema;
  readonly localIndexes: readonly LocalIndex[];
  readonly globalIndexes: readonly IndexSource[];
  /** Attribute that holds the time to live, seconds since 1970; absent: items do not expire. */
  readonly ttlAttribute?: string;
}

/** A global index as the partitions of its table see it. */
export interface IndexSource extends Pick<GlobalIndex, 'name' | 'indexId' | 'keys' | 'projection'> {
  /** The table may have items that are older than the index. */
  readonly backfill: boolean;
}

/** What the partitions of a table are to be told. An index that is being deleted gets nothing any more, one that waits nothing yet. */
export function settingsOf(table: TableRecord): PartitionSettings {
  const { keys, localIndexes = [], globalIndexes = [], ttl, settingsVersion = 0 } = table;
  return {
    version: settingsVersion,
    keys,
    localIndexes,
    globalIndexes: globalIndexes
      .filter(({ status, waiting }) => status !== 'DELETING' && waiting !== true)
      .map(({ name, indexId, keys: indexKeys, projection, backfilling }) => ({
        name,
        indexId,
        keys: indexKeys,
        projection,
        backfill: backfilling === true,
      })),
    ...(ttl?.enabled === true ? { ttlAttribute: ttl.attribute } : {}),
  };
}

export function serializePartitionSettings(settings: PartitionSettings): Buffer {
  return utf8(JSON.stringify(settings));
}

/** Throws CatalogRecordError. */
export function parsePartitionSettings(json: Uint8Array): PartitionSettings {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(json));
  } catch {
    throw new CatalogRecordError('partition settings are not JSON');
  }
  const fields = new RecordFields('partition settings', value);
  const keys = fields.object('keys');
  const partition = readKeyAttribute(keys.object('partition'));
  return {
    version: fields.integer('version', 1),
    keys: keys.has('sort') ? { partition, sort: readKeyAttribute(keys.object('sort')) } : { partition },
    localIndexes: fields.list('localIndexes').map(readLocalIndex),
    globalIndexes: fields.list('globalIndexes').map(readIndexSource),
    ...(fields.has('ttlAttribute') ? { ttlAttribute: fields.text('ttlAttribute') } : {}),
  };
}

function readIndexSource(fields: RecordFields): IndexSource {
  return {
    name: fields.text('name'),
    indexId: fields.text('indexId'),
    keys: readIndexKeySchema(fields.object('keys')),
    projection: readProjection(fields.object('projection')),
    backfill: fields.flag('backfill'),
  };
}
