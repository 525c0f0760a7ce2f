import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from './catalog-records.ts';
import { changedTable, TableChangeRefusal } from './changed-table.ts';
import { parseTableRecord, serializeRecord } from './record-format.ts';
import type { TableChange } from './table-change.ts';
import { SERVICE_QUOTAS } from './table-quotas.ts';
import { PLAIN_TABLE } from './table-record.fixture.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-10-09T05:53:10.330Z');

const table = PLAIN_TABLE;

const after = (before: TableRecord, asked: Partial<TableChange>, atMs: number): TableRecord =>
  changedTable(before, { id: 'c', atMs, ...asked });

function refuses(before: TableRecord, asked: Partial<TableChange>, atMs: number, kind: string, message: string): void {
  assert.throws(
    () => after(before, asked, atMs),
    (error) => {
      assert.ok(error instanceof TableChangeRefusal, String(error));
      assert.deepEqual([error.kind, error.message], [kind, message]);
      return true;
    },
  );
}

test('deletion protection changes once in fifteen seconds', () => {
  const on = after(table, { deletionProtection: true }, START_MS);
  assert.deepEqual([on.status, on.deletionProtection], ['ACTIVE', true]);
  const text =
    'Deletion protection setting for table Music modified within the previous 15000 milliseconds. ' +
    'Please try again after 2026-10-09T05:53:25.330Z';
  for (const deletionProtection of [true, false]) refuses(on, { deletionProtection }, START_MS + 14_999, 'throttled', text);
  const off = after(on, { deletionProtection: false }, START_MS + 15_000);
  assert.equal('deletionProtection' in off, false);
  assert.deepEqual(parseTableRecord(serializeRecord(off)), off);
});

test('what the protection is already begins no pause', () => {
  const same = after(table, { deletionProtection: false }, START_MS);
  assert.equal(same.history, undefined);
  after(same, { deletionProtection: true }, START_MS + 1);
});

test('the pause is a setting', () => {
  const quotas = { ...SERVICE_QUOTAS, deletionProtectionPauseMs: 0 };
  const on = changedTable(table, { id: 'c', atMs: START_MS, deletionProtection: true }, quotas);
  assert.equal('deletionProtection' in changedTable(on, { id: 'd', atMs: START_MS, deletionProtection: false }, quotas), false);
});

test('encryption changes four times in a day that begins with the first change, then every six hours', () => {
  const key = { encryption: { key: 'alias/a' } };
  let changed = table;
  for (let step = 0; step < 4; step++) changed = after(changed, step === 3 ? { encryption: 'off' } : key, START_MS + step);
  const text = (count: number, last: string, next: string) =>
    'Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at 2026-10-10T05:53:10.330Z. ' +
    'After the first 4 change, each subsequent change in the same window can be performed at most once every 21600 seconds. ' +
    `Number of updates today: ${count}. Last change at ${last}. Next changes can be made at ${next}.`;
  const fifthMs = START_MS + 3 + 6 * HOUR_MS;
  refuses(changed, key, fifthMs - 1, 'limit', text(4, '2026-10-09T05:53:10.333Z', '2026-10-09T11:53:10.333Z'));
  const unchanged = 'One or more parameter values were invalid: Table is already encrypted by default';
  refuses(changed, { encryption: 'off' }, START_MS + 4, 'invalid', unchanged);
  const fifth = after(changed, key, fifthMs);
  assert.deepEqual(parseTableRecord(serializeRecord(fifth)), fifth);
  refuses(fifth, key, fifthMs + 1, 'limit', text(5, '2026-10-09T11:53:10.333Z', '2026-10-09T17:53:10.333Z'));
  const sixth = after(fifth, key, START_MS + 23 * HOUR_MS);
  refuses(sixth, key, START_MS + 24 * HOUR_MS - 1, 'limit', text(6, '2026-10-10T04:53:10.330Z', '2026-10-10T05:53:10.330Z'));
  const nextDay = after(sixth, key, START_MS + 24 * HOUR_MS);
  assert.deepEqual(nextDay.history, {
    encryptionWindowAtMs: START_MS + 24 * HOUR_MS,
    encryptionAtMs: START_MS + 24 * HOUR_MS,
    encryptionChanges: 1,
  });
});
