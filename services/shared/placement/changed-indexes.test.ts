import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TableRecord } from './catalog-records.ts';
import { changedTable, hasIndexInMotion, makesUpdating, TableChangeRefusal } from './changed-table.ts';
import type { GlobalIndexUpdate } from './index-update.ts';
import { settingsOf } from './partition-settings.ts';
import { parseTableRecord, serializeRecord } from './record-format.ts';
import { settledTable } from './settled-table.ts';
import { parseTableChange, serializeTableChange } from './table-change.ts';
import type { TableChange } from './table-change.ts';
import type { GlobalIndex } from './table-indexes.ts';

const HOUR_MS = 3_600_000;
/** Friday, 9 October 2026, 00:00 UTC. */
const MIDNIGHT_MS = 20_735 * 24 * HOUR_MS;
const INVALID = 'One or more parameter values were invalid: ';
const IN_USE = 'Attempt to change a resource which is still in use: ';
const ONE_AT_A_TIME = 'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table';

const units = (readUnits: number, writeUnits: number) => ({ readUnits, writeUnits });

const index = (name: string, more: Partial<GlobalIndex> = {}): GlobalIndex => ({
  name,
  indexId: `id of ${name}`,
  keys: { partition: [{ name: 'a', type: 'S' }], sort: [] },
  projection: { kind: 'all' },
  status: 'ACTIVE',
  ...more,
});

const onDemand: TableRecord = {
  account: '1',
  region: 'r',
  name: 'Music',
  tableId: 't1',
  keys: { partition: { name: 'id', type: 'S' }, sort: { name: 'at', type: 'N' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
  generation: 7,
  status: 'ACTIVE',
  localIndexes: [{ name: 'local', number: 1, sort: { name: 'l', type: 'B' }, projection: { kind: 'include', attributes: ['x', 'y'] } }],
  globalIndexes: [index('one'), index('two')],
  settingsVersion: 3,
  settledVersion: 3,
};
const provisioned: TableRecord = {
  ...onDemand,
  billingMode: 'PROVISIONED',
  throughput: units(5, 5),
  globalIndexes: [index('one', { throughput: units(10, 10) }), index('two', { throughput: units(2, 2) })],
};

const change = (asked: Omit<TableChange, 'id' | 'atMs'>, atMs = MIDNIGHT_MS): TableChange => ({ id: 'c', atMs, ...asked });
const updates = (...globalIndexes: GlobalIndexUpdate[]): TableChange => change({ globalIndexes });
const create = (name: string, more: object = {}): GlobalIndexUpdate => {
  const { status: _status, ...rest } = index(name);
  return { kind: 'create', index: { ...rest, ...more } };
};
const remove = (name: string): GlobalIndexUpdate => ({ kind: 'delete', name });
const update = (name: string, more: object): GlobalIndexUpdate => ({ kind: 'update', name, ...more });

function refuses(table: TableRecord, asked: TableChange, kind: TableChangeRefusal['kind'], message: string): void {
  assert.throws(
    () => changedTable(table, asked),
    (error) => {
      assert.ok(error instanceof TableChangeRefusal, String(error));
      assert.deepEqual([error.kind, error.message], [kind, message]);
      return true;
    },
  );
}

const find = (table: TableRecord, name: string): GlobalIndex =>
  table.globalIndexes?.find((one) => one.name === name) ?? assert.fail(`no index ${name}`);

test('an index that is added is on its way, and partitions are to be told of it', () => {
  const table = changedTable(onDemand, updates(create('three', { onDemandThroughput: { maxReadUnits: 7 } })));
  assert.deepEqual(find(table, 'three'), {
    ...index('three'),
    status: 'CREATING',
    backfilling: true,
    onDemandThroughput: { maxReadUnits: 7 },
  });
  assert.deepEqual([table.status, table.settingsVersion, table.settledVersion], ['UPDATING', 4, 3]);
  assert.ok(hasIndexInMotion(table) && makesUpdating(updates(create('three'))));
  assert.deepEqual(
    settingsOf(table).globalIndexes.map(({ name, backfill }) => [name, backfill]),
    [
      ['one', false],
      ['two', false],
      ['three', true],
    ],
  );
  assert.equal(hasIndexInMotion(settledTable(table, false)), false);
});

test('an index that is deleted is told of no more', () => {
  const table = changedTable(onDemand, updates(remove('one')));
  assert.deepEqual([find(table, 'one').status, table.status, table.settingsVersion], ['DELETING', 'UPDATING', 4]);
  assert.deepEqual(
    settingsOf(table).globalIndexes.map(({ name }) => name),
    ['two'],
  );
  // One that is being filled goes too; until it has its partitions it does not.
  const building = changedTable(onDemand, updates(create('three')));
  refuses(
    building,
    updates(remove('three')),
    'in-use',
    `${IN_USE}Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. ` +
      'Table: Music Index: three',
  );
  const filling = { ...building, globalIndexes: building.globalIndexes?.map((one) => ({ ...one, placed: true as const })) ?? [] };
  const gone = find(changedTable(filling, updates(remove('three'))), 'three');
  assert.deepEqual([gone.status, gone.backfilling], ['DELETING', undefined]);
});

test('one index is created or deleted at a time', () => {
  refuses(onDemand, updates(create('three'), create('four')), 'limit', ONE_AT_A_TIME);
  refuses(onDemand, updates(create('three'), remove('one')), 'limit', ONE_AT_A_TIME);
  const building = changedTable(onDemand, updates(create('three')));
  refuses(building, updates(create('four')), 'limit', ONE_AT_A_TIME);
  refuses(building, updates(remove('one')), 'limit', ONE_AT_A_TIME);
  const deleting = changedTable(onDemand, updates(remove('one')));
  const beingDeleted = `${IN_USE}Index is being deleted. Table: Music Index: one`;
  refuses(deleting, updates(create('one')), 'in-use', beingDeleted);
  refuses(deleting, updates(remove('one')), 'in-use', beingDeleted);
  refuses(deleting, updates(update('one', { warmThroughput: units(20_000, 9000) })), 'in-use', beingDeleted);
  refuses(deleting, updates(remove('two')), 'limit', ONE_AT_A_TIME);
  refuses(
    building,
    updates(update('three', { onDemandThroughput: { maxReadUnits: 1 } })),
    'in-use',
    `${IN_USE}Index is being created but is not backfilling yet. Table: Music Index: three`,
  );
  // Another one may be given other throughput meanwhile.
  changedTable(deleting, updates(update('two', { onDemandThroughput: { maxReadUnits: 1 } })));
});

test('capacity is not changed while an index is on its way', () => {
  const switched = change({ billingMode: 'PAY_PER_REQUEST' });
  const iops = (being: string, name: string) =>
    `${IN_USE}Can't change table IOPS when an index is being ${being}. Table: Music Indexes: [${name}]`;
  refuses(changedTable(onDemand, updates(create('three'))), switched, 'in-use', iops('created', 'three'));
  refuses(changedTable(onDemand, updates(remove('one'))), switched, 'in-use', iops('deleted', 'one'));
});

test('names that are taken, that nobody has, or that local indexes have', () => {
  const exists = 'Attempting to create an index which already exists';
  refuses(onDemand, updates(create('one')), 'invalid', exists);
  refuses(onDemand, updates(create('local')), 'invalid', exists);
  const missing = 'Requested resource not found: Index ghost for table Music';
  refuses(onDemand, updates(remove('ghost')), 'not-found', missing);
  refuses(
    provisioned,
    updates(update('one', { throughput: units(3, 3) }), update('ghost', { throughput: units(3, 3) })),
    'not-found',
    missing,
  );
  refuses(onDemand, updates(remove('local')), 'invalid', 'Cannot delete an index that is not a GlobalSecondaryIndex: local');
  refuses(onDemand, updates(update('local', {})), 'invalid', 'Cannot update an index that is not a GlobalSecondaryIndex: local');
});

test('a new index has the capacity of its table’s billing mode', () => {
  refuses(
    provisioned,
    updates(create('three')),
    'invalid',
    `${INVALID}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: three`,
  );
  refuses(
    onDemand,
    updates(create('three', { throughput: units(1, 1) })),
    'invalid',
    `${INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: three when BillingMode is PAY_PER_REQUEST`,
  );
  refuses(
    provisioned,
    updates(create('three', { throughput: units(1, 1), onDemandThroughput: { maxWriteUnits: 5 } })),
    'invalid',
    `${INVALID}MaxWriteRequestUnits for OnDemandThroughput for index : three cannot be specified when the table BillingMode is PROVISIONED`,
  );
  refuses(
    onDemand,
    updates(create('three', { warmThroughput: { readUnits: 11_999 } })),
    'invalid',
    `${INVALID}Requested ReadUnitsPerSecond for WarmThroughput for index three is lower than initial throughput for OnDemand. See: ` +
      'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial',
  );
  const warm = changedTable(onDemand, updates(create('three', { warmThroughput: { writeUnits: 9000 } })));
  assert.deepEqual(find(warm, 'three').warmThroughput, units(12_000, 9000));
  // The billing mode that counts is the one that comes with the index.
  const both = changedTable(provisioned, change({ billingMode: 'PAY_PER_REQUEST', globalIndexes: [create('three')] }));
  assert.deepEqual(
    [both.billingMode, find(both, 'three').throughput, find(both, 'one').throughput],
    ['PAY_PER_REQUEST', undefined, undefined],
  );
});

test('limits of a table’s indexes', () => {
  const full = { ...onDemand, globalIndexes: Array.from({ length: 20 }, (_, at) => index(`g${at}`)) };
  refuses(
    full,
    updates(create('three')),
    'limit',
    'Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20',
  );
  const including = (count: number) => ({ kind: 'include', attributes: Array.from({ length: count }, (_, at) => `n${at}`) }) as const;
  const wide = { ...onDemand, globalIndexes: Array.from({ length: 5 }, (_, at) => index(`g${at}`, { projection: including(18) })) };
  changedTable(wide, updates(create('three', { projection: including(8) })));
  refuses(
    wide,
    updates(create('three', { projection: including(9) })),
    'invalid',
    `${INVALID}Number of NonKeyAttributes over all secondary indexes exceeds the per-table limit of 100`,
  );
  const keys = { partition: [{ name: 'at', type: 'S' }], sort: [] };
  refuses(
    onDemand,
    updates(create('three', { keys })),
    'invalid',
    `${INVALID}Attribute at is defined as S for index: three, but is a key attribute of type N already`,
  );
});

test('throughput of an index goes up and down by a history of its own', () => {
  let table = changedTable(provisioned, updates(update('one', { throughput: units(20, 20) }), update('two', { throughput: units(3, 2) })));
  assert.deepEqual([table.status, table.settingsVersion], ['ACTIVE', 3], 'there is nothing to tell, and nothing to wait for');
  assert.deepEqual(find(table, 'one'), {
    ...index('one', { throughput: units(20, 20) }),
    warmThroughput: units(20, 20),
    history: { throughputRaisedAtMs: MIDNIGHT_MS },
  });
  for (let step = 1; step <= 4; step++) table = changedTable(table, updates(update('one', { throughput: units(20 - step, 20) })));
  assert.deepEqual([find(table, 'one').warmThroughput, find(table, 'one').history?.throughputDecreases], [units(20, 20), 4]);
  assert.throws(
    () => changedTable(table, updates(update('one', { throughput: units(1, 1) }))),
    /decreases are limited within a given UTC day/,
  );
  changedTable(table, updates(update('two', { throughput: units(1, 1) })));
  refuses(
    table,
    updates(update('two', { throughput: units(3, 2) })),
    'invalid',
    'The provisioned throughput for the index two will not change. The requested value equals the current value. ' +
      'Current ReadCapacityUnits provisioned for index two: 3. Requested ReadCapacityUnits: 3. ' +
      'Current WriteCapacityUnits provisioned for index two: 2. Requested WriteCapacityUnits: 2. ' +
      'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
  );
});

test('an index on demand has maxima and warm throughput to change', () => {
  const only = `${INVALID}The only Updates for index: one when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`;
  refuses(onDemand, updates(update('one', { throughput: units(1, 1) })), 'invalid', only);
  refuses(onDemand, updates(update('one', {})), 'invalid', only);
  let table = changedTable(onDemand, updates(update('one', { onDemandThroughput: { maxReadUnits: 5, maxWriteUnits: 6 } })));
  table = changedTable(table, updates(update('one', { onDemandThroughput: { maxReadUnits: -1 } })));
  assert.deepEqual(find(table, 'one').onDemandThroughput, { maxWriteUnits: 6 });
  table = changedTable(table, updates(update('one', { onDemandThroughput: { maxWriteUnits: -1 }, warmThroughput: { readUnits: 12_001 } })));
  assert.deepEqual([find(table, 'one').onDemandThroughput, find(table, 'one').warmThroughput], [undefined, units(12_001, 4000)]);
  refuses(
    table,
    updates(update('one', { warmThroughput: units(12_000, 4000) })),
    'invalid',
    `${INVALID}Requested ReadUnitsPerSecond for WarmThroughput for index one is lower than current WarmThroughput, ` +
      'decreasing WarmThroughput is not supported',
  );
  refuses(
    provisioned,
    updates(update('one', { onDemandThroughput: { maxReadUnits: 1 } })),
    'invalid',
    `${INVALID}MaxReadRequestUnits for OnDemandThroughput for index : one cannot be specified when the table BillingMode is PROVISIONED`,
  );
});

test('the billing mode takes the indexes along', () => {
  const capped = changedTable(onDemand, updates(update('one', { onDemandThroughput: { maxReadUnits: 5 } })));
  const asked = { billingMode: 'PROVISIONED', throughput: units(9, 9) } as const;
  refuses(capped, change(asked), 'invalid', `${INVALID}ProvisionedThroughput must be specified for index: one,two`);
  const one = update('one', { throughput: units(1, 1) });
  refuses(
    capped,
    change({ ...asked, globalIndexes: [one] }),
    'invalid',
    `${INVALID}ProvisionedThroughput must be specified for index: two`,
  );
  const table = changedTable(capped, change({ ...asked, globalIndexes: [one, update('two', { throughput: units(2, 2) })] }));
  assert.deepEqual(
    [find(table, 'one').throughput, find(table, 'one').onDemandThroughput, find(table, 'one').history],
    [units(1, 1), undefined, undefined],
  );
  const back = changedTable(settledTable(table, false), change({ billingMode: 'PAY_PER_REQUEST' }));
  assert.deepEqual([find(back, 'two').throughput, find(back, 'two').warmThroughput], [undefined, units(12_000, 4000)]);
});

test('changes of indexes and what they make are read back as they were written', () => {
  const named = fc.constantFrom('one', 'two', 'three', 'local', 'ghost');
  const throughput = fc.constantFrom({}, { throughput: units(3, 4) });
  const warm = fc.constantFrom({}, { warmThroughput: { readUnits: 20_000 } }, { warmThroughput: units(30_000, 9000) });
  const maxima = fc.constantFrom({}, { onDemandThroughput: { maxReadUnits: 3 } });
  const more = fc.tuple(throughput, warm, maxima).map((parts) => Object.assign({}, ...parts) as object);
  const anyUpdate = fc.oneof(
    fc.tuple(named, more).map(([name, rest]) => create(name, rest)),
    fc.tuple(named, more).map(([name, rest]) => update(name, rest)),
    named.map(remove),
  );
  fc.assert(
    fc.property(fc.array(anyUpdate, { maxLength: 6 }), fc.constantFrom(provisioned, onDemand), (list, start) => {
      let table = start;
      for (const one of list) {
        const asked = updates(one);
        assert.deepEqual(parseTableChange(serializeTableChange(asked)), asked);
        try {
          table = changedTable(table, asked);
        } catch (error) {
          if (!(error instanceof TableChangeRefusal)) throw error;
        }
        assert.deepEqual(parseTableRecord(serializeRecord(table)), table);
        for (const { throughput: held } of table.globalIndexes ?? []) assert.equal(held !== undefined, table.billingMode === 'PROVISIONED');
        const moving = (table.globalIndexes ?? []).filter(({ status }) => status !== 'ACTIVE');
        assert.ok(moving.length <= 1);
      }
    }),
    { numRuns: 500 },
  );
});
