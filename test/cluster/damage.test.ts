import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { GetItemCommand, paginateScan, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { KIB, MIB } from '../../services/shared/base/units.ts';
import { BulkItems } from '../harness/bulk-items.ts';
import { cutWal, flipBitInWal, flipBitsInAllTables, flipBitsInTrees } from '../harness/damage.ts';
import { ProcessCluster, STORAGE_NODES, type StorageNodeName } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Damaged';
const TIMEOUT_MS = 180_000;
const ITEMS = 1_000;
const ITEM_BYTES = 2 * KIB;

describe('storage nodes whose data is damaged while they are down', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;
  let items: BulkItems;

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE, 'N');
    items = new BulkItems(cluster.client(5), TABLE, 'item', ITEM_BYTES);
    await items.put(0, ITEMS);
  });

  after(() => cluster?.remove());

  const damaged = (name: StorageNodeName): Promise<number> => cluster.metric(name, 'stator_storage_node_groups_damaged');

  const rebuilt = (name: StorageNodeName): Promise<number> => cluster.metric(name, 'stator_storage_node_replicas_rebuilt_total');

  async function dataDir(name: StorageNodeName): Promise<string> {
    return (await cluster.status(name)).dataDir ?? assert.fail('a storage node has a data folder');
  }

  test('one of three abstains until a leader has synced it anew, and then votes again', { timeout: TIMEOUT_MS }, async () => {
    await cluster.kill('node-b');
    await flipBitInWal(await dataDir('node-b'));
    await cluster.signal(['node-a', 'node-c'], 'SIGSTOP');
    try {
      await cluster.startUnready('node-b');
      await until('node-b says that it is damaged', async () => (await damaged('node-b').catch(() => 0)) >= 1);
    } finally {
      await cluster.signal(['node-a', 'node-c'], 'SIGCONT');
    }
    assert.match(await cluster.log('node-b'), /"event":"replica abstains"/);
    await until('node-b is sound', async () => (await damaged('node-b')) === 0);
    await assertEqualReplicas(cluster);

    await cluster.kill('node-a');
    await items.verify(0, ITEMS);
    await items.put(0, 100, 1);
    await cluster.startMissing();
    await items.verify(0, 100, 1);
    await items.put(0, 100);
  });

  test('one of three that were all down is synced from logs that the others hold on disk only', { timeout: TIMEOUT_MS }, async () => {
    await cluster.kill(...STORAGE_NODES);
    await flipBitInWal(await dataDir('node-c'));
    await cluster.startMissing();
    await until('node-c is sound', async () => (await damaged('node-c')) === 0);
    await assertEqualReplicas(cluster);
    await items.verify(0, ITEMS);
  });

  test('with two of three damaged a partition refuses rather than guesses', { timeout: TIMEOUT_MS }, async () => {
    const soundCopy = `${await dataDir('node-b')}-sound`;
    await cluster.kill('node-b', 'node-c');
    await cp(await dataDir('node-b'), soundCopy, { recursive: true });
    await cutWal(await dataDir('node-b'));
    await cutWal(await dataDir('node-c'));
    for (const name of ['node-b', 'node-c'] as const) {
      await cluster.startUnready(name);
      await until(`${name} says that it is damaged`, async () => (await damaged(name).catch(() => 0)) >= 1);
    }
    // Until its leases end the sound replica rightly answers strong reads of what it leads.
    await until('node-a leads nothing', async () => (await cluster.metric('node-a', 'stator_storage_node_groups_led')) === 0);
    const client = cluster.client();
    const refused: Promise<void>[] = [];
    for (let number = 0; number < ITEMS; number += ITEMS / 10) {
      const Key = items.key(number);
      refused.push(assert.rejects(client.send(new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }))));
      refused.push(assert.rejects(client.send(new PutItemCommand({ TableName: TABLE, Item: items.item(number, 2) }))));
    }
    await Promise.all(refused);
    await cluster.kill('node-b');
    await rm(await dataDir('node-b'), { recursive: true });
    await cp(soundCopy, await dataDir('node-b'), { recursive: true });
    await cluster.startMissing();
    await until('node-c is sound', async () => (await damaged('node-c')) === 0);
    await assertEqualReplicas(cluster);
  });

  test('nodes that were damaged once hold new tables', { timeout: TIMEOUT_MS }, async () => {
    await cluster.createTable('Later', 'N');
    const later = new BulkItems(cluster.client(5), 'Later', 'later', ITEM_BYTES);
    await later.put(0, 100);
    await later.verify(0, 100);
    await assertEqualReplicas(cluster);
  });

  /**
   * LevelDB may meet the damage first, in a compaction: then the node ends, by its own decision or by one of LevelDB's assertions (keys
   * out of order, a key that is none), and sets its trees aside when it is started again.
   */
  async function comeBack(): Promise<void> {
    if (await cluster.isRunning('node-a')) return;
    assert.match(await cluster.log('node-a'), /Corruption|leveldb::.*Assertion/);
    await cluster.startMissing();
  }

  test('what is damaged in the trees of one node is never shown to anybody, and comes back from the others', {
    timeout: TIMEOUT_MS,
  }, async () => {
    // Everything into the trees, and out of memory.
    await cluster.kill(...STORAGE_NODES);
    cluster.setOptions({ STATOR_CHECKPOINT_INTERVAL_MS: '1000', STATOR_PAGE_CACHE_BYTES: String(MIB) });
    await cluster.startMissing();
    await items.put(0, ITEMS);
    await until('the checkpoints of node-a', async () => {
      const { replicas } = await cluster.describe('node-a');
      return replicas.every(({ group, checkpoint, applied }) => group === CATALOG_GROUP || checkpoint === applied);
    });
    // LevelDB turns its log into tables as it opens a store.
    await cluster.kill('node-a');
    await cluster.startMissing();
    // After an orderly end nobody checks the tables at the next start.
    await cluster.stop('node-a');
    await flipBitsInTrees(await dataDir('node-a'));
    await cluster.startMissing().catch(comeBack);

    // The router is in the AZ of node-a, and asks it first.
    const client = cluster.client(5);
    for (let round = 0; round < 3; round++) {
      let scanned = 0;
      for await (const { Items } of paginateScan({ client }, { TableName: TABLE })) scanned += Items?.length ?? 0;
      assert.equal(scanned, ITEMS);
      for (let number = round; number < ITEMS; number += 7) {
        const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: items.key(number) }));
        assert.ok(Item?.['text']?.S === items.item(number)['text']?.S, `item ${number}`);
      }
    }
    await items.verify(0, ITEMS);
    await until('the damage is noticed', async () => {
      await comeBack();
      return (await rebuilt('node-a').catch(() => 0)) >= 1;
    });
    await items.put(0, ITEMS, 1);
    await items.verify(0, ITEMS, 1);
    await until('node-a is sound', async () => (await damaged('node-a')) === 0);
    await assertEqualReplicas(cluster);
  });

  test('a node that ended soon after its start checks its trees at the next one, and builds damaged ones anew', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const setAside = /the trees were set aside: \d+\.ldb: the block at \d+ is damaged/g;
    const before = (await cluster.log('node-c')).match(setAside)?.length ?? 0;
    await cluster.kill('node-c');
    await cluster.startMissing();
    await cluster.kill('node-c');
    await cluster.startMissing();
    assert.match(await cluster.log('node-c'), /"event":"tables are sound"/);
    assert.equal((await cluster.log('node-c')).match(setAside)?.length ?? 0, before, 'sound trees stay');
    await cluster.kill('node-c');
    await flipBitsInAllTables(await dataDir('node-c'));
    await cluster.startMissing();
    assert.equal((await cluster.log('node-c')).match(setAside)?.length, before + 1);
    await until('node-c is sound', async () => (await damaged('node-c')) === 0);
    await items.verify(0, ITEMS, 1);
    await assertEqualReplicas(cluster);
  });
});
