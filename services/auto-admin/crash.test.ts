import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld, musicTable } from '../../test/harness/auto-admin-world.ts';
import type { GlobalIndex } from '../shared/placement/table-indexes.ts';
import type { AdminCallError } from '../shared/env/transport.ts';

/** How the work goes on after a crash: a new life of the same process, or another process that stood by. */
type Successor = 'restart' | 'standby';

async function startWorld(successor: Successor): Promise<AutoAdminWorld> {
  const world = new AutoAdminWorld();
  world.cluster.registerNodes();
  world.start('admin-1');
  await world.timers.advance(1000);
  if (successor === 'standby') world.start('admin-2');
  await world.timers.advance(1000);
  return world;
}

/** The process falls silent before its n-th effect, and is found dead and replaced some time later. */
function crash(world: AutoAdminWorld, effect: number, successor: Successor): () => boolean {
  const effects = world.crashBefore('admin-1:1', effect);
  world.timers.after(4000, () => {
    if (effects.count() < effect) return;
    world.cluster.network.kill('admin-1:1');
    if (successor === 'restart') world.start('admin-1');
  });
  return () => effects.count() >= effect;
}

for (const successor of ['restart', 'standby'] as const) {
  test(`a table is created whole whatever step the auto-admin dies at (${successor})`, async () => {
    let crashed = true;
    let effect = 1;
    for (; crashed; effect++) {
      const world = await startWorld(successor);
      const happened = crash(world, effect, successor);
      await world.create();
      await world.untilStatus('ACTIVE');
      crashed = happened();
      await world.timers.advance(10_000);
      world.checkActive();
      world.checkIds();
    }
    assert.ok(effect > 20, `only ${effect} steps were cut`);
  });

  test(`a table is changed once whatever step the auto-admin dies at (${successor})`, async () => {
    let crashed = true;
    let effect = 1;
    for (; crashed; effect++) {
      const world = await startWorld(successor);
      await world.create();
      await world.untilStatus('ACTIVE');
      const happened = crash(world, effect, successor);
      const change = Buffer.from(
        JSON.stringify({ id: 'c', atMs: 9, billingMode: 'PROVISIONED', throughput: { readUnits: 5, writeUnits: 5 } }),
      );
      // The answer may be lost with the process; the call is then repeated, and is no second change, which would be refused.
      const changed = await world.call({ kind: 'change-table', account: '1', region: 'r', name: 'Music', tableId: 't1', change });
      assert.equal(changed.kind, 'table-changed');
      await world.untilStatus('ACTIVE');
      crashed = happened();
      await world.timers.advance(10_000);
      assert.deepEqual(world.table()?.throughput, { readUnits: 5, writeUnits: 5 });
      world.checkActive();
      world.checkIds();
    }
    assert.ok(effect > 3, `only ${effect} steps were cut`);
  });

  test(`a table is deleted whole whatever step the auto-admin dies at (${successor})`, async () => {
    let crashed = true;
    let effect = 1;
    for (; crashed; effect++) {
      const world = await startWorld(successor);
      await world.create();
      await world.untilStatus('ACTIVE');
      const happened = crash(world, effect, successor);
      // The answer may be lost with the process, and the table be gone when the call is repeated.
      await world.delete().catch((error: AdminCallError) => assert.equal(error.code, happened() ? 'table-not-found' : ''));
      await world.untilStatus(undefined);
      crashed = happened();
      await world.timers.advance(10_000);
      assert.deepEqual(world.partitions(), []);
      world.checkIds();
    }
    assert.ok(effect > 15, `only ${effect} steps were cut`);
  });
}

for (const successor of ['restart', 'standby'] as const) {
  test(`an index comes and goes whole whatever step the auto-admin dies at (${successor})`, async () => {
    const keys = { partition: [{ name: 'a', type: 'S' as const }], sort: [] };
    const added: GlobalIndex = {
      name: 'x',
      indexId: 'i1',
      keys,
      projection: { kind: 'all' },
      status: 'CREATING',
      backfilling: true,
    };
    let crashed = true;
    let effect = 1;
    for (; crashed; effect += 3) {
      const world = await startWorld(successor);
      await world.create();
      await world.untilStatus('ACTIVE');
      const happened = crash(world, effect, successor);
      const change = (version: number, index: GlobalIndex): void => {
        const table = world.table();
        assert.ok(table);
        const globalIndexes = [index];
        const record = { ...table, status: 'UPDATING' as const, settingsVersion: version, globalIndexes, generation: table.generation + 1 };
        world.cluster.putRecord('table/1/r/Music', record);
      };
      change(1, added);
      await world.untilStatus('ACTIVE');
      assert.deepEqual(world.table()?.globalIndexes, [{ name: 'x', indexId: 'i1', keys, projection: { kind: 'all' }, status: 'ACTIVE' }]);
      assert.equal(world.partitions('i1').length, 4);
      change(2, { ...added, status: 'DELETING' });
      await world.untilStatus('ACTIVE');
      crashed = happened();
      await world.timers.advance(10_000);
      assert.equal(world.table()?.globalIndexes, undefined);
      assert.deepEqual(world.partitions('i1'), []);
      world.checkActive();
      world.checkIds();
    }
    assert.ok(effect > 20, `only ${effect} steps were cut`);
  });
}

for (const successor of ['restart', 'standby'] as const) {
  test(`an index that is lost is made anew whole whatever step the auto-admin dies at (${successor})`, async () => {
    const keys = { partition: [{ name: 'a', type: 'S' as const }], sort: [] };
    const index: GlobalIndex = { name: 'x', indexId: 'i1', keys, projection: { kind: 'all' }, status: 'CREATING' };
    let crashed = true;
    let effect = 1;
    for (; crashed; effect += 3) {
      const world = await startWorld(successor);
      await world.create({ ...musicTable, settingsVersion: 1, globalIndexes: [index] });
      await world.untilStatus('ACTIVE');
      // Nodes are asked soon: whoever dies is found dead a few seconds later.
      await world.timers.advance(3000);
      const happened = crash(world, effect, successor);
      const [partition] = world.partitions();
      assert.ok(partition);
      world.cluster.lost.push({ group: partition.group, indexId: 'i1', loss: 'silent' });
      const present = (): GlobalIndex | undefined => world.table()?.globalIndexes?.[0];
      await world.timers.untilTrue(() => present()?.rebuilds !== undefined && present()?.status === 'ACTIVE', 120_000);
      crashed = happened();
      await world.timers.advance(20_000);
      const { rebuilds, indexId = '', ...rest } = present() ?? {};
      assert.deepEqual([rebuilds?.count, rest], [1, { name: 'x', keys, projection: { kind: 'all' }, status: 'ACTIVE' }]);
      assert.equal(world.table()?.status, 'ACTIVE');
      assert.deepEqual([world.partitions('i1').length, world.partitions(indexId).length], [0, 4]);
      world.checkActive();
      world.checkIds();
    }
    assert.ok(effect > 40, `only ${effect} steps were cut`);
  });
}

test('two auto-admins that both believe to be active do no harm', async () => {
  for (const pauseMs of [0, 1, 3, 5, 8, 13, 30]) {
    const world = new AutoAdminWorld();
    world.cluster.registerNodes();
    const first = world.start('admin-1');
    await world.timers.advance(1000);
    await world.create();
    await world.timers.advance(pauseMs);
    // The lease is taken from the first one, which does not notice before its next renewal.
    world.start('admin-2');
    world.cluster.putRecord('auto-admin-lease', { holder: '', renewal: 99, generation: 99 });
    await world.untilStatus('ACTIVE');
    await world.timers.advance(10_000);
    world.checkActive();
    world.checkIds();
    assert.ok(first.environment.lines.every(({ level }) => level !== 'error'));
  }
});
