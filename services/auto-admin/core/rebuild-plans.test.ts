import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';
import { index, LIVES, PlanWorld, TABLE, TABLE_KEY } from './plan-world.fixture.ts';
import { planNextSteps, unfinishedTables } from './planner.ts';

const MINUTE_MS = 60_000;

/** A table with two indexes that serves. */
function servingWorld(forget: (round: number) => boolean = () => false): PlanWorld {
  const world = new PlanWorld();
  world.set(TABLE_KEY, { ...TABLE, globalIndexes: [index('x', {}), index('y', {})] });
  world.finish(forget);
  world.done.length = 0;
  world.asked.clear();
  return world;
}

function tableOf(world: PlanWorld): TableRecord {
  return world.table ?? assert.fail('there is no table');
}

function lose(world: PlanWorld, indexId: string, loss: IndexLoss = 'log-gone'): void {
  world.knowledge.lost = new Map([[indexId, loss]]);
}

/** The id that the index has now. */
function idOf(world: PlanWorld, name: string): string {
  return tableOf(world).globalIndexes?.find((each) => each.name === name)?.indexId ?? assert.fail(`no index ${name}`);
}

test('a lost index is given up by the table, its partitions go, and it is added as a new one, whatever is forgotten on the way', () => {
  for (const forget of LIVES) {
    const world = servingWorld(forget);
    world.finish((round) => {
      if (forget(round)) world.knowledge.forgetAll();
      // It is said again and again, soon of an index that is no more.
      lose(world, 'index-x');
      return false;
    });
    const table = tableOf(world);
    const [x, y] = table.globalIndexes ?? [];
    assert.deepEqual([table.status, table.settingsVersion, table.settledVersion], ['ACTIVE', 3, 3]);
    assert.deepEqual([x?.status, x?.former, x?.waiting, x?.backfilling], ['ACTIVE', undefined, undefined, undefined]);
    assert.deepEqual(x?.rebuilds, { count: 1, lastAtMs: world.nowMs });
    assert.notEqual(x?.indexId, 'index-x');
    assert.deepEqual(y, index('y', { status: 'ACTIVE' }));
    assert.equal(world.view.partitions('index-x').length, 0);
    assert.equal(world.view.partitions(idOf(world, 'x')).length, 4);
    assert.equal(world.replicas.size, 36);
    for (const { record } of world.view.partitions('t1')) assert.deepEqual(world.told.get(record.group), [x?.indexId, 'index-y']);
  }
});

test('partitions of the table are told of a lost index no more before anything else is done, then of the new one', () => {
  const world = servingWorld();
  lose(world, 'index-x');
  world.finish(() => false);
  assert.deepEqual(world.done, [
    'give-up-indexes',
    'apply-settings',
    'retire-partition',
    'activate-table',
    'begin-indexes',
    'place-table',
    'create-replica',
    'observe-node',
    'mark-placed',
    'apply-settings',
    'follow-indexes',
    'activate-table',
    'delete-replica',
    'delete-partition',
  ]);
});

test('an index that is lost again and again is given up at once, and waits longer each time for its new partitions', () => {
  const world = servingWorld();
  const waits = [0, 10, 20, 40, 60, 60].map((minutes) => minutes * MINUTE_MS);
  for (const [at, waitMs] of waits.entries()) {
    lose(world, idOf(world, 'x'), 'silent');
    world.finish(() => false);
    const lastAtMs = world.nowMs;
    const index = () => tableOf(world).globalIndexes?.[0];
    assert.deepEqual(index()?.rebuilds, { count: at + 1, lastAtMs });
    if (waitMs > 0) {
      assert.deepEqual([tableOf(world).status, index()?.status, index()?.waiting], ['ACTIVE', 'CREATING', true]);
      for (const { record } of world.view.partitions('t1')) assert.deepEqual(world.told.get(record.group), ['index-y']);
      world.nowMs = lastAtMs + waitMs - 1;
      assert.deepEqual([...unfinishedTables(world.view, world.knowledge, world.pace)], []);
      assert.deepEqual(planNextSteps(world.view, 't1', world.knowledge, world.pace), { steps: [] });
      world.nowMs += 1;
      world.finish(() => false);
    }
    assert.deepEqual([tableOf(world).status, index()?.status, index()?.waiting], ['ACTIVE', 'ACTIVE', undefined]);
  }
  // A day later that is forgotten.
  world.nowMs += 24 * 60 * MINUTE_MS;
  lose(world, idOf(world, 'x'));
  world.finish(() => false);
  assert.deepEqual(tableOf(world).globalIndexes?.[0]?.rebuilds, { count: 1, lastAtMs: world.nowMs });
  assert.equal(tableOf(world).globalIndexes?.[0]?.status, 'ACTIVE');
});

test('after the clock was set back an index does not wait for the time that it shows no more', () => {
  const world = servingWorld();
  for (let times = 0; times < 2; times++) {
    lose(world, idOf(world, 'x'));
    world.finish(() => false);
  }
  assert.equal(tableOf(world).globalIndexes?.[0]?.waiting, true);
  world.nowMs = 1;
  world.finish(() => false);
  assert.equal(tableOf(world).globalIndexes?.[0]?.status, 'ACTIVE');
});

test('an index that is lost while it, or another one, is being filled is given up instead of being waited for', () => {
  for (const lost of ['x', 'z']) {
    const world = servingWorld();
    const globalIndexes = [...(tableOf(world).globalIndexes ?? []), index('z', { backfilling: true })];
    world.set(TABLE_KEY, { ...tableOf(world), status: 'UPDATING', settingsVersion: 2, globalIndexes });
    world.finish(() => {
      if (world.done.at(-1) === 'follow-indexes') lose(world, `index-${lost}`);
      return false;
    });
    assert.deepEqual(
      tableOf(world).globalIndexes?.map(({ name, status, rebuilds }) => [name, status, rebuilds?.count ?? 0]),
      ['x', 'y', 'z'].map((name) => [name, 'ACTIVE', name === lost ? 1 : 0]),
    );
    assert.equal(world.replicas.size, 48);
    assert.equal(world.view.partitions(`index-${lost}`).length, 0);
  }
});

test('nothing is begun while a table is CREATING or told something else, and nothing for an index that goes or is unknown', () => {
  const world = servingWorld();
  lose(world, 'index-z');
  assert.deepEqual(planNextSteps(world.view, 't1', world.knowledge, world.pace), { steps: [] });
  lose(world, 'index-x');
  const going = [index('x', { status: 'DELETING' }), index('y', { status: 'ACTIVE' })];
  world.set(TABLE_KEY, { ...tableOf(world), status: 'UPDATING', settingsVersion: 2, globalIndexes: going });
  world.finish(() => false);
  assert.ok(!world.done.includes('give-up-indexes'));
  lose(world, 'index-y');
  world.set(TABLE_KEY, { ...tableOf(world), status: 'UPDATING', settingsVersion: 3 });
  assert.ok(planNextSteps(world.view, 't1', world.knowledge, world.pace).steps.every(({ kind }) => kind === 'apply-settings'));
  world.set(TABLE_KEY, { ...tableOf(world), status: 'CREATING' });
  assert.ok(planNextSteps(world.view, 't1', world.knowledge, world.pace).steps.every(({ kind }) => kind !== 'give-up-indexes'));
});

test('a table goes with an index that waits, and with what is left of its former partitions', () => {
  const world = servingWorld();
  for (let times = 0; times < 2; times++) {
    lose(world, idOf(world, 'x'));
    world.finish(() => false);
  }
  assert.equal(tableOf(world).globalIndexes?.[0]?.waiting, true);
  world.set(TABLE_KEY, { ...tableOf(world), status: 'DELETING' });
  world.finish(() => false);
  assert.equal(world.table, undefined);
  assert.deepEqual([world.replicas.size, [...world.view.tableIdsWithPartitions()].length], [0, 0]);
});
