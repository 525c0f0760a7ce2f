import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOG_GROUP } from '../../shared/base/ids.ts';
import { partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import { serializeRecord } from '../../shared/placement/record-format.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import { PLAIN_TABLE } from '../../shared/placement/table-record.fixture.ts';
import { isRetiredGroup, isWantedGroup } from './wanted-group.ts';

const TABLE_GROUP = 5;
const INDEX_GROUP = 6;
const INDEX: GlobalIndex = {
  name: 'x',
  indexId: 'i1',
  keys: { partition: [{ name: 'a', type: 'S' }], sort: [] },
  projection: { kind: 'all' },
  status: 'ACTIVE',
};

function partition(tableId: string, group: number): PartitionRecord {
  const replicas = [{ replica: 100, node: 'node-a', az: 'a' }];
  return { tableId, partitionId: 0, group, generation: 1, epoch: 1, low: '', high: '', configuration: 1, replicas };
}

/** Whether the table's partition and that of its index may be given members. */
function wanted(table: Partial<TableRecord> | undefined, retired: readonly string[] = []): boolean[] {
  const view = new CatalogView();
  const set = (key: string, value: Uint8Array): void => view.apply(view.slot + 1, [{ key, value }], assert.fail);
  if (table !== undefined) set(tableKey('1', 'r', 'Music'), serializeRecord({ ...PLAIN_TABLE, globalIndexes: [INDEX], ...table }));
  for (const [tableId, group] of [
    ['t1', TABLE_GROUP],
    ['i1', INDEX_GROUP],
  ] as const) {
    const record = partition(tableId, group);
    set(partitionKey(tableId, 0), serializeRecord(retired.includes(tableId) ? { ...record, retired: true } : record));
  }
  assert.ok(isWantedGroup({ group: CATALOG_GROUP, tableId: 'catalog' }, view));
  assert.ok(!isRetiredGroup({ group: CATALOG_GROUP, tableId: 'catalog' }, view));
  assert.equal(isRetiredGroup({ group: INDEX_GROUP, tableId: 'i1' }, view), retired.includes('i1'));
  assert.ok(!isRetiredGroup({ group: INDEX_GROUP + 1, tableId: 'i1' }, view));
  return [isWantedGroup({ group: TABLE_GROUP, tableId: 't1' }, view), isWantedGroup({ group: INDEX_GROUP, tableId: 'i1' }, view)];
}

test('partitions of a table and of its indexes may be given members, on their way, too', () => {
  assert.deepEqual(wanted({}), [true, true]);
  assert.deepEqual(wanted({ status: 'UPDATING', globalIndexes: [{ ...INDEX, status: 'CREATING', backfilling: true }] }), [true, true]);
});

test('those of a table that goes or is gone may not, nor those of an index that goes, is gone or was given up', () => {
  assert.deepEqual(wanted({ status: 'DELETING' }), [false, false]);
  assert.deepEqual(wanted(undefined), [false, false]);
  assert.deepEqual(wanted({ status: 'UPDATING', globalIndexes: [{ ...INDEX, status: 'DELETING' }] }), [true, false]);
  assert.deepEqual(wanted({ globalIndexes: [] }), [true, false]);
  const givenUp: GlobalIndex = { ...INDEX, indexId: 'i1.7', former: ['i1'], status: 'CREATING', backfilling: true, waiting: true };
  assert.deepEqual(wanted({ status: 'UPDATING', globalIndexes: [givenUp] }), [true, false]);
});

test('one that is retired may not, whatever else the catalog says', () => {
  assert.deepEqual(wanted({}, ['i1']), [true, false]);
  assert.deepEqual(wanted({}, ['t1']), [false, true]);
});
