import { PLAIN_DEFINITION } from '../../shared/placement/table-record.fixture.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { FakeGroup } from '../../../test/harness/fake-group.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { compareBytes } from '../../shared/base/bytes.ts';
import { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { READ_BYTES_HELD_MAX } from '../../shared/limits/api-limits.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { serializeRecord } from '../../shared/placement/record-format.ts';
import type { AdminRequest, AdminResponse } from '../../shared/wire/admin.ts';
import type { RangeOperation, RangeResult } from '../../shared/wire/storage-operations.ts';
import { StorageClient } from './storage-client.ts';
import type { TableView } from './storage-port.ts';

const active: TableRecord = { ...PLAIN_DEFINITION, generation: 2, status: 'ACTIVE' };

let timers: ManualTimers;
let cluster: FakeCluster;
let client: StorageClient;

beforeEach(async () => {
  timers = new ManualTimers();
  cluster = new FakeCluster(timers);
  cluster.registerNodes();
  const environment = testEnvironment(timers);
  const transport = cluster.network.transport('router:1', 'router-1', 7);
  const watched = new ClusterClient(environment, transport, cluster.seeds, 'b');
  client = new StorageClient(environment, transport, watched, { region: 'r', seeds: cluster.seeds, autoAdmins: ['admin:1'] });
  watched.start();
  await timers.advance(100);
});

/** Serves admin calls at the auto-admin's address. */
function autoAdmin(serve: (request: AdminRequest) => Promise<AdminResponse>): void {
  void cluster.network.transport('admin:1', 'auto-admin-1', 1).listen({ admin: serve });
}

/** A table whose partitions meet at the given bounds (hexadecimal), each led by another node. */
async function createTable(...bounds: string[]): Promise<TableView> {
  cluster.putRecord('table/1/r/Music', active);
  const ends = ['', ...bounds, ''];
  for (let at = 0; at < ends.length - 1; at++) placePartition(at, 10 + at, ends[at] as string, ends[at + 1] as string);
  await timers.advance(10);
  const view = client.table('1', 'Music');
  assert.ok(view !== undefined);
  return view;
}

function placePartition(partitionId: number, id: number, low: string, high: string): void {
  const group = new FakeGroup(id, 't1', Buffer.from(low, 'hex'), Buffer.from(high, 'hex'));
  cluster.groups.set(id, group);
  const nodes = [...cluster.nodes.values()];
  group.leader = nodes[id % 3]?.name;
  const replicas = nodes.map(({ name, az }, at) => ({ replica: id * 10 + at, node: name, az }));
  for (const node of nodes) {
    const ids = { group: id, replica: 1, tableId: 't1', partitionId, preferredLeader: 1 };
    node.replicas.set(id, { kind: 'create-replica', ...ids, low: group.low, high: group.high, members: [], late: false });
  }
  const ids = { tableId: 't1', partitionId, group: id, generation: 1, epoch: 1, configuration: 1 };
  cluster.putRecord(`partition/t1/${partitionId}`, { ...ids, low, high, replicas });
}

async function put(view: TableView, key: string): Promise<void> {
  const item = Buffer.from(key.padEnd(10, '.'));
  const operation = {
    kind: 'put',
    key: Buffer.from(key, 'hex'),
    item,
    itemSize: item.length,
    returnOld: false,
    returnOldOnFailure: false,
  } as const;
  assert.equal((await timers.until(client.execute(view, operation, 5000))).status, 'ok');
}

function range(changes: Partial<RangeOperation> = {}): RangeOperation {
  const base = { kind: 'range', low: Buffer.alloc(0), reverse: false, consistent: true, countOnly: false } as const;
  return { ...base, limit: 0, byteLimit: 1 << 20, ...changes };
}

async function read(view: TableView, operation: RangeOperation): Promise<RangeResult> {
  const response = await timers.until(client.range(view, operation, 5000));
  assert.equal(response.status, 'ok');
  assert.ok(response.range !== undefined);
  return response.range;
}

const keysOf = (result: RangeResult): string[] => result.items.map((item) => Buffer.from(item).toString().replaceAll('.', ''));

test('tables are seen as the catalog shows them, under their account and region', async () => {
  assert.equal(client.table('1', 'Music'), undefined);
  const view = await createTable('80');
  assert.deepEqual(view, { record: active, partitionCount: 2 });
  assert.equal(client.table('1', 'Music'), view);
  assert.equal(client.table('2', 'Music'), undefined);
  cluster.putRecord('table/1/elsewhere/Other', { ...active, region: 'elsewhere', name: 'Other', tableId: 't2' });
  cluster.putRecord('table/1/r/Albums', { ...active, name: 'Albums', tableId: 't3' });
  await timers.advance(10);
  assert.deepEqual(client.tableNames('1'), ['Albums', 'Music']);
});

test('a created table is visible as soon as the call is answered', async () => {
  const creating: TableRecord = { ...PLAIN_DEFINITION, generation: 1, status: 'CREATING' };
  for (const node of cluster.nodes.values()) node.watchPaused = true;
  autoAdmin(async () => {
    cluster.putRecord('table/1/r/Music', creating);
    return { kind: 'table-changed', record: serializeRecord(creating), slot: cluster.catalog.slot };
  });
  assert.deepEqual(await timers.until(client.createTable(PLAIN_DEFINITION, 5000)), creating);
  assert.deepEqual(client.table('1', 'Music')?.record, creating);
});

test('refusals of the auto-admin are passed on', async () => {
  autoAdmin(async () => {
    throw new AdminCallError('table-busy', 'it is being created');
  });
  await assert.rejects(timers.until(client.deleteTable(active, 5000)), { code: 'table-busy' });
});

test('a table that is gone when its deletion arrives counts as deleted, and is not seen here any more', async () => {
  await createTable('80');
  for (const node of cluster.nodes.values()) node.watchPaused = true;
  autoAdmin(async () => {
    cluster.putRecord('table/1/r/Music', undefined);
    throw new AdminCallError('table-not-found', 'no such table');
  });
  assert.deepEqual(await timers.until(client.deleteTable(active, 5000)), { ...active, status: 'DELETING' });
  assert.equal(client.table('1', 'Music'), undefined);
});

test('a creation says what was seen under the name, and a deletion which table was', async () => {
  const asked: AdminRequest[] = [];
  autoAdmin(async (request) => {
    asked.push(request);
    throw new AdminCallError('table-busy', 'as the test wants it');
  });
  const calls = [() => client.createTable(PLAIN_DEFINITION, 5000), () => client.deleteTable(active, 5000)];
  for (const call of calls) await assert.rejects(timers.until(call()));
  const { account, region, name, tableId } = PLAIN_DEFINITION;
  cluster.putRecord('table/1/r/Music', { account, region, name, tableId, status: 'REMOVED', generation: 7, removedAtMs: 1 });
  await timers.advance(10);
  await assert.rejects(timers.until(client.createTable(PLAIN_DEFINITION, 5000)));
  const seen = asked.map((request) =>
    request.kind === 'create-table' ? request.overGeneration : request.kind === 'delete-table' && request.tableId,
  );
  assert.deepEqual(seen, [0, 't1', 7]);
});

test('a table that this router does not know yet is found after a refresh', async () => {
  for (const node of cluster.nodes.values()) node.watchPaused = true;
  cluster.putRecord('table/1/r/Music', active);
  await timers.advance(10);
  assert.equal(client.table('1', 'Music'), undefined);
  await timers.until(client.refreshTables(5000));
  assert.equal(client.table('1', 'Music')?.record.tableId, 't1');
});

test('operations go to the partition that holds the key', async () => {
  const view = await createTable('40', '80', 'c0');
  for (const key of ['00', '40', '7f', '80', 'ff']) await put(view, key);
  assert.deepEqual(
    [10, 11, 12, 13].map((id) => cluster.group(id).items.length),
    [1, 2, 1, 1],
  );
});

test('a range is walked over all partitions, both ways, and ends where it ends', async () => {
  const view = await createTable('40', '80', 'c0');
  const keys = ['01', '02', '41', '42', 'c1'];
  for (const key of keys) await put(view, key);
  const forward = await read(view, range());
  assert.deepEqual([keysOf(forward), forward.more, forward.scanned, forward.scannedBytes], [keys, false, 5, 50]);
  const backward = await read(view, range({ reverse: true }));
  assert.deepEqual([keysOf(backward), backward.more], [[...keys].reverse(), false]);
  const middle = await read(view, range({ low: Buffer.from('02', 'hex'), high: Buffer.from('42', 'hex') }));
  assert.deepEqual([keysOf(middle), middle.more], [['02', '41'], false]);
  const nothing = await read(view, range({ low: Buffer.from('50', 'hex'), high: Buffer.from('c0', 'hex') }));
  assert.deepEqual([keysOf(nothing), nothing.more, nothing.lastKey], [[], false, undefined]);
});

test('limits hold over partitions, and reading goes on behind the last key', async () => {
  const view = await createTable('40', '80', 'c0');
  for (const key of ['01', '02', '41', '42', 'c1']) await put(view, key);
  const first = await read(view, range({ limit: 3 }));
  assert.deepEqual(
    [keysOf(first), first.more, first.lastKey && Buffer.from(first.lastKey).toString('hex')],
    [['01', '02', '41'], true, '41'],
  );
  const bytes = await read(view, range({ byteLimit: 25 }));
  assert.deepEqual([keysOf(bytes), bytes.more], [['01', '02', '41'], true]);
  const fetched = await read(view, range({ byteLimit: 25, fetchItems: true, index: 1 }));
  assert.deepEqual([keysOf(fetched), fetched.scannedBytes, fetched.fetchedBytes, fetched.more], [['01', '02', '41'], 3, 30, true]);
  const last = await read(view, range({ limit: 4, reverse: true }));
  assert.deepEqual([keysOf(last), last.more], [['c1', '42', '41', '02'], true]);
});

test('slices of one walk follow on each other: no item is read twice, and none is left out', async () => {
  const view = await createTable('80');
  const keys = ['01', '02', '03', '04', '05', '81', '82', '83'];
  for (const key of keys) await put(view, key);
  for (const group of cluster.groups.values()) group.sliceItemsMax = 2;
  const forward = await read(view, range());
  assert.deepEqual([keysOf(forward), forward.scanned], [keys, keys.length]);
  const backward = await read(view, range({ reverse: true }));
  assert.deepEqual([keysOf(backward), backward.scanned], [[...keys].reverse(), keys.length]);
});

test('any range, any limits, any partitions: pages joined are what one sorted list holds', async () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, '0'));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        bounds: fc.uniqueArray(byte, { maxLength: 4 }),
        keys: fc.uniqueArray(byte, { maxLength: 20 }),
        low: byte,
        high: fc.option(byte, { nil: undefined }),
        reverse: fc.boolean(),
        limit: fc.integer({ min: 0, max: 6 }),
        byteLimit: fc.integer({ min: 1, max: 80 }),
        sliceItemsMax: fc.integer({ min: 1, max: 5 }),
      }),
      async ({ bounds, keys, low, high, reverse, limit, byteLimit, sliceItemsMax }) => {
        const view = await createTable(...bounds.sort());
        for (const group of cluster.groups.values()) group.sliceItemsMax = sliceItemsMax;
        for (const key of keys) await put(view, key);
        const inside = keys.filter((key) => key >= low && (high === undefined || key < high)).sort();
        if (reverse) inside.reverse();
        const joined: string[] = [];
        let operation = range({
          low: Buffer.from(low, 'hex'),
          ...(high === undefined ? {} : { high: Buffer.from(high, 'hex') }),
          reverse,
          limit,
          byteLimit,
        });
        for (let pages = 0; pages < 50; pages++) {
          const page = await read(view, operation);
          assert.ok(limit === 0 || page.scanned <= limit);
          assert.ok(page.scannedBytes < byteLimit + 10);
          joined.push(...keysOf(page));
          if (!page.more) break;
          assert.ok(page.lastKey !== undefined);
          operation = reverse
            ? { ...operation, high: page.lastKey }
            : { ...operation, low: Buffer.concat([page.lastKey, Buffer.alloc(1)]) };
        }
        assert.deepEqual(joined, inside);
        for (const id of cluster.groups.keys()) if (id >= 10) cluster.groups.delete(id);
        for (const at of [...bounds, ''].keys()) cluster.putRecord(`partition/t1/${at}`, undefined);
      },
    ),
    { numRuns: 60 },
  );
});

test('a walk ends with what it has when all walks together hold too much', async () => {
  const view = await createTable('40', '80');
  for (const key of ['01', '41', '81']) await put(view, key);
  const item = Buffer.alloc(READ_BYTES_HELD_MAX + 1);
  let asked = 0;
  cluster.onRequest = (_node, { operation }) => {
    if (operation.kind !== 'range' || asked++ > 0) return 'execute';
    const lastKey = Buffer.from('01', 'hex');
    return { status: 'ok', range: { items: [item], count: 1, scanned: 1, scannedBytes: 10, more: false, lastKey } };
  };
  const first = await read(view, range());
  assert.deepEqual([first.count, first.more, asked], [1, true, 1]);
  assert.deepEqual(keysOf(await read(view, range())), ['01', '41', '81'], 'it is let go of with its walk');
});

test('a partition that split under a walk: what is left is cut anew', async () => {
  const view = await createTable('80');
  for (const key of ['01', '81', 'c1']) await put(view, key);
  const split = (): void => {
    const old = cluster.group(11);
    placePartition(1, 20, '80', 'c0');
    placePartition(2, 21, 'c0', '');
    for (const { key, item, size } of old.items) {
      const child = cluster.group(compareBytes(key, Buffer.from('c0', 'hex')) < 0 ? 20 : 21);
      const operation = {
        kind: 'put',
        key,
        item,
        itemSize: size,
        number: child.slot + 1,
        returnOld: false,
        returnOldOnFailure: false,
      } as const;
      child.execute(operation, 0);
    }
    for (const node of cluster.nodes.values()) node.replicas.delete(11);
  };
  cluster.onRequest = (_node, request) => {
    if (request.group === 11 && !cluster.groups.has(20)) timers.after(300, split);
    return request.group === 11 ? { status: 'wrong-range' } : 'execute';
  };
  assert.deepEqual(keysOf(await read(view, range())), ['01', '81', 'c1']);
});

test('a walk that cannot go on gives what it has; one that has nothing gives the refusal', async () => {
  const view = await createTable('80');
  await put(view, '01');
  await put(view, '81');
  cluster.group(11).leader = undefined;
  const partial = await timers.until(client.range(view, range(), 1000));
  assert.deepEqual([partial.status, partial.range?.more, partial.range?.count], ['ok', true, 1]);
  const nothing = await timers.until(client.range(view, range({ low: Buffer.from('80', 'hex') }), 1000));
  assert.equal(nothing.status, 'unavailable');
  cluster.putRecord('table/1/r/Music', undefined);
  for (const at of [0, 1]) cluster.putRecord(`partition/t1/${at}`, undefined);
  await timers.advance(10);
  assert.equal((await timers.until(client.range(view, range(), 1000))).status, 'unavailable');
});

test('statistics come in the background and are never waited for', async () => {
  const view = await createTable('80');
  await put(view, '01');
  await put(view, '81');
  await put(view, '82');
  assert.deepEqual(client.tableStatistics(view), { items: 0, bytes: 0 });
  await timers.advance(100);
  assert.deepEqual(client.tableStatistics(view), { items: 3, bytes: 30 });
  await put(view, '83');
  cluster.node('node-a').kill();
  await timers.advance(10_000);
  client.tableStatistics(view);
  await timers.advance(3_000);
  assert.deepEqual(client.tableStatistics(view), { items: 4, bytes: 40 });
});
