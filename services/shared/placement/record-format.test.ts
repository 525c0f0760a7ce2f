import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import type { CredentialRecord, PartitionRecord, RevokedCredentialRecord, TableRecord } from './catalog-records.ts';
import { CatalogRecordError } from './record-fields.ts';
import {
  parseAutoAdminLeaseRecord,
  parseCountersRecord,
  parseCredentialDefinition,
  parseCredentialEntry,
  parseNodeRecord,
  parsePartitionRecord,
  parseTableDefinition,
  parseTableRecord,
  serializeRecord,
} from './record-format.ts';

const table: TableRecord = {
  account: '000000000000',
  region: 'eu-north-1',
  name: 'Music',
  tableId: '1c0f4e0e-0000-4000-8000-000000000001',
  keys: { partition: { name: '__proto__', type: 'S' }, sort: { name: 'year', type: 'N' } },
  billingMode: 'PROVISIONED',
  throughput: { readUnits: 5, writeUnits: 6 },
  createdAtMs: 1_700_000_000_000,
  generation: 1,
  status: 'CREATING',
};

const partition: PartitionRecord = {
  tableId: table.tableId,
  partitionId: 0,
  group: 2,
  generation: 1,
  epoch: 1,
  low: '',
  high: '80',
  configuration: 1,
  replicas: [{ replica: 100, node: 'node-a', az: 'a' }],
};

test('every record is read back as it was written', () => {
  const made = { accessKeyId: 'AKID', account: '000000000000', userName: 'ann', sealedSecret: 's', sealing: 'none', createdAtMs: 7 };
  const credential: CredentialRecord = { ...made, policy: '{}', status: 'ACTIVE', generation: 2 };
  const revoked: RevokedCredentialRecord = { accessKeyId: 'AKID', status: 'REVOKED', generation: 3, revokedAtMs: 9 };
  const node = { node: 'node-a', az: 'a', address: '127.0.0.1:7001', incarnation: 99, generation: 3 };
  const counters = { nextGroup: 6, nextReplica: 112, generation: 2 };
  const lease = { holder: '', renewal: 0, generation: 1 };
  const { generation: _generation, status: _status, ...definition } = table;
  assert.deepEqual(parseTableRecord(serializeRecord(table)), table);
  assert.deepEqual(parseTableDefinition(serializeRecord(definition)), definition);
  assert.deepEqual(parsePartitionRecord(serializeRecord(partition)), partition);
  assert.deepEqual(parseCredentialDefinition(serializeRecord(made)), made);
  assert.deepEqual(parseCredentialEntry(serializeRecord(credential)), credential);
  assert.deepEqual(parseCredentialEntry(serializeRecord(revoked)), revoked);
  assert.deepEqual(parseNodeRecord(serializeRecord(node)), node);
  assert.deepEqual(parseCountersRecord(serializeRecord(counters)), counters);
  assert.deepEqual(parseAutoAdminLeaseRecord(serializeRecord(lease)), lease);
});

test('a field that a newer version added is left out', () => {
  assert.deepEqual(parsePartitionRecord(utf8(JSON.stringify({ ...partition, temperature: 3 }))), partition);
});

test('what is missing, of another type or contradictory is refused by name', () => {
  const refused = (parse: (json: Uint8Array) => unknown, value: unknown, pattern: RegExp): void => {
    assert.throws(
      () => parse(utf8(JSON.stringify(value))),
      (error) => error instanceof CatalogRecordError && pattern.test(error.message),
    );
  };
  refused(parseTableRecord, { ...table, status: 'BUILDING' }, /table\.status/);
  refused(parseTableRecord, { ...table, throughput: undefined }, /throughput is missing/);
  refused(parseTableRecord, { ...table, name: 'a/b' }, /slash/);
  refused(parseTableRecord, { ...table, keys: { partition: { name: 'a', type: 'BOOL' } } }, /keys\.partition\.type/);
  refused(parseTableRecord, { ...table, createdAtMs: 1.5 }, /createdAtMs/);
  refused(parseTableRecord, [], /not an object/);
  refused(parsePartitionRecord, { ...partition, low: '8' }, /partition\.low/);
  refused(parsePartitionRecord, { ...partition, low: '80', high: '80' }, /not below/);
  refused(parsePartitionRecord, { ...partition, replicas: [] }, /empty/);
  refused(parsePartitionRecord, { ...partition, group: 2 ** 32 }, /group/);
  assert.throws(() => parseNodeRecord(utf8('{')), CatalogRecordError);
});
