import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld, CLUSTER_ID, musicTable } from '../../test/harness/auto-admin-world.ts';
import { DROP } from '../../test/harness/fake-transport.ts';
import { MINUTE_MS } from '../shared/base/units.ts';
import { ADMIN_LEASE_MARGIN_MS, ADMIN_LEASE_MS, CATALOG_SILENT_MS, REMOVED_RECORD_KEPT_MS } from '../shared/limits/auto-admin-limits.ts';
import { parseTableRecord } from '../shared/placement/record-format.ts';
import type { AdminRequest, RegisterNode } from '../shared/wire/admin.ts';

async function readyWorld(nodes?: readonly string[]): Promise<AutoAdminWorld> {
  const world = new AutoAdminWorld(nodes);
  world.cluster.registerNodes();
  return world;
}

test('a table on demand is created: four partitions, every node leads, ids below the counters', async () => {
  const world = await readyWorld();
  const admin = world.start('admin-1');
  const answer = await world.create();
  assert.ok(answer.kind === 'table-changed');
  assert.equal(parseTableRecord(answer.record).status, 'CREATING');
  assert.ok(answer.slot > 0 && answer.slot <= world.cluster.catalog.slot);
  await world.untilStatus('ACTIVE');
  await world.timers.advance(100);
  world.checkActive();
  world.checkIds();
  const leaders = new Set(world.partitions().map(({ group }) => world.cluster.group(group).leader));
  assert.deepEqual([...leaders].sort(), ['node-a', 'node-b', 'node-c']);
  assert.equal(admin.environment.values.get('stator_auto_admin_steps_total operation=create-replica code=done'), 12);
  assert.equal(admin.environment.values.get('stator_auto_admin_active_count'), 1);
  const description = await world.call({ kind: 'describe-auto-admin' });
  assert.deepEqual(description, {
    kind: 'auto-admin-description',
    clusterId: CLUSTER_ID,
    active: true,
    operationsUnderWay: 0,
    tableUnitsMax: 40_000,
    accountUnitsMax: 80_000,
  });
});

test('a table is deleted: no replica, no record is left, and its name can be used again', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  await world.create();
  await world.untilStatus('ACTIVE');
  const answer = await world.delete();
  assert.ok(answer.kind === 'table-changed' && parseTableRecord(answer.record).status === 'DELETING');
  assert.equal((await world.delete()).kind, 'table-changed', 'a table that is being deleted is no error');
  await world.untilStatus(undefined);
  assert.deepEqual(world.partitions(), []);
  world.checkIds();
  const again = { ...musicTable, tableId: 't2' };
  await world.create(again);
  await world.untilStatus('ACTIVE');
  world.checkActive(again);
  world.checkIds();
});

test('a late copy of a deletion leaves a new table of the same name alone', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  await world.create();
  await world.untilStatus('ACTIVE');
  await world.delete();
  await world.untilStatus(undefined);
  await assert.rejects(world.delete(), { code: 'table-not-found' });
  const again = { ...musicTable, tableId: 't2' };
  await world.create(again);
  await world.untilStatus('ACTIVE');
  await assert.rejects(world.delete('Music', 't1'), { code: 'table-not-found' });
  await assert.rejects(world.delete('Music', ''), { code: 'invalid-request' });
  await world.timers.advance(1000);
  world.checkActive(again);
});

test('a late copy of a creation makes nothing once its table, or one that it lost to, has come and gone', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  const lost = { ...musicTable, tableId: 'lost' };
  await world.create();
  await world.untilStatus('ACTIVE');
  await world.delete();
  await world.untilStatus(undefined);
  const repeated = await world.create(musicTable, 0);
  assert.equal(repeated.kind, 'table-changed', 'the creation succeeded, whatever became of the table');
  await assert.rejects(world.create(lost, 0), { code: 'name-changed' });
  assert.equal(world.table(), undefined);
  const seen = world.overGeneration();
  const second = { ...musicTable, tableId: 't2' };
  await world.create(second);
  await world.untilStatus('ACTIVE');
  await assert.rejects(world.create(lost, seen), { code: 'table-exists' });
  await world.delete('Music', 't2');
  await world.untilStatus(undefined);
  for (const generation of [0, seen]) await assert.rejects(world.create(lost, generation), { code: 'name-changed' });
  await assert.rejects(world.create(musicTable, 0), { code: 'name-changed' });
  await world.timers.advance(1000);
  assert.equal(world.table(), undefined);
});

test('a table that is gone is forgotten in the end', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  await world.create();
  await world.untilStatus('ACTIVE');
  await world.delete();
  await world.untilStatus(undefined);
  await world.timers.advance(REMOVED_RECORD_KEPT_MS - MINUTE_MS);
  assert.equal(world.cluster.records().has('table/1/r/Music'), true);
  await world.timers.advance(3 * MINUTE_MS);
  assert.equal(world.cluster.records().has('table/1/r/Music'), false);
  await world.create(musicTable);
  await world.untilStatus('ACTIVE');
});

test('many tables at once share ids without a clash', async () => {
  const world = await readyWorld(['node-a1', 'node-b1', 'node-c1', 'node-a2', 'node-b2', 'node-c2']);
  world.start('admin-1');
  const definitions = Array.from({ length: 12 }, (_, at) => ({ ...musicTable, name: `Table${at}`, tableId: `id${at}` }));
  const creations = definitions.map((definition) => {
    return world.client.call({ kind: 'create-table', definition: Buffer.from(JSON.stringify(definition)), overGeneration: 0 }, 30_000);
  });
  await world.timers.until(Promise.all(creations));
  for (const { name } of definitions) await world.untilStatus('ACTIVE', name);
  for (const definition of definitions) world.checkActive(definition);
  world.checkIds();
});

test('refusals: exists, busy, not found, malformed, not enough AZs', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  // The catalog goes on, but no partition of the table has a quorum.
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).kill();
  await world.create();
  const other = { ...musicTable, tableId: 'other' };
  await assert.rejects(world.create(other), { code: 'table-exists' }, 'its name is taken before it is ready');
  await assert.rejects(world.delete(), { code: 'table-busy' });
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).start();
  await world.untilStatus('ACTIVE');
  await assert.rejects(world.create(other), { code: 'table-exists' });
  assert.equal((await world.create()).kind, 'table-changed', 'the same creation repeated');
  await assert.rejects(world.delete('Nothing'), { code: 'table-not-found' });
  await assert.rejects(world.call({ kind: 'create-table', definition: Buffer.from('{}'), overGeneration: 0 }), {
    code: 'invalid-definition',
  });
  const throughput = { readUnits: 1e12, writeUnits: 1 };
  const huge = { ...other, name: 'Huge', billingMode: 'PROVISIONED', throughput };
  await assert.rejects(world.call({ kind: 'create-table', definition: Buffer.from(JSON.stringify(huge)), overGeneration: 0 }), {
    code: 'change-limit',
    message: /^The requested ReadCapacityUnits, 1000000000000, is above the per table maximum for the account in r\./,
  });
  await assert.rejects(world.call({ kind: 'inspect-group', group: 1 }), { code: 'unsupported' });
  world.cluster.putRecord('node/node-c', undefined);
  await world.timers.advance(100);
  const second = Buffer.from(JSON.stringify({ ...other, name: 'Second' }));
  const refused = world.call({ kind: 'create-table', definition: second, overGeneration: 0 }, 1000);
  await assert.rejects(refused, { code: 'unavailable', message: /nodes in 3 availability zones are needed/ });
  assert.equal(world.table('Second'), undefined);
});

test('a table is changed: one change of its capacity at a time, others meanwhile, and a repeated one once', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  const asked = { billingMode: 'PROVISIONED', throughput: { readUnits: 5, writeUnits: 5 } };
  const ask = (id: string, change: object, tableId = 't1') =>
    world.client.call(
      {
        kind: 'change-table',
        account: '1',
        region: 'r',
        name: 'Music',
        tableId,
        change: Buffer.from(JSON.stringify({ id, atMs: 9, ...change })),
      },
      30_000,
    );
  const refused = (id: string, change: object, code: string) => assert.rejects(world.timers.until(ask(id, change)), { code });
  await refused('0', asked, 'table-not-found');
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).kill();
  await world.create();
  await refused('0', asked, 'table-busy');
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).start();
  await world.untilStatus('ACTIVE');
  // The change stays under way as long as the auto-admin does not see it in the catalog that it watches.
  world.cluster.network.onSend = ({ kind }) => (kind === 'watch' ? DROP : undefined);
  const changed = await world.timers.until(ask('1', asked));
  assert.ok(changed.kind === 'table-changed');
  assert.equal(parseTableRecord(changed.record).status, 'UPDATING');
  await refused('2', { tableClass: 'STANDARD' }, 'table-updating');
  await assert.rejects(world.delete(), { code: 'table-updating' });
  await world.timers.until(ask('3', { deletionProtection: true }));
  assert.equal(world.table()?.status, 'UPDATING');
  // What was lost is made up for by another watch, after the silence.
  await world.timers.advance(5000);
  world.cluster.network.onSend = undefined;
  await world.untilStatus('ACTIVE');
  const { throughput, deletionProtection, generation } = world.table() ?? {};
  assert.deepEqual([throughput, deletionProtection], [{ readUnits: 5, writeUnits: 5 }, true]);
  for (const [id, change] of [
    ['1', asked],
    ['3', { deletionProtection: true }],
  ] as const)
    await world.timers.until(ask(id, change));
  assert.equal(world.table()?.generation, generation, 'they were made already');
  await assert.rejects(world.timers.until(ask('7', asked, 'of another table')), { code: 'table-not-found' });
  await refused('4', asked, 'change-invalid');
  await refused('5', { throughput: 'much' }, 'invalid-change');
  await assert.rejects(world.delete(), { code: 'table-protected' });
  await refused('6', { deletionProtection: false, atMs: 15_008 }, 'change-throttled');
  await world.timers.until(ask('6', { deletionProtection: false, atMs: 15_009 }));
  await world.delete();
  await world.untilStatus(undefined);
  world.checkIds();
});

test('nodes register themselves, and never change their AZ', async () => {
  const world = new AutoAdminWorld();
  world.start('admin-1');
  const node: RegisterNode = { kind: 'register-node', node: 'router-1', az: 'a', address: 'host:1', incarnation: 5 };
  assert.deepEqual(await world.call(node), { kind: 'done' });
  assert.deepEqual(world.cluster.records().get('node/router-1'), {
    node: 'router-1',
    az: 'a',
    address: 'host:1',
    incarnation: 5,
    generation: 1,
  });
  const { slot } = world.cluster.catalog;
  await world.call(node);
  assert.equal(world.cluster.catalog.slot, slot, 'nothing is written when nothing changed');
  await world.call({ ...node, address: 'host:2', incarnation: 6 });
  assert.equal(world.cluster.records().get('node/router-1')?.['generation'], 2);
  await assert.rejects(world.call({ ...node, az: 'b' }), { code: 'az-changed' });
  await assert.rejects(world.call({ ...node, node: 'node-a' }), { code: 'wrong-node' });
  await assert.rejects(world.call({ ...node, address: 'nowhere' }), { code: 'invalid-node' });
});

test('a node that is down holds no creation up; its replicas are made when it is back, by another auto-admin too', async () => {
  for (const successor of [false, true]) {
    const world = await readyWorld(['node-a1', 'node-b1', 'node-c1', 'node-c2']);
    const admin = world.start('admin-1');
    world.cluster.node('node-c2').kill();
    await world.create();
    await world.untilStatus('ACTIVE');
    assert.equal(world.table()?.incomplete, true);
    assert.ok(world.partitions().some(({ replicas }) => replicas.some(({ node }) => node === 'node-c2')));
    assert.ok((admin.environment.values.get('stator_auto_admin_steps_total operation=create-replica code=failed') ?? 0) > 0);
    assert.ok(admin.environment.lines.some(({ event, level }) => event === 'step-failed' && level === 'warn'));
    if (successor) world.start('admin-1');
    await world.timers.advance(20_000);
    world.cluster.node('node-c2').start();
    await world.timers.untilTrue(() => world.table()?.incomplete === undefined, 60_000);
    assert.equal(world.table()?.status, 'ACTIVE');
    world.checkActive();
    for (const { late } of world.cluster.node('node-c2').replicas.values()) assert.equal(late, true, 'the others serve already');
  }
});

test('a table goes on though its partitions are led by members that the catalog does not know', async () => {
  const world = await readyWorld();
  world.start('admin-1');
  // Calls to one node are lost, and the partitions give themselves other members there, which lead.
  world.cluster.network.onSend = ({ kind, to, content }) => {
    if (kind !== 'call') return undefined;
    const request = content as AdminRequest;
    if (request.kind === 'create-replica' && to === world.cluster.node('node-b').address) return DROP;
    if (request.kind !== 'describe-node') return undefined;
    for (const { group } of world.partitions()) {
      world.cluster.group(group).leader = 'node-b';
      world.cluster.group(group).slot = 1;
    }
    return undefined;
  };
  await world.create();
  await world.untilStatus('ACTIVE');
  assert.equal(world.table()?.incomplete, true);
});

test('a node that is down holds no deletion up; what it holds goes when it is back, by another auto-admin too', async () => {
  for (const successor of [false, true]) {
    const world = await readyWorld();
    world.start('admin-1');
    await world.create();
    await world.untilStatus('ACTIVE');
    world.cluster.node('node-c').kill();
    await world.delete();
    await world.untilStatus(undefined);
    assert.equal(world.partitions().length, 4, 'what is left is not forgotten');
    if (successor) world.start('admin-1');
    const again = { ...musicTable, tableId: 't2' };
    await world.create(again);
    await world.untilStatus('ACTIVE');
    world.cluster.node('node-c').start();
    await world.timers.untilTrue(() => world.partitions().length === 0 && world.table()?.incomplete === undefined, 60_000);
    world.checkActive(again);
    world.checkIds();
  }
});

test('of two auto-admins one acts; when it dies the other goes on after the lease time, when it drains, at once', async () => {
  const world = await readyWorld();
  const first = world.start('admin-1');
  await world.timers.advance(1000);
  const second = world.start('admin-2');
  await world.timers.advance(3 * ADMIN_LEASE_MS);
  const active = (): boolean[] => [first, second].map(({ environment }) => environment.values.get('stator_auto_admin_active_count') === 1);
  assert.deepEqual(active(), [true, false]);
  assert.equal(second.service.notReady(), undefined, 'a standby is ready too');
  world.cluster.network.kill(first.address);
  await world.timers.advance(ADMIN_LEASE_MS - 2000);
  assert.equal(active()[1], false);
  await world.timers.advance(4000);
  assert.equal(active()[1], true);
  await world.create();
  await world.untilStatus('ACTIVE');
  world.checkActive();
  const third = world.start('admin-1');
  await world.timers.advance(1000);
  await world.timers.until(second.service.drain());
  await world.timers.advance(1500);
  assert.equal(third.environment.values.get('stator_auto_admin_active_count'), 1);
});

test('a holder that cannot renew stops acting before another may begin', async () => {
  const world = await readyWorld();
  const first = world.start('admin-1');
  await world.timers.advance(1000);
  const second = world.start('admin-2');
  await world.timers.advance(1000);
  world.cluster.network.silence(first.address);
  const isActive = async ({ address }: typeof first): Promise<boolean> => {
    const handler = world.cluster.network.find(address)?.handlers?.admin;
    const answer = await handler?.({ kind: 'describe-auto-admin' }, { clusterId: 'test', name: 'test', incarnation: 1 });
    return answer?.kind === 'auto-admin-description' && answer.active;
  };
  assert.equal(await isActive(first), true);
  let tookOver = false;
  for (let elapsed = 0; elapsed < 4 * ADMIN_LEASE_MS; elapsed += 50) {
    await world.timers.advance(50);
    tookOver = await isActive(second);
    assert.ok(!tookOver || !(await isActive(first)), `both act after ${elapsed} ms`);
  }
  assert.equal(tookOver, true);
});

test('not ready before the catalog was read and somebody holds the lease', async () => {
  const world = new AutoAdminWorld();
  for (const node of world.cluster.nodes.values()) node.kill();
  const admin = world.start('admin-1');
  await world.timers.advance(1000);
  assert.match(admin.service.notReady() ?? '', /catalog/);
  for (const node of world.cluster.nodes.values()) node.start();
  await world.timers.advance(10_000);
  assert.equal(admin.service.notReady(), undefined);
  await admin.service.stop();
});

test('the lease is counted from when a renewal was sent, however long its answer takes', async () => {
  const world = await readyWorld();
  const first = world.start('admin-1');
  await world.timers.advance(3000);
  const isActive = async ({ address }: typeof first): Promise<boolean> => {
    const handler = world.cluster.network.find(address)?.handlers?.admin;
    const answer = await handler?.({ kind: 'describe-auto-admin' }, { clusterId: 'test', name: 'test', incarnation: 1 });
    return answer?.kind === 'auto-admin-description' && answer.active;
  };
  // The next renewal is carried out at once, and its answer lies for so long at a process that stands still.
  let renewed = false;
  world.cluster.onRequest = (_node, { operation }) => {
    if (operation.kind === 'put' && !renewed) {
      renewed = true;
      world.timers.after(0, () => world.cluster.network.freeze(first.address));
    }
    return 'execute';
  };
  await world.timers.untilTrue(() => renewed);
  world.cluster.onRequest = () => 'execute';
  const sentAtMs = world.timers.monotonicMs();
  await world.timers.advance(800);
  world.cluster.network.thaw(first.address);
  await world.timers.advance(10);
  world.cluster.catalog.leader = undefined;
  const endsAtMs = sentAtMs + ADMIN_LEASE_MS - ADMIN_LEASE_MARGIN_MS;
  await world.timers.advance(endsAtMs - 100 - world.timers.monotonicMs());
  assert.equal(await isActive(first), true);
  await world.timers.advance(200);
  assert.equal(await isActive(first), false);
});

test('not ready, active or not, once the catalog has not answered for some time', async () => {
  const world = await readyWorld();
  const admins = [world.start('admin-1'), world.start('admin-2')];
  await world.timers.advance(3 * ADMIN_LEASE_MS);
  const reasons = (): (string | undefined)[] => admins.map(({ service }) => service.notReady());
  assert.deepEqual(reasons(), [undefined, undefined]);
  world.cluster.catalog.leader = undefined;
  await world.timers.advance(5000);
  assert.deepEqual(reasons(), [undefined, undefined], 'a failover is no reason');
  await world.timers.advance(CATALOG_SILENT_MS);
  for (const reason of reasons()) assert.equal(reason, 'the catalog has no leader that answers');
  world.cluster.catalog.leader = 'node-b';
  await world.timers.advance(3 * ADMIN_LEASE_MS);
  assert.deepEqual(reasons(), [undefined, undefined]);
});
