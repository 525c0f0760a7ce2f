import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { KIB } from '../../services/shared/base/units.ts';
import { BulkItems } from '../harness/bulk-items.ts';
import { ProcessCluster, STORAGE_NODES, type StorageNodeName } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Kept';
const TIMEOUT_MS = 180_000;
const ITEMS = 1_000;

/** A node comes back without its disk, as after a repair: nobody does anything but start it. */
describe('a storage node that lost its disk', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;
  let items: BulkItems;

  before(async () => {
    cluster = await ProcessCluster.start({ STATOR_REPLACE_LOST_AFTER_MS: '1000' });
    await cluster.createTable(TABLE, 'N');
    items = new BulkItems(cluster.client(5), TABLE, 'item', 2 * KIB);
    await items.put(0, ITEMS);
  });

  after(() => cluster?.remove());

  /** The replica of each group on a node, and the configuration of which it is a member. */
  async function replicasOf(name: StorageNodeName): Promise<ReadonlyMap<number, { replica: number; configuration: number }>> {
    const replicas = new Map<number, { replica: number; configuration: number }>();
    for (const { group, replica } of (await cluster.describe(name)).replicas) {
      const { configuration, members } = await cluster.inspect(name, group);
      if (members.some((member) => member.replica === replica && !member.logOnly)) replicas.set(group, { replica, configuration });
    }
    return replicas;
  }

  /** Starts it with an empty folder; resolves once it has new replicas of all that it had. */
  async function loseDisk(name: StorageNodeName): Promise<void> {
    const before = await replicasOf(name);
    await cluster.kill(name);
    await rm((await cluster.status(name)).dataDir ?? assert.fail('a storage node has a data folder'), { recursive: true });
    await cluster.startUnready(name);
    await until(`${name} has new replicas`, async () => {
      const now = await replicasOf(name).catch(() => new Map<number, { replica: number; configuration: number }>());
      return [...before].every(([group, { replica }]) => {
        const mine = now.get(group);
        return mine !== undefined && mine.replica !== replica;
      });
    });
  }

  test('is given new replicas under ids of their own, and votes with them', { timeout: TIMEOUT_MS }, async () => {
    await loseDisk('node-c');
    await assertEqualReplicas(cluster);

    // With node-a gone, every write needs node-c.
    await cluster.kill('node-a');
    await items.verify(0, ITEMS);
    await items.put(0, ITEMS, 1);
    await cluster.startMissing();
    await items.verify(0, ITEMS, 1);
  });

  test('may be any of them, one after the other, the members that came later too', { timeout: TIMEOUT_MS }, async () => {
    for (const name of STORAGE_NODES) await loseDisk(name);
    await assertEqualReplicas(cluster);
    await items.verify(0, ITEMS, 1);
    await cluster.kill(...STORAGE_NODES);
    await cluster.startMissing();
    await items.verify(0, ITEMS, 1);
    await assertEqualReplicas(cluster);
  });

  test('is given the log alone first where a partition is large, and its copy then', { timeout: TIMEOUT_MS }, async () => {
    await cluster.kill(...STORAGE_NODES);
    cluster.setOptions({ STATOR_REPLACE_LOST_AFTER_MS: '1000', STATOR_REPLACE_LOG_FIRST_BYTES: '1000' });
    await cluster.startMissing();
    await loseDisk('node-b');
    await assertEqualReplicas(cluster);
    const logs = (await Promise.all(STORAGE_NODES.map((name) => cluster.log(name)))).join('\n');
    assert.ok(/"logOnly":true,"event":"replica is replaced"/.test(logs), 'no partition was given a replica of its log first');
    await items.verify(0, ITEMS, 1);
  });
});
