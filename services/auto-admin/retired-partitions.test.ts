import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld, musicTable } from '../../test/harness/auto-admin-world.ts';
import { MINUTE_MS } from '../shared/base/units.ts';
import {
  RETIRED_RETRY_MAX_MS,
  STEP_CALL_TIMEOUT_MS,
  TABLES_UNDER_WAY_MAX,
  UNREACHABLE_PROBE_MS,
} from '../shared/limits/auto-admin-limits.ts';
import type { PartitionRecord } from '../shared/placement/catalog-records.ts';
import type { GlobalIndex } from '../shared/placement/table-indexes.ts';
import type { AdminResponse } from '../shared/wire/admin.ts';

const INDEX: GlobalIndex = {
  name: 'x',
  indexId: 'i1',
  keys: { partition: [{ name: 'a', type: 'S' }], sort: [] },
  projection: { kind: 'all' },
  status: 'CREATING',
};

/** A table on three nodes with an index whose one partition lies on the other three, as do its replicas. `spares` hold nothing. */
async function worldWithIndexElsewhere(spares: readonly string[] = []): Promise<AutoAdminWorld> {
  const world = new AutoAdminWorld(['node-a', 'node-b', 'node-c', 'node-a2', 'node-b2', 'node-c2', ...spares]);
  world.cluster.registerNodes();
  world.start('admin-1');
  const units = { readUnits: 5, writeUnits: 5 };
  const indexes = { settingsVersion: 1, globalIndexes: [{ ...INDEX, throughput: units }] };
  await world.create({ ...musicTable, billingMode: 'PROVISIONED', throughput: units, ...indexes });
  await world.untilStatus('ACTIVE');
  const nodes = world.partitions('i1').flatMap(({ replicas }) => replicas.map(({ node }) => node));
  assert.deepEqual(nodes.sort(), ['node-a2', 'node-b2', 'node-c2']);
  return world;
}

function changeIndexes(world: AutoAdminWorld, id: string, update: object): Promise<AdminResponse> {
  const change = Buffer.from(JSON.stringify({ id, atMs: 9, globalIndexes: [update] }));
  return world.call({ kind: 'change-table', account: '1', region: 'r', name: 'Music', tableId: 't1', change });
}

test('two nodes that are down hold no deletion of an index up, nor what comes after it; what they hold goes when they are back', async () => {
  for (const successor of [false, true]) {
    const world = await worldWithIndexElsewhere();
    for (const node of ['node-a2', 'node-b2']) world.cluster.node(node).kill();
    await changeIndexes(world, 'c1', { kind: 'delete', name: 'x' });
    await world.untilStatus('ACTIVE');
    assert.deepEqual([world.table()?.globalIndexes, world.partitions('i1').map(({ retired }) => retired)], [undefined, [true]]);
    await world.timers.untilTrue(() => world.cluster.node('node-c2').replicas.size === 0, 10_000);
    // The name is free at once, for an index of its own.
    const { status: _status, ...definition } = { ...INDEX, indexId: 'i2', throughput: { readUnits: 5, writeUnits: 5 } };
    await changeIndexes(world, 'c2', { kind: 'create', index: definition });
    await world.timers.untilTrue(
      () => world.table()?.globalIndexes?.[0]?.status === 'ACTIVE' && world.table()?.status === 'ACTIVE',
      120_000,
    );
    if (successor) world.start('admin-1');
    await world.timers.advance(MINUTE_MS);
    assert.equal(world.partitions('i1').length, 1, 'what is left is not forgotten');
    for (const node of ['node-a2', 'node-b2']) {
      assert.equal(world.cluster.node(node).replicas.size, 1);
      world.cluster.node(node).start();
    }
    await world.timers.untilTrue(() => world.partitions('i1').length === 0, 60_000);
    await world.timers.untilTrue(() => world.table()?.incomplete === undefined, 60_000);
    world.checkActive(undefined, 1);
    world.checkIds();
    await world.delete();
    await world.untilStatus(undefined);
    await world.timers.untilTrue(() => world.partitions('i2').length === 0, 60_000);
    world.checkIds();
  }
});

test('an index whose partitions are on dead nodes is made anew on those that are there', async () => {
  const world = await worldWithIndexElsewhere();
  for (const node of ['node-a2', 'node-b2']) world.cluster.node(node).kill();
  // Whoever places by what nodes hold alone takes those that are down.
  for (const node of ['node-a', 'node-b']) {
    const [sample] = world.partitions();
    assert.ok(sample !== undefined);
    const replicas = [1, 2, 3].map((at) => ({ replica: 900_000 + at, node, az: node.slice(-1) }));
    world.cluster.putRecord(`partition/weight-${node}/0`, {
      ...sample,
      tableId: `weight-${node}`,
      group: 900_000,
      generation: 1,
      replicas,
    });
  }
  const [partition] = world.partitions();
  assert.ok(partition !== undefined);
  world.cluster.lost.push({ group: partition.group, indexId: 'i1', loss: 'silent' });
  const present = (): GlobalIndex | undefined => world.table()?.globalIndexes?.[0];
  await world.timers.untilTrue(() => present()?.rebuilds !== undefined && present()?.status === 'ACTIVE', 120_000);
  const nodes = world.partitions(present()?.indexId).flatMap(({ replicas }) => replicas.map(({ node }) => node));
  assert.deepEqual(
    nodes.filter((node) => node === 'node-a2' || node === 'node-b2'),
    [],
  );
  assert.deepEqual([world.table()?.status, world.partitions('i1').map(({ retired }) => retired)], ['ACTIVE', [true]]);
});

test('two nodes that are down do not hold up the deletion of a table whose index alone they have', async () => {
  const world = await worldWithIndexElsewhere();
  for (const node of ['node-a2', 'node-b2']) world.cluster.node(node).kill();
  await world.delete();
  await world.untilStatus(undefined);
  assert.equal(world.partitions('i1').length, 1);
  for (const node of ['node-a2', 'node-b2']) world.cluster.node(node).start();
  await world.timers.untilTrue(() => world.partitions('i1').length === 0, 60_000);
  world.checkIds();
});

/** Puts so many partitions under each of these ids, of which one node has the only replica. */
function leaveBehind(world: AutoAdminWorld, node: string, ids: readonly string[], partitionsEach: number): void {
  const [sample] = world.partitions('i1');
  assert.ok(sample !== undefined);
  for (const tableId of ids) {
    for (let at = 0; at < partitionsEach; at++) {
      const unique = world.cluster.catalog.slot;
      const replicas = [{ replica: 100_000 + unique, node, az: node.charAt(5) }];
      const record: PartitionRecord = {
        ...sample,
        tableId,
        partitionId: at,
        group: 100_000 + unique,
        generation: 1,
        retired: true,
        replicas,
      };
      world.cluster.putRecord(`partition/${tableId}/${at}`, record);
    }
  }
}

test('what is left on nodes that are down takes no turn from tables that are worked on', async () => {
  // Each of them is called once before it is known to be silent.
  const silent = Array.from({ length: 2 * TABLES_UNDER_WAY_MAX }, (_, at) => `node-a${at + 30}`);
  const world = await worldWithIndexElsewhere(silent);
  for (const node of silent) world.cluster.network.silence(`${node}:7000`);
  for (const [at, node] of silent.entries()) leaveBehind(world, node, [`gone-${at}`], 1);
  await world.timers.advance(1000);
  const atMs = world.timers.monotonicMs();
  await world.delete();
  await world.untilStatus(undefined);
  assert.ok(world.timers.monotonicMs() - atMs < STEP_CALL_TIMEOUT_MS);
});

for (const [count, partitionsEach] of [
  [100, 1],
  [3, 200],
] as const) {
  test(`a silent node that has something of ${count} ids, ${partitionsEach} partitions each, holds up nothing elsewhere`, async () => {
    const world = await worldWithIndexElsewhere();
    const { environment } = world.start('admin-1');
    await world.timers.advance(1000);
    const silent = 'node-a2:7000';
    world.cluster.network.silence(silent);
    let calls = 0;
    world.cluster.network.onSend = ({ to, content }) => {
      if (to === silent && (content as { kind?: string }).kind === 'delete-replica') calls += 1;
      return undefined;
    };
    const ids = Array.from({ length: count }, (_, at) => `gone-${at}`);
    leaveBehind(world, 'node-a2', ids, partitionsEach);
    await world.timers.advance(100);
    const atMs = world.timers.monotonicMs();
    await changeIndexes(world, 'c1', { kind: 'delete', name: 'x' });
    const areEmpty = (): boolean => ['node-b2', 'node-c2'].every((name) => world.cluster.node(name).replicas.size === 0);
    await world.timers.untilTrue(areEmpty, 3 * MINUTE_MS);
    assert.ok(world.timers.monotonicMs() - atMs < 2 * STEP_CALL_TIMEOUT_MS);

    // All that is known by now: the node is called no more often than it is probed, and only that counts as a step.
    await world.timers.advance(2 * STEP_CALL_TIMEOUT_MS);
    const failed = (): number => environment.values.get('stator_auto_admin_steps_total operation=delete-replica code=failed') ?? 0;
    const [callsBefore, failedBefore] = [calls, failed()];
    await world.timers.advance(5 * MINUTE_MS);
    assert.ok(calls - callsBefore <= (5 * MINUTE_MS) / UNREACHABLE_PROBE_MS + 1, `${calls - callsBefore} calls`);
    assert.ok(calls - callsBefore >= (5 * MINUTE_MS) / RETIRED_RETRY_MAX_MS, `${calls - callsBefore} calls`);
    assert.ok(Math.abs(failed() - failedBefore - (calls - callsBefore)) <= 1, 'one may be under way');
    const left = (): number => [...world.cluster.records().keys()].filter((key) => /^partition\/(gone-|i1)/.test(key)).length;
    assert.equal(left(), count * partitionsEach + 1);

    world.cluster.network.unsilence(silent);
    await world.timers.untilTrue(() => left() === 0, MINUTE_MS);
    assert.equal(world.cluster.node('node-a2').replicas.size, 0);
  });
}

test('nodes that are probed take no turn, however many they are', async () => {
  const silent = Array.from({ length: 20 }, (_, at) => `node-a${at + 30}`);
  const world = await worldWithIndexElsewhere(silent);
  for (const node of silent) world.cluster.network.silence(`${node}:7000`);
  for (const [at, node] of silent.entries()) leaveBehind(world, node, [`gone-${at}`], 1);
  await world.timers.advance(2 * MINUTE_MS);
  for (let round = 0; round < 5; round++) {
    const tableId = `late-${round}`;
    leaveBehind(world, 'node-b2', [tableId], 1);
    await world.timers.untilTrue(() => world.partitions(tableId).length === 0, STEP_CALL_TIMEOUT_MS / 2);
    await world.timers.advance(7000);
  }
});
