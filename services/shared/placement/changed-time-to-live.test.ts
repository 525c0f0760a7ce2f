import { PLAIN_TABLE } from './table-record.fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from './catalog-records.ts';
import { changedTable, makesUpdating, TableChangeRefusal } from './changed-table.ts';
import { settingsOf } from './partition-settings.ts';
import { parseTableRecord, serializeRecord } from './record-format.ts';
import { parseTableChange, serializeTableChange } from './table-change.ts';
import type { TableChange } from './table-change.ts';

const HOUR_MS = 3_600_000;

const table: TableRecord = { ...PLAIN_TABLE, name: 'Sessions' };

const ttl = (attribute: string, enabled: boolean, atMs: number): TableChange => ({ id: 'c', atMs, ttl: { attribute, enabled } });

function refuses(before: TableRecord, change: TableChange, message: string): void {
  assert.throws(
    () => changedTable(before, change),
    (error) => error instanceof TableChangeRefusal && error.kind === 'invalid' && error.message === message,
  );
}

test('time to live is switched on and off, and partitions are told while the table serves on', () => {
  const on = changedTable(table, ttl('expires', true, 100));
  assert.deepEqual([on.ttl, on.settingsVersion, on.status], [{ attribute: 'expires', enabled: true, changedAtMs: 100 }, 1, 'ACTIVE']);
  assert.equal(settingsOf(on).ttlAttribute, 'expires');
  assert.equal(makesUpdating(ttl('expires', true, 100)), false);
  const off = changedTable(on, ttl('expires', false, 100 + HOUR_MS));
  assert.deepEqual([off.ttl?.enabled, off.settingsVersion, settingsOf(off).ttlAttribute], [false, 2, undefined]);
  const other = changedTable(off, ttl('other', true, 100 + 2 * HOUR_MS));
  assert.deepEqual([other.ttl?.attribute, other.settingsVersion], ['other', 3]);
  assert.deepEqual(parseTableRecord(serializeRecord(other)), other);
  const change = ttl('expires', true, 5);
  assert.deepEqual(parseTableChange(serializeTableChange(change)), change);
});

test('what is so already, or was changed within the hour, is refused', () => {
  refuses(table, ttl('expires', false, 1), 'TimeToLive is already disabled');
  const on = changedTable(table, ttl('expires', true, 100));
  refuses(on, ttl('expires', true, 101), 'TimeToLive is already enabled');
  const different = 'TimeToLive is active on a different AttributeName: current AttributeName is expires';
  refuses(on, ttl('other', true, 101), different);
  refuses(on, ttl('other', false, 101), different);
  const soon = 'Time to live has been modified multiple times within a fixed interval';
  refuses(on, ttl('expires', false, 99 + HOUR_MS), soon);
  const off = changedTable(on, ttl('expires', false, 100 + HOUR_MS));
  refuses(off, ttl('expires', false, 101 + HOUR_MS), 'TimeToLive is already disabled');
  refuses(off, ttl('expires', true, 101 + HOUR_MS), soon);
});
