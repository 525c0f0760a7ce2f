import { DEFAULT_ACCOUNT as ACCOUNT } from '../../services/shared/placement/credential-rules.ts';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DynamoDBClient, GetItemCommand, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { KIB, MIB } from '../../services/shared/base/units.ts';
import { CatalogWatcher } from '../../services/shared/cluster-client/catalog-watcher.ts';
import { BulkItems, ROWS } from '../harness/bulk-items.ts';
import { TestMetrics, testEnvironment } from '../harness/node-process.ts';
import { ProcessCluster, STORAGE_NODES, type StorageNodeName } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Bulk';
const TIMEOUT_MS = 180_000;
/** In the router's AZ: eventually consistent reads go there first. */
const FOLLOWER = 'node-a';
const EVENTUAL_READ_MS = 5_000;
const CHECKPOINT_BYTES = 256 * KIB;
const ALLOWANCE_BYTES = 1 * MIB;
const PAGE_CACHE_BYTES = 1 * MIB;
/** Half a megabyte for each of the four partitions. */
const SMALL_ITEMS = 2_000;
const SMALL_BYTES = 1 * KIB;
/** More for each partition than it keeps in memory for followers that are a little behind. */
const LARGE_ITEMS = 1_200;
const LARGE_BYTES = 25 * KIB;

describe('storage nodes with little memory and little room for logs', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;
  let small: BulkItems;
  let large: BulkItems;

  before(async () => {
    cluster = await ProcessCluster.start({
      STATOR_PAGE_CACHE_BYTES: String(PAGE_CACHE_BYTES),
      STATOR_CHECKPOINT_DIRTY_BYTES: String(CHECKPOINT_BYTES),
      STATOR_CHECKPOINT_WAL_BYTES: String(CHECKPOINT_BYTES),
      STATOR_CHECKPOINT_INTERVAL_MS: '1000',
      STATOR_WAL_ALLOWANCE_BYTES: String(ALLOWANCE_BYTES),
    });
    await cluster.createTable(TABLE, 'N');
    small = new BulkItems(cluster.client(5), TABLE, 'small', SMALL_BYTES);
    large = new BulkItems(cluster.client(5), TABLE, 'large', LARGE_BYTES);
  });

  after(() => cluster?.remove());

  const walBytes = (name: StorageNodeName): Promise<number> => cluster.metric(name, 'stator_storage_node_wal_bytes');
  const installed = (): Promise<number> => cluster.metric(FOLLOWER, 'stator_storage_node_snapshots_installed_total');

  /** Has the replica take over from whoever leads its group. */
  async function lead(group: number, replica: number, name: StorageNodeName): Promise<void> {
    await until(`${name} leads group ${group}`, async () => {
      for (const other of STORAGE_NODES) {
        if (!(await cluster.isRunning(other))) continue;
        const { leading } = (await cluster.inspect(other, group)).replica;
        if (leading && other === name) return true;
        if (leading) await cluster.call(other, { kind: 'transfer-leadership', group, to: replica });
      }
      return false;
    });
  }

  /** The groups of the table, as a node sees them. */
  async function replicas(name: StorageNodeName) {
    return (await cluster.describe(name)).replicas.filter(({ group }) => group > 1);
  }

  /** Everything applied is in a checkpoint; the catalog is left out, for its lease is renewed all the time. */
  async function settled(name: StorageNodeName): Promise<boolean> {
    return (await replicas(name)).every(({ checkpoint, applied, commit }) => checkpoint === applied && applied === commit);
  }

  test('a follower that was down for less than the allowance catches up from the log, which then shrinks', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await cluster.kill(FOLLOWER);
    await small.put(0, SMALL_ITEMS);
    await until('the checkpoints of node-b', () => settled('node-b'));
    const keptBytes = (await walBytes('node-b')) + (await walBytes('node-c'));
    assert.ok(keptBytes > SMALL_ITEMS * SMALL_BYTES, `the leaders keep the log for the follower: ${keptBytes} bytes`);
    await cluster.startMissing();
    for (const name of STORAGE_NODES) {
      await until(`the log of ${name} shrinks from ${keptBytes} bytes`, async () => (await walBytes(name)) < keptBytes / 8);
    }
    assert.equal(await installed(), 0);
    await assertEqualReplicas(cluster);
  });

  test('a follower that lacks more than the allowance comes back by snapshot, and shows nobody how things were', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const before = new Map((await replicas(FOLLOWER)).map(({ group, last }) => [group, last]));
    await cluster.kill(FOLLOWER);
    await small.put(0, ROWS, 1);
    const writtenAtMs = performance.now();
    await large.put(0, LARGE_ITEMS);
    await until('the logs leave the follower behind', async () => {
      const leading = [...(await replicas('node-b')), ...(await replicas('node-c'))].filter((replica) => replica.leading);
      return leading.length === before.size && leading.every(({ group, trimmed }) => trimmed > (before.get(group) ?? 0));
    });
    await until('the changes are older than an eventually consistent read may be', async () => {
      return performance.now() - writtenAtMs > EVENTUAL_READ_MS;
    });
    const back = cluster.startMissing().then(() => until('a snapshot for each group', async () => (await installed()) >= before.size));
    let isBack = false;
    const told = back.finally(() => {
      isBack = true;
    });
    // The router is in the follower's AZ and asks it first.
    const client = cluster.client();
    for (let turn = 0; !isBack; turn++) {
      const number = turn % ROWS;
      const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: small.key(number) }));
      assert.ok(Item?.['text']?.S === small.item(number, 1)['text']?.S, `item ${number} as it was long ago`);
    }
    await told;
    await assertEqualReplicas(cluster);
    await small.put(0, ROWS);
    await small.verify(0, SMALL_ITEMS);
    await large.verify(0, LARGE_ITEMS);
  });

  test('the follower that came back by snapshot can lead', { timeout: TIMEOUT_MS }, async () => {
    for (const { group, replica } of await replicas(FOLLOWER)) await lead(group, replica, FOLLOWER);
    await small.verify(0, SMALL_ITEMS);
    await large.verify(0, LARGE_ITEMS);
    await small.put(0, SMALL_ITEMS, 1);
    await small.verify(0, SMALL_ITEMS, 1);
    await small.put(0, SMALL_ITEMS);
  });

  test('a data set of more than ten times the page cache is read back whole', { timeout: TIMEOUT_MS }, async () => {
    assert.ok(SMALL_ITEMS * SMALL_BYTES + LARGE_ITEMS * LARGE_BYTES > 10 * PAGE_CACHE_BYTES);
    const client = cluster.client(5);
    const scanned = new Set<string>();
    for await (const { Items } of paginateScan({ client }, { TableName: TABLE, ConsistentRead: true })) {
      for (const { pk, sk } of Items ?? []) scanned.add(`${pk?.S} ${sk?.N}`);
    }
    assert.equal(scanned.size, SMALL_ITEMS + LARGE_ITEMS);
    for (const [items, count] of [[small, SMALL_ITEMS] as const, [large, LARGE_ITEMS] as const]) {
      for (let first = 0; first < count; first += ROWS) await assertQuery(client, items, first);
      for (let number = 0; number < count; number += 17) {
        const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: items.key(number), ConsistentRead: true }));
        assert.ok(Item?.['text']?.S === items.item(number)['text']?.S, `item ${number}`);
      }
    }
    for (const name of STORAGE_NODES) {
      const misses = await cluster.metric(name, 'stator_storage_node_page_cache_misses_total');
      const bytes = await cluster.metric(name, 'stator_storage_node_page_cache_bytes');
      assert.ok(bytes < 4 * PAGE_CACHE_BYTES, `${name} keeps ${bytes} bytes of pages`);
      if (name === FOLLOWER) assert.ok(misses > LARGE_ITEMS, `${name}, which leads, reads pages from its store: ${misses}`);
    }
  });

  test('a checkpoint writes only the pages that changed', { timeout: TIMEOUT_MS }, async () => {
    const written = (): Promise<number> => cluster.metric('node-a', 'stator_storage_node_pages_written_total');
    await until('the checkpoints of node-a', () => settled('node-a'));
    const before = await written();
    assert.ok(before > LARGE_ITEMS, `the load wrote its pages: ${before}`);
    const applied = sum(await replicas('node-a'), ({ checkpoint }) => checkpoint);
    await small.put(0, 10, 1);
    await until('the next checkpoints', async () => sum(await replicas('node-a'), ({ checkpoint }) => checkpoint) >= applied + 10);
    const few = (await written()) - before;
    assert.ok(few > 0 && few < 100, `ten changes wrote ${few} pages`);
  });

  test('a replica of the catalog that comes back by snapshot shows its watchers everything', { timeout: TIMEOUT_MS }, async () => {
    const catalog = (name: StorageNodeName) => cluster.inspect(name, CATALOG_GROUP).then(({ replica }) => replica);
    const { last } = await catalog('node-c');
    await cluster.kill('node-c');
    // The auto-admin's lease is renewed in the catalog again and again.
    await until('more in the catalog', async () => (await catalog('node-b')).commit > last + 1);
    // A restarted follower holds in memory only what is chosen from then on: first of all, that it is registered anew.
    await cluster.kill('node-b');
    await cluster.startOne('node-b');
    // Whoever leads keeps the log for node-c.
    await lead(CATALOG_GROUP, (await catalog('node-a')).replica, 'node-a');
    const { applied } = await catalog('node-b');
    await until('a checkpoint of the catalog', async () => (await catalog('node-b')).trimmed >= applied);
    await lead(CATALOG_GROUP, (await catalog('node-b')).replica, 'node-b');
    await cluster.startMissing();
    await until('node-c has the catalog', async () => (await catalog('node-c')).applied >= applied);
    assert.ok((await cluster.metric('node-c', 'stator_storage_node_snapshots_installed_total')) > 0, 'by snapshot');

    const { ports } = await cluster.status('node-c');
    const watcher = new CatalogWatcher(testEnvironment('watcher', new TestMetrics()), cluster.transport, [`127.0.0.1:${ports.grpc}`]);
    watcher.start();
    try {
      assert.ok(await watcher.caughtUpTo(applied, TIMEOUT_MS));
      assert.equal(watcher.view.node('node-b')?.incarnation, (await cluster.describe('node-b')).incarnation);
      const table = watcher.view.table(ACCOUNT, cluster.credentials.region, TABLE);
      assert.equal(table?.status, 'ACTIVE');
    } finally {
      watcher.stop();
    }
  });
});

/** All items of one partition key, in order and whole. */
async function assertQuery(client: DynamoDBClient, items: BulkItems, first: number): Promise<void> {
  const input = {
    TableName: TABLE,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: items.partitionKey(first) } },
  };
  const found: string[] = [];
  for await (const { Items } of paginateQuery({ client }, input)) found.push(...(Items ?? []).map(({ text }) => text?.S ?? ''));
  const expected = Array.from({ length: ROWS }, (_, at) => items.item(first + at)['text']?.S ?? '');
  assert.ok(found.length === ROWS && found.every((text, at) => text === expected[at]), `Query of ${items.partitionKey(first)}`);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
