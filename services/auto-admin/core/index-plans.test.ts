import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionKey } from '../../shared/placement/catalog-keys.ts';
import { RETIRED_PARTITIONS_MAX } from '../../shared/limits/auto-admin-limits.ts';
import { settledTable } from '../../shared/placement/settled-table.ts';
import { index, LIVES, PlanWorld, TABLE, TABLE_KEY } from './plan-world.fixture.ts';
import { allPartitions, planNextSteps, unfinishedTables } from './planner.ts';

test('an index comes with its table, another later, one goes, and then all go, whatever is forgotten on the way', () => {
  for (const forget of LIVES) {
    const world = new PlanWorld();
    world.set(TABLE_KEY, { ...TABLE, globalIndexes: [index('x', {}), index('y', {})] });
    world.finish(forget);
    const created = world.table;
    assert.deepEqual(
      created?.globalIndexes?.map(({ status }) => status),
      ['ACTIVE', 'ACTIVE'],
    );
    assert.equal(allPartitions(world.view, created).length, 12);
    assert.equal(world.replicas.size, 36);

    const added = [...(created.globalIndexes ?? []), index('z', { backfilling: true })];
    world.asked.clear();
    world.set(TABLE_KEY, { ...created, status: 'UPDATING', settingsVersion: 2, globalIndexes: added });
    world.finish(forget);
    assert.deepEqual(world.table?.globalIndexes?.at(-1), index('z', { status: 'ACTIVE' }));
    assert.deepEqual([world.table?.status, world.table?.settledVersion, world.replicas.size], ['ACTIVE', 2, 48]);

    const going = (world.table?.globalIndexes ?? []).map((each) => (each.name === 'x' ? { ...each, status: 'DELETING' as const } : each));
    world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 3, globalIndexes: going });
    world.finish(forget);
    assert.deepEqual(
      world.table?.globalIndexes?.map(({ name }) => name),
      ['y', 'z'],
    );
    assert.equal(world.view.partitions('index-x').length, 0);
    assert.deepEqual([world.table?.status, world.replicas.size], ['ACTIVE', 36]);

    world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'DELETING' });
    world.finish(forget);
    assert.equal(world.table, undefined);
    assert.deepEqual([world.replicas.size, [...world.view.tableIdsWithPartitions()].length], [0, 0]);
  }
});

test('a new index is placed, led, known to be, told, and only then ACTIVE', () => {
  const world = new PlanWorld();
  world.set(TABLE_KEY, TABLE);
  world.finish(() => false);
  world.done.length = 0;
  world.asked.clear();
  const globalIndexes = [index('x', { backfilling: true, throughput: { readUnits: 1, writeUnits: 1 } })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes });
  world.finish(() => false);
  assert.deepEqual(world.done, [
    'place-table',
    'create-replica',
    'observe-node',
    'mark-placed',
    'apply-settings',
    'follow-indexes',
    'activate-table',
  ]);
});

test('an index that is placed is not made again as new, whatever is forgotten', () => {
  const world = new PlanWorld();
  world.set(TABLE_KEY, TABLE);
  world.finish(() => false);
  const globalIndexes = [index('x', { backfilling: true })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes });
  let isForgotten = false;
  world.finish(() => {
    const forgets = !isForgotten && world.table?.globalIndexes?.[0]?.placed === true;
    if (forgets) isForgotten = true;
    return forgets;
  });
  assert.ok(isForgotten);
  assert.ok(world.done.lastIndexOf('create-replica') < world.done.lastIndexOf('mark-placed'));
});

/** A table whose index is being deleted. */
function worldWithIndexGoing(): PlanWorld {
  const world = new PlanWorld();
  world.set(TABLE_KEY, { ...TABLE, globalIndexes: [index('x', {})] });
  world.finish(() => false);
  const going = [index('x', { status: 'DELETING' })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes: going });
  return world;
}

test('an index that is deleted holds its table up no longer than until nobody sends to it, whatever nodes are down', () => {
  const world = worldWithIndexGoing();
  const { steps } = planNextSteps(world.view, 't1', world.knowledge, world.pace);
  assert.ok(steps.every(({ kind }) => kind === 'apply-settings'));
  for (const { record } of world.view.partitions('t1')) world.knowledge.settings.set(record.group, 2);
  const retirements = planNextSteps(world.view, 't1', world.knowledge, world.pace).steps;
  assert.ok(retirements.length === 4 && retirements.every(({ kind }) => kind === 'retire-partition'));
  for (const { record } of world.view.partitions('index-x'))
    world.set(partitionKey('index-x', record.partitionId), { ...record, generation: 2, retired: true });
  const [activation] = planNextSteps(world.view, 't1', world.knowledge, world.pace).steps;
  assert.ok(activation?.kind === 'activate-table');
  world.set(TABLE_KEY, settledTable(activation.table, false));
  assert.deepEqual([...unfinishedTables(world.view, world.knowledge, world.pace)], ['index-x']);
  const left = (): string[] => planNextSteps(world.view, 'index-x', world.knowledge, world.pace).steps.map(({ kind }) => kind);
  assert.deepEqual(left(), Array<string>(12).fill('delete-replica'));
  // No record goes before the last replica, however many are gone.
  const replicas = world.view.partitions('index-x').flatMap(({ record }) => record.replicas);
  for (const { replica, node } of replicas) if (node !== 'node-b') world.knowledge.destroyed.add(replica);
  assert.deepEqual(left(), Array<string>(4).fill('delete-replica'));
  for (const { replica } of replicas) world.knowledge.destroyed.add(replica);
  assert.deepEqual(left(), Array<string>(4).fill('delete-partition'));
});

test('what is retired is destroyed while its table is still worked on, and nothing else of the index is', () => {
  const world = worldWithIndexGoing();
  const [first] = world.view.partitions('index-x').map(({ record }) => record);
  assert.ok(first !== undefined);
  assert.deepEqual([...unfinishedTables(world.view, world.knowledge, world.pace)], ['t1']);
  world.set(partitionKey('index-x', first.partitionId), { ...first, generation: 2, retired: true });
  assert.deepEqual([...unfinishedTables(world.view, world.knowledge, world.pace)], ['t1', 'index-x']);
  const { steps } = planNextSteps(world.view, 'index-x', world.knowledge, world.pace);
  assert.deepEqual(
    steps.map((step) => step.kind === 'delete-replica' && step.partition.group),
    [first.group, first.group, first.group],
  );
});

test('where the catalog keeps as many retired partitions as it may, a table waits for the replicas of its index', () => {
  const world = worldWithIndexGoing();
  for (const { record } of world.view.partitions('t1')) world.knowledge.settings.set(record.group, 2);
  const [sample] = world.view.partitions('t1').map(({ record }) => record);
  assert.ok(sample !== undefined);
  const fill = (partitionId: number): void => {
    const record = { ...sample, tableId: 'gone', partitionId, group: 1_000_000 + partitionId, retired: true as const };
    world.set(partitionKey('gone', partitionId), record);
  };
  for (let at = 0; at < RETIRED_PARTITIONS_MAX - 1; at++) fill(at);
  const kinds = (): string[] => planNextSteps(world.view, 't1', world.knowledge, world.pace).steps.map(({ kind }) => kind);
  assert.deepEqual(kinds(), ['retire-partition']);
  fill(RETIRED_PARTITIONS_MAX - 1);
  assert.deepEqual(kinds(), Array<string>(12).fill('delete-replica'));
  for (const { record } of world.view.partitions('index-x'))
    for (const { replica } of record.replicas) world.knowledge.destroyed.add(replica);
  assert.deepEqual(kinds(), Array<string>(4).fill('delete-partition'));
});
