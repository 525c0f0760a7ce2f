import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import type { TableRecord } from './catalog-records.ts';
import { parsePartitionSettings, serializePartitionSettings, settingsOf } from './partition-settings.ts';
import { CatalogRecordError } from './record-fields.ts';

const table: TableRecord = {
  account: '1',
  region: 'r',
  name: 't',
  tableId: 'id',
  keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'N' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
  generation: 1,
  status: 'ACTIVE',
  settingsVersion: 3,
  localIndexes: [{ name: 'l', number: 1, sort: { name: 'a', type: 'B' }, projection: { kind: 'include', attributes: ['x'] } }],
  globalIndexes: [
    {
      name: 'g',
      indexId: 'g-id',
      keys: { partition: [{ name: 'a', type: 'B' }], sort: [] },
      projection: { kind: 'all' },
      status: 'CREATING',
      backfilling: true,
    },
    {
      name: 'h',
      indexId: 'h-id',
      keys: { partition: [{ name: 'a', type: 'B' }], sort: [] },
      projection: { kind: 'all' },
      status: 'DELETING',
    },
  ],
  ttl: { attribute: 'expires', enabled: true, changedAtMs: 6 },
};

test('settings survive their way to a partition; an index that is being deleted is left out', () => {
  const settings = settingsOf(table);
  assert.deepEqual(parsePartitionSettings(serializePartitionSettings(settings)), settings);
  assert.deepEqual(
    settings.globalIndexes.map(({ name, backfill }) => ({ name, backfill })),
    [{ name: 'g', backfill: true }],
  );
  assert.equal(settings.ttlAttribute, 'expires');
});

test('time to live that was switched off is not told', () => {
  assert.equal(settingsOf({ ...table, ttl: { attribute: 'expires', enabled: false, changedAtMs: 7 } }).ttlAttribute, undefined);
});

test('what is no settings is refused', () => {
  for (const text of ['', '[]', '{}', JSON.stringify({ ...settingsOf(table), version: 0 })]) {
    assert.throws(() => parsePartitionSettings(utf8(text)), CatalogRecordError, text);
  }
});
