import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from './catalog-records.ts';
import { changedTable, hasIndexInMotion } from './changed-table.ts';
import { CatalogView } from './catalog-view.ts';
import { tableKey } from './catalog-keys.ts';
import { settingsOf } from './partition-settings.ts';
import { withBegunIndexes, withoutLostIndexes } from './rebuilt-index.ts';
import { parseTableRecord, serializeRecord } from './record-format.ts';
import { settledTable } from './settled-table.ts';
import type { GlobalIndex } from './table-indexes.ts';
import { PLAIN_TABLE } from './table-record.fixture.ts';

const index = (name: string): GlobalIndex => ({
  name,
  indexId: `id-of-${name}`,
  keys: { partition: [{ name: 'a', type: 'S' }], sort: [] },
  projection: { kind: 'all' },
  status: 'ACTIVE',
});

const TABLE: TableRecord = {
  ...PLAIN_TABLE,
  globalIndexes: [index('one'), index('two')],
  settingsVersion: 3,
  settledVersion: 3,
};

const lost = withoutLostIndexes(TABLE, ['id-of-one'], 1000);
const named = ({ globalIndexes = [] }: TableRecord, name: string): GlobalIndex =>
  globalIndexes.find((each) => each.name === name) ?? assert.fail(`no index ${name}`);

test('an index that is given up has an id that no index ever had, and its table is told nothing of it', () => {
  assert.deepEqual([lost.status, lost.generation, lost.settingsVersion], ['UPDATING', 8, 4]);
  assert.deepEqual(named(lost, 'one'), {
    ...index('one'),
    indexId: 'id-of-one.7',
    former: ['id-of-one'],
    status: 'CREATING',
    backfilling: true,
    waiting: true,
    rebuilds: { count: 1, lastAtMs: 1000 },
  });
  assert.deepEqual(
    settingsOf(lost).globalIndexes.map(({ name }) => name),
    ['two'],
  );
  const begun = withBegunIndexes(settledTable(lost, false), ['id-of-one.7']);
  assert.deepEqual([begun.status, begun.generation, begun.settingsVersion], ['UPDATING', 10, 5]);
  assert.deepEqual(
    settingsOf(begun).globalIndexes.map(({ indexId, backfill }) => [indexId, backfill]),
    [
      ['id-of-one.7', true],
      ['id-of-two', false],
    ],
  );
  const again = withoutLostIndexes({ ...begun, generation: 12 }, ['id-of-one.7'], 2000);
  assert.deepEqual([named(again, 'one').indexId, named(again, 'one').former], ['id-of-one.12', ['id-of-one.7']]);
});

test('only what was found lost is given up, and what waits or is being deleted is left as it is', () => {
  assert.deepEqual(named(lost, 'two'), index('two'));
  assert.deepEqual(named(withoutLostIndexes(lost, ['id-of-one', 'id-of-one.7'], 2000), 'one'), named(lost, 'one'));
  const deleting = { ...TABLE, globalIndexes: [{ ...index('one'), status: 'DELETING' as const }] };
  assert.equal(named(withoutLostIndexes(deleting, ['id-of-one'], 2000), 'one').status, 'DELETING');
});

test('a settled table keeps an index that waits as it is, without its former partitions', () => {
  const settled = settledTable(lost, false);
  const { former: _former, ...waiting } = named(lost, 'one');
  assert.deepEqual(named(settled, 'one'), waiting);
  assert.deepEqual([settled.status, settled.settledVersion], ['ACTIVE', 4]);
  const begun = withBegunIndexes(settled, [waiting.indexId]);
  assert.equal(hasIndexInMotion(begun), true);
  assert.deepEqual(named(settledTable(begun, false), 'one'), {
    ...index('one'),
    indexId: waiting.indexId,
    rebuilds: { count: 1, lastAtMs: 1000 },
  });
});

test('an index that waits can be deleted, and holds up no other change', () => {
  const settled = settledTable(lost, false);
  assert.equal(hasIndexInMotion(settled), false);
  const change = (asked: object) => changedTable(settled, { id: 'c', atMs: 5, ...asked });
  const gone = named(change({ globalIndexes: [{ kind: 'delete', name: 'one' }] }), 'one');
  assert.deepEqual([gone.status, gone.backfilling, gone.waiting], ['DELETING', undefined, undefined]);
  assert.equal(named(change({ globalIndexes: [{ kind: 'delete', name: 'two' }] }), 'two').status, 'DELETING');
  const { status: _status, ...three } = index('three');
  assert.equal(named(change({ globalIndexes: [{ kind: 'create', index: three }] }), 'three').status, 'CREATING');
  const update = { kind: 'update', name: 'one', onDemandThroughput: { maxReadUnits: 7 } };
  assert.deepEqual(named(change({ globalIndexes: [update] }), 'one').onDemandThroughput, { maxReadUnits: 7 });
});

test('a record says all of it, and the catalog knows whose former partitions are', () => {
  assert.deepEqual(parseTableRecord(serializeRecord(lost)), lost);
  const view = new CatalogView();
  const key = tableKey('1', 'r', 'Music');
  view.apply(1, [{ key, value: serializeRecord(lost) }], assert.fail);
  assert.deepEqual(
    ['id-of-one', 'id-of-one.7', 'id-of-two'].map((id) => view.ownerOf(id)?.tableId),
    ['t1', 't1', 't1'],
  );
  view.apply(2, [{ key, value: serializeRecord(settledTable(lost, false)) }], assert.fail);
  assert.deepEqual([view.ownerOf('id-of-one'), view.ownerOf('id-of-one.7')?.tableId], [undefined, 't1']);
});
