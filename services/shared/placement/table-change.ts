import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { BillingMode } from './catalog-records.ts';
import { readGlobalIndexUpdate } from './index-update.ts';
import type { GlobalIndexUpdate } from './index-update.ts';
import { readMaximaChange } from './on-demand-change.ts';
import type { OnDemandChange } from './on-demand-change.ts';
import { CatalogRecordError, RecordFields } from './record-fields.ts';
import { readEncryption, readTag, readThroughput, readUnits, TABLE_CLASSES } from './table-settings.ts';
import type { TableClass, TableEncryption, Tag, Throughput } from './table-settings.ts';

/**
 * What a client asks to change of a table, checked by a router for all that does not depend on the table. What is absent stays
 * as it is.
 */
export interface TableChange {
  /** UUID, made by the router for this change: it makes the call safe to repeat. */
  readonly id: string;
  /** When it was asked for, wall-clock time. */
  readonly atMs: number;
  readonly billingMode?: BillingMode;
  readonly throughput?: Throughput;
  readonly tableClass?: TableClass;
  readonly deletionProtection?: boolean;
  /** `off`: the service's default, which is encryption that it does not tell of. */
  readonly encryption?: TableEncryption | 'off';
  readonly onDemandThroughput?: OnDemandChange;
  readonly warmThroughput?: Partial<Throughput>;
  /** Tags to set or replace. */
  readonly setTags?: readonly Tag[];
  readonly removeTags?: readonly string[];
  readonly globalIndexes?: readonly GlobalIndexUpdate[];
  readonly ttl?: TimeToLiveChange;
}

/** When items are to expire. */
export interface TimeToLiveChange {
  readonly attribute: string;
  readonly enabled: boolean;
}

export function serializeTableChange(change: TableChange): Buffer {
  return utf8(JSON.stringify(change));
}

/** Throws CatalogRecordError. */
export function parseTableChange(json: Uint8Array): TableChange {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(json));
  } catch {
    throw new CatalogRecordError('table change is not JSON');
  }
  const fields = new RecordFields('table change', value);
  return {
    id: fields.text('id'),
    atMs: fields.integer('atMs'),
    ...(fields.has('billingMode') ? { billingMode: fields.oneOf('billingMode', ['PROVISIONED', 'PAY_PER_REQUEST']) } : {}),
    ...(fields.has('throughput') ? { throughput: readThroughput(fields.object('throughput')) } : {}),
    ...(fields.has('tableClass') ? { tableClass: fields.oneOf('tableClass', TABLE_CLASSES) } : {}),
    ...(fields.has('deletionProtection') ? { deletionProtection: fields.flag('deletionProtection') } : {}),
    ...(fields.has('encryption') ? { encryption: readEncryptionChange(fields) } : {}),
    ...(fields.has('onDemandThroughput') ? { onDemandThroughput: readMaximaChange(fields.object('onDemandThroughput')) } : {}),
    ...(fields.has('warmThroughput') ? { warmThroughput: readUnits(fields.object('warmThroughput')) } : {}),
    ...(fields.has('setTags') ? { setTags: fields.list('setTags').map(readTag) } : {}),
    ...(fields.has('removeTags') ? { removeTags: fields.texts('removeTags') } : {}),
    ...(fields.has('globalIndexes') ? { globalIndexes: fields.list('globalIndexes').map(readGlobalIndexUpdate) } : {}),
    ...(fields.has('ttl') ? { ttl: readTimeToLiveChange(fields.object('ttl')) } : {}),
  };
}

function readEncryptionChange(fields: RecordFields): TableEncryption | 'off' {
  return fields.isText('encryption') ? fields.oneOf<'off'>('encryption', ['off']) : readEncryption(fields.object('encryption'));
}

function readTimeToLiveChange(fields: RecordFields): TimeToLiveChange {
  return { attribute: fields.text('attribute'), enabled: fields.flag('enabled') };
}
