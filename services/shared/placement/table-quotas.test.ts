import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from './catalog-records.ts';
import { changedTable } from './changed-table.ts';
import type { TableChange } from './table-change.ts';
import type { GlobalIndex } from './table-indexes.ts';
import { refuseAccountUnits, refuseCreation, SERVICE_QUOTAS } from './table-quotas.ts';
import { PLAIN_TABLE } from './table-record.fixture.ts';

const index: GlobalIndex = {
  name: 'gsi1',
  indexId: 'i1',
  keys: { partition: [{ name: 'id', type: 'S' }], sort: [] },
  projection: { kind: 'all' },
  status: 'ACTIVE',
};
const onDemand: TableRecord = {
  ...PLAIN_TABLE,
  region: 'eu-north-1',
  globalIndexes: [index],
};
const units = (readUnits: number, writeUnits: number) => ({ readUnits, writeUnits });
const provisioned: TableRecord = {
  ...onDemand,
  billingMode: 'PROVISIONED',
  throughput: units(1, 1),
  globalIndexes: [{ ...index, throughput: units(1, 1) }],
};

const refused = (message: string) => ({ name: 'TableChangeRefusal', kind: 'limit', message });
const changed = (table: TableRecord, asked: Partial<TableChange>) => changedTable(table, { id: 'c', atMs: 1, ...asked });
const ofIndex = (asked: object): Partial<TableChange> => ({ globalIndexes: [{ kind: 'update', name: 'gsi1', ...asked }] });
const GUIDE = 'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.';
const OF_ACCOUNT = 'of the account in region eu-north-1';

test('each unit of a table and of its indexes has its own text', () => {
  for (const [table, asked, message] of [
    [
      provisioned,
      { throughput: units(40_001, 40_001) },
      `The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in eu-north-1. Per table maximum: 40000. ${GUIDE}`,
    ],
    [
      provisioned,
      ofIndex({ throughput: units(1, 40_001) }),
      `The requested WriteCapacityUnits for index gsi1, 40001, is above the per index maximum for the account in eu-north-1. Per index maximum: 40000. ${GUIDE}`,
    ],
    [
      onDemand,
      { onDemandThroughput: { maxReadUnits: 40_001 } },
      `Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits ${OF_ACCOUNT}`,
    ],
    [
      onDemand,
      ofIndex({ onDemandThroughput: { maxWriteUnits: 40_001 } }),
      `Subscriber limit exceeded: Requested MaxWriteRequestUnits for OnDemandThroughput for index : gsi1 exceeds TableMaxWriteCapacityUnits ${OF_ACCOUNT}`,
    ],
    [
      onDemand,
      { warmThroughput: { writeUnits: 40_001 } },
      `Subscriber limit exceeded: Requested WriteUnitsPerSecond for WarmThroughput for table exceeds TableMaxWriteCapacityUnits ${OF_ACCOUNT}`,
    ],
    [
      onDemand,
      ofIndex({ warmThroughput: { readUnits: 40_001 } }),
      `Subscriber limit exceeded: Requested ReadUnitsPerSecond for WarmThroughput for index gsi1 exceeds TableMaxReadCapacityUnits ${OF_ACCOUNT}`,
    ],
  ] as const) {
    assert.throws(() => changed(table, asked), refused(message));
  }
});

test('what a table has already is no reason to refuse another change', () => {
  const wide: TableRecord = { ...onDemand, warmThroughput: units(90_000, 50_000), onDemandThroughput: { maxReadUnits: 60_000 } };
  changed(wide, { setTags: [{ key: 'a', value: '' }] });
  changed(wide, { onDemandThroughput: { maxWriteUnits: 5 } });
  const small = { ...SERVICE_QUOTAS, tableUnitsMax: 10 };
  changedTable(provisioned, { id: 'c', atMs: 1, billingMode: 'PAY_PER_REQUEST' }, small);
});

test('the account has units for all tables and indexes, and a table that takes no more of them is never refused', () => {
  const quotas = { ...SERVICE_QUOTAS, accountUnitsMax: 10 };
  const six: TableRecord = { ...provisioned, tableId: 't2', name: 'Other', throughput: units(2, 6) };
  refuseCreation(provisioned, [six, onDemand], quotas);
  const three: TableRecord = { ...provisioned, throughput: units(1, 3) };
  const text =
    'This request would have caused the WriteCapacityUnits limit to be exceeded for the account in eu-north-1. ' +
    `Current WriteCapacityUnits reserved by the account: 7. Limit: 10. Requested: 4. ${GUIDE}`;
  assert.throws(() => refuseCreation(three, [six], quotas), refused(text));
  refuseAccountUnits(three, provisioned, [six, six], quotas);
  refuseAccountUnits(provisioned, { ...provisioned, throughput: units(9, 1) }, [], quotas);
});
