import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld, musicTable } from '../../test/harness/auto-admin-world.ts';
import type { TableDefinition } from '../shared/placement/catalog-records.ts';
import { SERVICE_QUOTAS } from '../shared/placement/table-quotas.ts';
import type { TableQuotas } from '../shared/placement/table-quotas.ts';

const table = (number: number, more: Partial<TableDefinition> = {}): TableDefinition => ({
  ...musicTable,
  name: `Table${number}`,
  tableId: `t${number}`,
  ...more,
});
const units = (readUnits: number, writeUnits = 1) => ({ readUnits, writeUnits });
const provisioned = (number: number, readUnits: number) => table(number, { billingMode: 'PROVISIONED', throughput: units(readUnits) });
const limit = (message: RegExp) => ({ code: 'change-limit', message });

function worldWith(quotas: Partial<TableQuotas>): AutoAdminWorld {
  const world = new AutoAdminWorld();
  world.cluster.registerNodes();
  world.start('admin-1', { ...SERVICE_QUOTAS, ...quotas });
  return world;
}

test('an account has so many tables, counted one by one when they come together, and another account its own', async () => {
  const world = worldWith({ tablesMax: 3 });
  const numbers = [1, 2, 3, 4, 5];
  const outcomes = await Promise.allSettled(numbers.map((number) => world.create(table(number))));
  const made = numbers.filter((_, at) => outcomes[at]?.status === 'fulfilled');
  assert.equal(made.length, 3);
  await assert.rejects(world.create(table(6)), limit(/^Subscriber limit exceeded: There is a limit of 3 tables per subscriber$/));
  await world.create(table(7, { account: '2' }));
  await world.create(table(8, { region: 'other' }));
  for (const number of made) await world.untilStatus('ACTIVE', `Table${number}`);
  const [one] = made as [number];
  await world.create(table(one), 0);
  await world.delete(`Table${one}`, `t${one}`);
  await world.untilStatus(undefined, `Table${one}`);
  await world.create(table(6));
});

test('so many tables are in creation, change or deletion at a time', async () => {
  const world = worldWith({ operationsMax: 2, indexedCreationsMax: 1 });
  await world.create(table(1));
  await world.untilStatus('ACTIVE', 'Table1');
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).kill();
  const index = { name: 'index', number: 1, sort: { name: 'other', type: 'S' }, projection: { kind: 'all' } } as const;
  const indexed = {
    keys: { partition: { name: 'id', type: 'S' }, sort: { name: 'at', type: 'S' } },
    localIndexes: [index],
    settingsVersion: 1,
  } as const;
  await world.create(table(2, indexed));
  const tooManyIndexed =
    /^Subscriber limit exceeded: You have exceeded the maximum number of indexed tables that can be created simultaneously$/;
  await assert.rejects(world.create(table(3, indexed)), limit(tooManyIndexed));
  await world.create(table(4));
  const tooMany = limit(/^Subscriber limit exceeded: Only 2 tables can be created, updated, or deleted simultaneously$/);
  await assert.rejects(world.create(table(5)), tooMany);
  await assert.rejects(world.delete('Table1', 't1'), tooMany);
  const change = (asked: object) =>
    world.call({
      kind: 'change-table',
      account: '1',
      region: 'r',
      name: 'Table1',
      tableId: 't1',
      change: Buffer.from(JSON.stringify({ id: 'c', atMs: 9, ...asked })),
    });
  await assert.rejects(change({ tableClass: 'STANDARD' }), tooMany);
  await change({ setTags: [{ key: 'a', value: 'b' }] });
  for (const name of ['node-b', 'node-c']) world.cluster.node(name).start();
  await world.untilStatus('ACTIVE', 'Table2');
  await world.untilStatus('ACTIVE', 'Table4');
  await world.delete('Table1', 't1');
});

test('the throughput of a table and of an account is bounded, and the bounds are told', async () => {
  const world = worldWith({ tableUnitsMax: 50, accountUnitsMax: 90 });
  const description = await world.call({ kind: 'describe-auto-admin' });
  assert.ok(description.kind === 'auto-admin-description');
  assert.deepEqual([description.tableUnitsMax, description.accountUnitsMax], [50, 90]);
  const guide = 'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits\\.$';
  const perTable = `^The requested ReadCapacityUnits, 51, is above the per table maximum for the account in r\\. Per table maximum: 50\\. ${guide}`;
  await assert.rejects(world.create(provisioned(1, 51)), limit(new RegExp(perTable)));
  await world.create(provisioned(1, 50));
  const ofAccount = (reserved: number, requested: number) =>
    limit(
      new RegExp(
        '^This request would have caused the ReadCapacityUnits limit to be exceeded for the account in r\\. ' +
          `Current ReadCapacityUnits reserved by the account: ${reserved}\\. Limit: 90\\. Requested: ${requested}\\. ${guide}`,
      ),
    );
  await assert.rejects(world.create(provisioned(2, 41)), ofAccount(50, 41));
  await world.create(provisioned(2, 39));
  await world.untilStatus('ACTIVE', 'Table2');
  const throughput = (readUnits: number) =>
    world.call({
      kind: 'change-table',
      account: '1',
      region: 'r',
      name: 'Table2',
      tableId: 't2',
      change: Buffer.from(JSON.stringify({ id: `c${readUnits}`, atMs: 9, throughput: units(readUnits) })),
    });
  await assert.rejects(throughput(41), ofAccount(89, 41));
  await throughput(40);
});

test('changes that come together do not each take what is left of the quotas of an account', async () => {
  const world = worldWith({ accountUnitsMax: 90, operationsMax: 3 });
  const numbers = [1, 2, 3, 4];
  for (const number of numbers) {
    await world.create(provisioned(number, 10));
    await world.untilStatus('ACTIVE', `Table${number}`);
  }
  const together = async (calls: Promise<unknown>[]) =>
    (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length;
  const raised = (number: number) =>
    world.call({
      kind: 'change-table',
      account: '1',
      region: 'r',
      name: `Table${number}`,
      tableId: `t${number}`,
      change: Buffer.from(JSON.stringify({ id: `c${number}`, atMs: 9, throughput: units(35) })),
    });
  assert.equal(await together(numbers.map((number) => raised(number))), 2);
  for (const number of numbers) await world.untilStatus('ACTIVE', `Table${number}`);
  assert.equal(await together(numbers.map((number) => world.delete(`Table${number}`, `t${number}`))), 3);
});

test('what no cluster can hold is refused however much the quotas allow', async () => {
  const world = worldWith({ tableUnitsMax: 1e12, accountUnitsMax: 1e13 });
  await assert.rejects(world.create(provisioned(1, 1e12)), { code: 'table-too-large', message: /333333334 partitions/ });
});
