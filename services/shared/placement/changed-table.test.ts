import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TableRecord } from './catalog-records.ts';
import { changedTable, TableChangeRefusal } from './changed-table.ts';
import { parseTableRecord, serializeRecord } from './record-format.ts';
import { parseTableChange, serializeTableChange } from './table-change.ts';
import type { TableChange } from './table-change.ts';
import { partitionCount } from './table-plan.ts';
import { writtenTime } from './written-time.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Friday, 9 October 2026, 00:00 UTC. */
const MIDNIGHT_MS = 20_735 * DAY_MS;
const INVALID = 'One or more parameter values were invalid: ';

const provisioned: TableRecord = {
  account: '1',
  region: 'r',
  name: 'Music',
  tableId: 't1',
  keys: { partition: { name: 'id', type: 'S' } },
  billingMode: 'PROVISIONED',
  throughput: { readUnits: 10, writeUnits: 10 },
  createdAtMs: 5,
  generation: 7,
  status: 'ACTIVE',
};
const { throughput: _throughput, ...withoutThroughput } = provisioned;
const onDemand: TableRecord = { ...withoutThroughput, billingMode: 'PAY_PER_REQUEST' };

const change = (asked: Omit<TableChange, 'id' | 'atMs'>, atMs = MIDNIGHT_MS): TableChange => ({ id: 'c', atMs, ...asked });
const units = (readUnits: number, writeUnits: number) => ({ throughput: { readUnits, writeUnits } });

function refuses(table: TableRecord, asked: TableChange, kind: 'invalid' | 'limit', message: string): void {
  assert.throws(
    () => changedTable(table, asked),
    (error) => {
      assert.ok(error instanceof TableChangeRefusal, String(error));
      assert.deepEqual([error.kind, error.message], [kind, message]);
      return true;
    },
  );
}

test('throughput goes up and down, four times a day, then once an hour', () => {
  let table = changedTable(provisioned, change(units(20, 10), MIDNIGHT_MS));
  assert.deepEqual([table.status, table.throughput, table.changes], ['UPDATING', { readUnits: 20, writeUnits: 10 }, ['c']]);
  assert.deepEqual(table.history, { throughputRaisedAtMs: MIDNIGHT_MS });
  for (let step = 1; step <= 4; step++) {
    table = changedTable(table, change(units(20 - step, step === 1 ? 12 : 11), MIDNIGHT_MS + step));
    assert.equal(table.history?.throughputDecreases, step);
    assert.equal(table.history?.throughputRaisedAtMs, MIDNIGHT_MS + 1, 'the first of them raised the other units');
  }
  const last = MIDNIGHT_MS + 4;
  refuses(
    table,
    change(units(1, 1), last + HOUR_MS - 1),
    'limit',
    'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each ' +
      'subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: 4. ' +
      'Last decrease at Friday, October 9, 2026 at 12:00:00 AM Coordinated Universal Time. ' +
      'Next decrease can be made at Friday, October 9, 2026 at 1:00:00 AM Coordinated Universal Time',
  );
  changedTable(table, change(units(30, 30), last + 1));
  const fifth = changedTable(table, change(units(1, 1), last + HOUR_MS));
  assert.equal(fifth.history?.throughputDecreases, 5);
  assert.throws(() => changedTable(fifth, change({ throughput: { readUnits: 1, writeUnits: 1 } }, last + HOUR_MS)), /will not change/);
  const late = { ...table, history: { ...table.history, throughputLoweredAtMs: MIDNIGHT_MS + DAY_MS - 1000 } };
  const nextDay = changedTable(late, change(units(1, 1), MIDNIGHT_MS + DAY_MS));
  assert.equal(nextDay.history?.throughputDecreases, 1);
});

test('throughput that is there already is refused', () => {
  refuses(
    provisioned,
    change({ billingMode: 'PROVISIONED', ...units(10, 10) }),
    'invalid',
    'The provisioned throughput for the table will not change. The requested value equals the current value. ' +
      'Current ReadCapacityUnits provisioned for the table: 10. Requested ReadCapacityUnits: 10. ' +
      'Current WriteCapacityUnits provisioned for the table: 10. Requested WriteCapacityUnits: 10. ' +
      'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
  );
});

test('the billing mode goes to and fro, and what a table was made ready for is never lost', () => {
  const there = changedTable(provisioned, change({ billingMode: 'PAY_PER_REQUEST' }, 77));
  assert.deepEqual(
    [there.billingMode, there.throughput, there.history, there.warmThroughput],
    ['PAY_PER_REQUEST', undefined, { onDemandAtMs: 77, onDemandSwitchesAtMs: [77] }, { readUnits: 12_000, writeUnits: 4000 }],
  );
  const back = changedTable(there, change({ billingMode: 'PROVISIONED', ...units(1, 1) }));
  assert.deepEqual(
    [back.throughput, back.warmThroughput],
    [
      { readUnits: 1, writeUnits: 1 },
      { readUnits: 12_000, writeUnits: 4000 },
    ],
  );
  assert.deepEqual(back.history, { onDemandAtMs: 77, onDemandSwitchesAtMs: [77] });
  assert.deepEqual(changedTable(onDemand, change({ billingMode: 'PROVISIONED', ...units(1, 1) })).history, { onDemandAtMs: 5 });
  const same = changedTable(onDemand, change({ billingMode: 'PAY_PER_REQUEST' }));
  assert.deepEqual(same, { ...onDemand, status: 'UPDATING', changes: ['c'] });
  const none = `${INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`;
  refuses(onDemand, change(units(1, 1)), 'invalid', none);
});

test('maxima of a table on demand come and go one by one', () => {
  const both = changedTable(onDemand, change({ onDemandThroughput: { maxReadUnits: 5, maxWriteUnits: 6 } }));
  assert.deepEqual([both.status, both.onDemandThroughput], ['ACTIVE', { maxReadUnits: 5, maxWriteUnits: 6 }]);
  const one = changedTable(both, change({ onDemandThroughput: { maxReadUnits: -1 } }));
  assert.deepEqual(one.onDemandThroughput, { maxWriteUnits: 6 });
  assert.equal('onDemandThroughput' in changedTable(one, change({ onDemandThroughput: { maxWriteUnits: -1 } })), false);
  const text = 'for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED';
  refuses(provisioned, change({ onDemandThroughput: { maxWriteUnits: 5 } }), 'invalid', `${INVALID}MaxWriteRequestUnits ${text}`);
  const switched = changedTable(both, change({ billingMode: 'PROVISIONED', ...units(1, 1) }));
  assert.equal('onDemandThroughput' in switched, false);
});

test('warm throughput only grows, and a new table has the partitions for it', () => {
  const warm = changedTable(onDemand, change({ warmThroughput: { readUnits: 40_000 } }));
  assert.deepEqual([warm.status, warm.warmThroughput], ['ACTIVE', { readUnits: 40_000, writeUnits: 4000 }]);
  assert.equal(partitionCount(warm), 14);
  assert.equal(partitionCount(onDemand), 4);
  refuses(
    warm,
    change({ warmThroughput: { writeUnits: 3999 } }),
    'invalid',
    `${INVALID}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, ` +
      'decreasing WarmThroughput is not supported',
  );
});

test('the table class changes twice in thirty days', () => {
  assert.equal(changedTable(provisioned, change({ tableClass: 'STANDARD' })).tableClass, undefined);
  const first = changedTable(provisioned, change({ tableClass: 'STANDARD_INFREQUENT_ACCESS' }, 1000));
  const second = changedTable(first, change({ tableClass: 'STANDARD' }, 2000));
  assert.deepEqual([second.tableClass, second.history?.tableClassAtMs], ['STANDARD', [1000, 2000]]);
  const limit = 'Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).';
  refuses(second, change({ tableClass: 'STANDARD_INFREQUENT_ACCESS' }, 1000 + 30 * DAY_MS - 1), 'limit', limit);
  refuses(second, change({ tableClass: 'STANDARD' }, 3000), 'limit', limit);
  const third = changedTable(second, change({ tableClass: 'STANDARD_INFREQUENT_ACCESS' }, 1000 + 30 * DAY_MS));
  assert.deepEqual(third.history?.tableClassAtMs, [2000, 1000 + 30 * DAY_MS]);
});

test('a table is switched to on-demand capacity four times a day', () => {
  let table = provisioned;
  const start = Date.parse('2026-10-09T03:07:45.900Z');
  const there = (atMs: number) => change({ billingMode: 'PAY_PER_REQUEST' }, atMs);
  for (let step = 0; step < 4; step++) {
    const onDemandNow = changedTable(table, there(start + step * HOUR_MS));
    table = changedTable(onDemandNow, change({ billingMode: 'PROVISIONED', ...units(5, 5) }, start + step * HOUR_MS));
  }
  const text =
    'Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day(s). ' +
    'Last update at Fri Oct 09 06:07:45 UTC 2026. Next update can be made at Sat Oct 10 03:07:45 UTC 2026';
  refuses(table, there(start + DAY_MS - 1), 'limit', text);
  const fifth = changedTable(table, there(start + DAY_MS));
  assert.equal(fifth.history?.onDemandSwitchesAtMs?.length, 4, 'the first is no longer asked for');
  changedTable(onDemand, there(start));
});

test('encryption and tags', () => {
  refuses(provisioned, change({ encryption: 'off' }), 'invalid', `${INVALID}Table is already encrypted by default`);
  const arn = 'arn:aws:kms:r:1:key/k';
  const encrypted = changedTable(provisioned, change({ encryption: { key: arn } }));
  assert.deepEqual(encrypted.encryption, { key: arn });
  refuses(
    encrypted,
    change({ encryption: { key: arn } }),
    'invalid',
    `${INVALID}Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key`,
  );
  assert.equal('encryption' in changedTable(encrypted, change({ encryption: 'off' })), false);
  const a = { key: 'a', value: '1' };
  const tagged = changedTable(provisioned, change({ setTags: [a, { key: 'b', value: '' }] }));
  const replaced = changedTable(tagged, change({ setTags: [{ key: 'a', value: '2' }], removeTags: ['b', 'never there'] }));
  assert.deepEqual(replaced.tags, [{ key: 'a', value: '2' }]);
  assert.equal('tags' in changedTable(replaced, change({ removeTags: ['a'] })), false);
  const many = Array.from({ length: 49 }, (_, at) => ({ key: `k${at}`, value: '' }));
  const full = changedTable(replaced, change({ setTags: many }));
  assert.equal(changedTable(full, change({ setTags: many })).tags?.length, 50);
  const tooMany = 'Number of Tags exceed the current limit for the provided ResourceArn';
  refuses(full, change({ setTags: [{ key: 'one more', value: '' }] }), 'invalid', tooMany);
  const long = Array.from({ length: 39 }, (_, at) => ({ key: `k${String(at).padStart(5, '0')}`, value: 'ä'.repeat(128) }));
  const fits = changedTable(provisioned, change({ setTags: [...long, { key: 'rest', value: 'x'.repeat(18) }] }));
  assert.equal(fits.tags?.length, 40);
  const size = 'Tag set size 10241 bytes is above max size limit of 10240 bytes';
  refuses(fits, change({ setTags: [{ key: 'rest', value: 'x'.repeat(19) }] }), 'invalid', size);
});

test('the ids of the last changes are kept', () => {
  let table = provisioned;
  for (let at = 0; at < 40; at++) table = changedTable(table, { id: `change ${at}`, atMs: at, removeTags: ['a'] });
  assert.deepEqual([table.changes?.length, table.changes?.[0], table.changes?.at(-1)], [32, 'change 8', 'change 39']);
});

test('changes and what they make are read back as they were written', () => {
  const some = fc.record(
    {
      id: fc.constant('c'),
      atMs: fc.nat(),
      billingMode: fc.constantFrom('PROVISIONED' as const, 'PAY_PER_REQUEST' as const),
      throughput: fc.record(
        { readUnits: fc.integer({ min: 1, max: 9 }), writeUnits: fc.integer({ min: 1, max: 9 }) },
        { noNullPrototype: true },
      ),
      tableClass: fc.constantFrom('STANDARD' as const, 'STANDARD_INFREQUENT_ACCESS' as const),
      deletionProtection: fc.boolean(),
      encryption: fc.constantFrom('off' as const, {}, { key: 'alias/a' }),
      onDemandThroughput: fc.constantFrom({}, { maxReadUnits: -1 }, { maxReadUnits: 3, maxWriteUnits: 4 }),
      warmThroughput: fc.constantFrom({}, { readUnits: 20_000 }, { readUnits: 20_000, writeUnits: 9000 }),
      setTags: fc.array(fc.record({ key: fc.string({ minLength: 1 }), value: fc.string() }, { noNullPrototype: true }), { maxLength: 3 }),
      removeTags: fc.array(fc.string(), { maxLength: 3 }),
    },
    { requiredKeys: ['id', 'atMs'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(some, { maxLength: 5 }), fc.constantFrom(provisioned, onDemand), (changes, start) => {
      let table = start;
      for (const one of changes) {
        assert.deepEqual(parseTableChange(serializeTableChange(one)), one);
        try {
          table = changedTable(table, one);
        } catch (error) {
          if (!(error instanceof TableChangeRefusal)) throw error;
        }
        assert.deepEqual(parseTableRecord(serializeRecord(table)), table);
        assert.equal(table.billingMode === 'PROVISIONED', table.throughput !== undefined);
      }
    }),
  );
});

test('times as messages write them', () => {
  const at = (text: string) => writtenTime(Date.parse(text)).replace(' Coordinated Universal Time', '');
  assert.equal(at('2026-10-09T13:05:09.999Z'), 'Friday, October 9, 2026 at 1:05:09 PM');
  assert.equal(at('2024-02-29T12:00:00Z'), 'Thursday, February 29, 2024 at 12:00:00 PM');
  assert.equal(at('1970-01-01T00:00:00Z'), 'Thursday, January 1, 1970 at 12:00:00 AM');
  assert.equal(at('2100-03-01T11:59:59Z'), 'Monday, March 1, 2100 at 11:59:59 AM');
});
