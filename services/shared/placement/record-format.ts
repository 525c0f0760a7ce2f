import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { KeySchema } from '../item/attribute-value.ts';
import { ID_MAX } from '../limits/placement-limits.ts';
import type {
  AutoAdminLeaseRecord,
  CountersRecord,
  CredentialDefinition,
  CredentialRecord,
  NodeRecord,
  PartitionRecord,
  RemovedTableRecord,
  ReplicaRecord,
  RevokedCredentialRecord,
  TableDefinition,
  TableRecord,
  TimeToLive,
} from './catalog-records.ts';
import { CatalogRecordError, RecordFields } from './record-fields.ts';
import { readTableHistory } from './table-history.ts';
import { readGlobalIndex, readKeyAttribute, readLocalIndex } from './table-indexes.ts';
import { readTableSettings, readThroughput } from './table-settings.ts';

/**
 * Catalog records as JSON in UTF-8. Reading checks every field, because a record outlives the version that wrote it, and
 * throws CatalogRecordError; fields that this version does not know are left out.
 */
export type CatalogRecord =
  | TableRecord
  | RemovedTableRecord
  | PartitionRecord
  | NodeRecord
  | CredentialDefinition
  | CredentialRecord
  | RevokedCredentialRecord
  | CountersRecord
  | AutoAdminLeaseRecord
  | TableDefinition;

export function serializeRecord(record: CatalogRecord): Buffer {
  return utf8(JSON.stringify(record));
}

export function parseTableDefinition(json: Uint8Array): TableDefinition {
  return readTableDefinition(fieldsOf('table definition', json));
}

export function parseTableRecord(json: Uint8Array): TableRecord {
  return readTableRecord(fieldsOf('table', json));
}

function readTableRecord(fields: RecordFields): TableRecord {
  return {
    ...readTableDefinition(fields),
    generation: fields.integer('generation', 1),
    status: fields.oneOf('status', ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING']),
    ...(fields.has('incomplete') ? { incomplete: true } : {}),
    ...(fields.has('settledVersion') ? { settledVersion: fields.integer('settledVersion', 1) } : {}),
    ...(fields.has('history') ? { history: readTableHistory(fields.object('history')) } : {}),
    ...(fields.has('changes') ? { changes: fields.texts('changes') } : {}),
  };
}

/** What stands under a table's key: the table, or what the last one of its name left behind. */
export function parseTableEntry(json: Uint8Array): TableRecord | RemovedTableRecord {
  const fields = fieldsOf('table', json);
  const status = fields.oneOf('status', ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING', 'REMOVED']);
  if (status !== 'REMOVED') return readTableRecord(fields);
  return {
    account: pathPart(fields, 'account'),
    region: pathPart(fields, 'region'),
    name: pathPart(fields, 'name'),
    tableId: pathPart(fields, 'tableId'),
    status,
    generation: fields.integer('generation', 1),
    removedAtMs: fields.integer('removedAtMs'),
  };
}

export function parsePartitionRecord(json: Uint8Array): PartitionRecord {
  const fields = fieldsOf('partition', json);
  const low = fields.hex('low');
  const high = fields.hex('high');
  if (high !== '' && low >= high) throw new CatalogRecordError('partition.low is not below partition.high');
  const replicas = fields.list('replicas').map(readReplica);
  if (replicas.length === 0) throw new CatalogRecordError('partition.replicas is empty');
  return {
    tableId: fields.text('tableId'),
    partitionId: fields.integer('partitionId'),
    group: fields.integer('group', 1, ID_MAX),
    generation: fields.integer('generation', 1),
    epoch: fields.integer('epoch', 1),
    low,
    high,
    configuration: fields.integer('configuration', 1),
    replicas,
    ...(fields.has('retired') ? { retired: true } : {}),
  };
}

export function parseNodeRecord(json: Uint8Array): NodeRecord {
  const fields = fieldsOf('node', json);
  return {
    node: fields.text('node'),
    az: fields.text('az'),
    address: fields.text('address'),
    incarnation: fields.integer('incarnation'),
    generation: fields.integer('generation', 1),
  };
}

export function parseCredentialDefinition(json: Uint8Array): CredentialDefinition {
  return readCredentialDefinition(fieldsOf('credential', json));
}

/** What stands under a credential's key: the credential, or what is left of one that was revoked. */
export function parseCredentialEntry(json: Uint8Array): CredentialRecord | RevokedCredentialRecord {
  const fields = fieldsOf('credential', json);
  const status = fields.oneOf('status', ['ACTIVE', 'REVOKED']);
  const generation = fields.integer('generation', 1);
  if (status === 'ACTIVE') return { ...readCredentialDefinition(fields), status, generation };
  return { accessKeyId: pathPart(fields, 'accessKeyId'), status, generation, revokedAtMs: fields.integer('revokedAtMs') };
}

export function parseCountersRecord(json: Uint8Array): CountersRecord {
  const fields = fieldsOf('counters', json);
  return {
    nextGroup: fields.integer('nextGroup', 1, ID_MAX + 1),
    nextReplica: fields.integer('nextReplica', 1, ID_MAX + 1),
    generation: fields.integer('generation', 1),
  };
}

export function parseAutoAdminLeaseRecord(json: Uint8Array): AutoAdminLeaseRecord {
  const fields = fieldsOf('auto-admin lease', json);
  return {
    holder: fields.anyText('holder'),
    renewal: fields.integer('renewal'),
    generation: fields.integer('generation', 1),
  };
}

function fieldsOf(what: string, json: Uint8Array): RecordFields {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(json));
  } catch {
    throw new CatalogRecordError(`${what} is not JSON`);
  }
  return new RecordFields(what, value);
}

function readTableDefinition(fields: RecordFields): TableDefinition {
  const throughput = fields.has('throughput') ? fields.object('throughput') : undefined;
  const billingMode = fields.oneOf('billingMode', ['PROVISIONED', 'PAY_PER_REQUEST']);
  if (billingMode === 'PROVISIONED' && throughput === undefined) throw new CatalogRecordError('table.throughput is missing');
  return {
    account: pathPart(fields, 'account'),
    region: pathPart(fields, 'region'),
    name: pathPart(fields, 'name'),
    tableId: pathPart(fields, 'tableId'),
    keys: readKeySchema(fields.object('keys')),
    billingMode,
    ...(throughput === undefined ? {} : { throughput: readThroughput(throughput) }),
    createdAtMs: fields.integer('createdAtMs'),
    ...readTableSettings(fields),
    ...(fields.has('localIndexes') ? { localIndexes: fields.list('localIndexes').map(readLocalIndex) } : {}),
    ...(fields.has('globalIndexes') ? { globalIndexes: fields.list('globalIndexes').map(readGlobalIndex) } : {}),
    ...(fields.has('ttl') ? { ttl: readTimeToLive(fields.object('ttl')) } : {}),
    ...(fields.has('settingsVersion') ? { settingsVersion: fields.integer('settingsVersion', 1) } : {}),
  };
}

function readTimeToLive(fields: RecordFields): TimeToLive {
  return { attribute: fields.text('attribute'), enabled: fields.flag('enabled'), changedAtMs: fields.integer('changedAtMs') };
}

function readCredentialDefinition(fields: RecordFields): CredentialDefinition {
  return {
    accessKeyId: pathPart(fields, 'accessKeyId'),
    account: fields.text('account'),
    userName: fields.text('userName'),
    sealedSecret: fields.text('sealedSecret'),
    sealing: fields.text('sealing'),
    ...(fields.has('policy') ? { policy: fields.text('policy') } : {}),
    createdAtMs: fields.integer('createdAtMs'),
  };
}

/** A text that stands in a catalog key, between slashes. */
function pathPart(fields: RecordFields, field: string): string {
  const text = fields.text(field);
  if (text.includes('/')) throw new CatalogRecordError(`${field} contains a slash`);
  return text;
}

function readKeySchema(fields: RecordFields): KeySchema {
  const partition = readKeyAttribute(fields.object('partition'));
  return fields.has('sort') ? { partition, sort: readKeyAttribute(fields.object('sort')) } : { partition };
}

function readReplica(fields: RecordFields): ReplicaRecord {
  return { replica: fields.integer('replica', 1, ID_MAX), node: fields.text('node'), az: fields.text('az') };
}
