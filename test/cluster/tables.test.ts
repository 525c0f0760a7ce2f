import { DEFAULT_ACCOUNT as ACCOUNT } from '../../services/shared/placement/credential-rules.ts';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AutoAdminService } from '../../services/auto-admin/service.ts';
import { StorageClient } from '../../services/router/core/storage-client.ts';
import type { TableView } from '../../services/router/core/storage-port.ts';
import { utf8 } from '../../services/shared/base/bytes.ts';
import { ClusterClient } from '../../services/shared/cluster-client/cluster-client.ts';
import type { Environment } from '../../services/shared/env/environment.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import type { TableDefinition } from '../../services/shared/placement/catalog-records.ts';
import { createTransport, type GrpcTransport } from '../../services/shared/platform/grpc-transport.ts';
import { newIncarnation, systemRandom } from '../../services/shared/platform/random.ts';
import type { NodeDescription } from '../../services/shared/wire/admin.ts';
import type { RangeOperation, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import { NodeUnderTest, TestMetrics, testEnvironment } from '../harness/node-process.ts';

const CLUSTER = 'c0ffee00-0000-4000-8000-000000000002';
const DEADLINE_MS = 10_000;

function definition(name: string): TableDefinition {
  const keys = { partition: { name: 'pk', type: 'S' as const } };
  const tableId = `${name}-0000-4000-8000-000000000000`;
  return { account: ACCOUNT, region: 'local', name, tableId, keys, billingMode: 'PAY_PER_REQUEST', createdAtMs: 1 };
}

/** A process of the cluster other than a storage node: its environment and its transport. */
function newProcess(name: string): { readonly environment: Environment; readonly transport: GrpcTransport } {
  const metrics = new TestMetrics();
  const environment = testEnvironment(name, metrics);
  const { digest, logger } = environment;
  const identity = { name, incarnation: newIncarnation(systemRandom), clusterId: () => CLUSTER };
  return { environment, transport: createTransport({ identity, listen: '127.0.0.1:0', digest, logger, metrics, process: 'router' }) };
}

describe('tables of a cluster of three nodes', () => {
  const nodes = ['a', 'b', 'c'].map((az) => new NodeUnderTest(az));
  const closers: (() => Promise<void>)[] = [];
  let storage: StorageClient;

  before(async () => {
    for (const node of nodes) await node.start();
    const seeds = nodes.map(({ address }) => address);
    const admin = newProcess('auto-admin-1');
    const service = new AutoAdminService(admin.environment, admin.transport, { name: 'auto-admin-1', seeds, clusterId: () => CLUSTER });
    await service.run();
    const router = newProcess('router-1');
    const cluster = new ClusterClient(router.environment, router.transport, seeds, 'b');
    const autoAdmins = [`127.0.0.1:${admin.transport.port()}`];
    storage = new StorageClient(router.environment, router.transport, cluster, { region: 'local', seeds, autoAdmins });
    const members = nodes.map(({ name, az }, at) => ({ replica: at + 1, node: name, az }));
    const addresses = nodes.map(({ name, address }) => ({ node: name, address }));
    for (const { address } of nodes) {
      await router.transport.call(address, { kind: 'init-cluster', clusterId: CLUSTER, members, addresses }, 5000);
    }
    cluster.start();
    for (const { name, az, address, transport } of nodes) {
      const registration = { kind: 'register-node', node: name, az, address, incarnation: 1 } as const;
      await untilAnswered(() => transport.call(autoAdmins[0] as string, registration, 5000));
    }
    closers.push(() => service.stop());
    closers.push(async () => {
      cluster.stop();
      await router.transport.close();
    });
  });

  after(async () => {
    for (const close of closers) await close();
    for (const node of nodes) await node.remove();
  });

  test('a table is created, and each node leads a part of it', async () => {
    const { record } = await created('Spread');
    const leads = await Promise.all(
      nodes.map(async (node) => (await describeNode(node)).replicas.filter(({ tableId }) => tableId === record.tableId)),
    );
    assert.deepEqual(
      leads.map((replicas) => replicas.length),
      [4, 4, 4],
    );
    assert.ok(leads.every((replicas) => replicas.some(({ leading }) => leading)));
  });

  test('items are written and read over all partitions', async () => {
    const view = await created('Items');
    assert.equal(view.partitionCount, 4);
    const puts = await Promise.all(Array.from({ length: 200 }, (_, at) => put(view, `key ${at}`)));
    assert.deepEqual([...new Set(puts.map(({ status }) => status))], ['ok']);
    const { item } = await get(view, 'key 7', true);
    assert.equal(Buffer.from(item ?? []).toString(), '{"pk":{"S":"key 7"}}');
    const range: RangeOperation = { ...WHOLE_TABLE, limit: 150 };
    const first = await storage.range(view, range, DEADLINE_MS);
    assert.deepEqual([first.status, first.range?.scanned, first.range?.more], ['ok', 150, true]);
    const lastKey = first.range?.lastKey;
    assert.ok(lastKey !== undefined);
    const second = await storage.range(view, { ...range, low: Buffer.concat([lastKey, Buffer.alloc(1)]) }, DEADLINE_MS);
    assert.deepEqual([second.status, second.range?.scanned, second.range?.more], ['ok', 50, false]);
  });

  test('writes go on when a node goes, and none that was acknowledged is lost', async () => {
    const view = await created('Failover');
    for (let at = 0; at < 20; at++) assert.equal((await put(view, `before ${at}`)).status, 'ok');
    await nodes[0]?.stop();
    const puts = await Promise.all(Array.from({ length: 64 }, (_, at) => put(view, `during ${at}`)));
    await nodes[0]?.start();
    assert.deepEqual([...new Set(puts.map(({ status }) => status))], ['ok']);
    for (let at = 0; at < 64; at++) assert.notEqual((await get(view, `during ${at}`, true)).item, undefined);
  });

  test('a deleted table leaves nothing on the nodes, and its name is free again', async () => {
    const { record } = await created('Gone');
    await storage.deleteTable(record, DEADLINE_MS);
    await until(() => storage.table(ACCOUNT, 'Gone') === undefined);
    for (const node of nodes) assert.ok((await describeNode(node)).replicas.every(({ tableId }) => tableId !== record.tableId));
    await created('Gone', 'again');
    await storage.deleteTable(record, DEADLINE_MS);
    assert.equal(storage.table(ACCOUNT, 'Gone')?.record.status, 'ACTIVE', 'a late copy of the deletion leaves the new table alone');
  });

  async function created(name: string, idPrefix = name): Promise<TableView> {
    await storage.createTable({ ...definition(name), tableId: definition(idPrefix).tableId }, DEADLINE_MS);
    await until(() => storage.table(ACCOUNT, name)?.record.status === 'ACTIVE');
    const view = storage.table(ACCOUNT, name);
    assert.ok(view !== undefined);
    return view;
  }

  function put(view: TableView, id: string): Promise<StorageResponse> {
    const bytes = utf8(JSON.stringify({ pk: { S: id } }));
    const operation = {
      kind: 'put',
      key: keyOf(view, id),
      item: bytes,
      itemSize: 10,
      returnOld: false,
      returnOldOnFailure: false,
    } as const;
    return storage.execute(view, operation, DEADLINE_MS);
  }

  function get(view: TableView, id: string, consistent: boolean): Promise<StorageResponse> {
    return storage.execute(view, { kind: 'get', key: keyOf(view, id), consistent }, DEADLINE_MS);
  }

  async function describeNode(node: NodeUnderTest): Promise<NodeDescription> {
    const description = await node.transport.call(node.address, { kind: 'describe-node' }, 5000);
    assert.ok(description.kind === 'node-description');
    return description;
  }
});

const { environment } = newProcess('keys');
const WHOLE_TABLE: RangeOperation = {
  kind: 'range',
  low: Buffer.alloc(0),
  reverse: false,
  consistent: true,
  limit: 0,
  byteLimit: 1 << 20,
  countOnly: false,
};

function keyOf(view: TableView, id: string): Uint8Array {
  return encodeKey(view.record.keys, { pk: { S: id } }, environment.digest);
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 2000, 'the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function untilAnswered(call: () => Promise<unknown>): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < 200; tries++) {
    try {
      await call();
      return;
    } catch (error) {
      last = error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw last;
}
