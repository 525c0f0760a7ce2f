import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOG_GROUP } from '../../shared/base/ids.ts';
import { partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import { serializeRecord } from '../../shared/placement/record-format.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import { PLAIN_TABLE } from '../../shared/placement/table-record.fixture.ts';
import { isWantedGroup, neededGroups } from './wanted-group.ts';

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
  const held = [
    { group: CATALOG_GROUP, tableId: 'catalog' },
    { group: TABLE_GROUP, tableId: 't1' },
    { group: INDEX_GROUP, tableId: 'i1' },
    { group: INDEX_GROUP + 1, tableId: 'i1' },
  ].map((identity) => ({ identity }));
  const isRetired = (group: number): boolean =>
    (group === TABLE_GROUP && retired.includes('t1')) || (group === INDEX_GROUP && retired.includes('i1'));
  assert.deepEqual(
    neededGroups(held, view),
    held.filter(({ identity }) => !isRetired(identity.group)),
  );
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

test('which groups of a node are needed is found by one walk through the partitions, however many there are', () => {
  const count = 1000;
  const view = new CatalogView();
  for (let at = 0; at < count; at++) {
    const record: PartitionRecord = { ...partition('t1', 10 + at), partitionId: at };
    const value = serializeRecord(at % 2 === 0 ? record : { ...record, retired: true });
    view.apply(view.slot + 1, [{ key: partitionKey('t1', at), value }], assert.fail);
  }
  const held = Array.from({ length: count }, (_, at) => ({ identity: { group: 10 + at, tableId: 't1' } }));
  let looks = 0;
  const counted = view.partitions('t1').map(({ record, low, high }) => ({
    low,
    high,
    get record() {
      looks += 1;
      return record;
    },
  }));
  const needed = neededGroups(held, { partitions: (tableId) => (tableId === 't1' ? counted : []) });
  assert.deepEqual(
    needed,
    held.filter((_, at) => at % 2 === 0),
  );
  assert.equal(looks, count);
});
