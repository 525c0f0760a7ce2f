import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { MIB } from '../../services/shared/base/units.ts';
import { SET_ASIDE_PREFIX, TREE_FOLDER } from '../../services/shared/platform/data-folder.ts';
import { BulkItems } from '../harness/bulk-items.ts';
import { damageManifest, flipBitsInTrees } from '../harness/damage.ts';
import { ProcessCluster, STORAGE_NODES, type StorageNodeName } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Data';
const ITEMS = 1000;
const ITEM_BYTES = 4096;
const TIMEOUT_MS = 180_000;
const COMMAND = fileURLToPath(new URL('../../services/ctl/main.js', import.meta.url));

describe('a running cluster that looks for damage', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;
  let items: BulkItems;

  before(async () => {
    // Everything into the trees soon, and little of it in memory.
    cluster = await ProcessCluster.start({ STATOR_CHECKPOINT_INTERVAL_MS: '1000', STATOR_PAGE_CACHE_BYTES: String(MIB) });
    await cluster.createTable(TABLE, 'N');
    items = new BulkItems(cluster.client(5), TABLE, 'item', ITEM_BYTES);
    await items.put(0, ITEMS);
    await checkpointed();
    // LevelDB turns its log into tables as it opens a store.
    await cluster.kill(...STORAGE_NODES);
    await cluster.startMissing();
  });

  after(() => cluster?.remove());

  async function checkpointed(): Promise<void> {
    for (const name of STORAGE_NODES) {
      await until(`the checkpoints of ${name}`, async () => {
        const { replicas } = await cluster.describe(name);
        return replicas.every(({ group, checkpoint, applied }) => group === CATALOG_GROUP || checkpoint === applied);
      });
    }
  }

  async function dataDir(name: StorageNodeName): Promise<string> {
    return (await cluster.status(name)).dataDir ?? assert.fail('a storage node has a data folder');
  }

  async function scrub(...options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [COMMAND, 'scrub', '--dir', cluster.directory, ...options]);
      return { code: 0, stdout, stderr };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  test('stator scrub finds nothing in a sound cluster', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, stderr } = await scrub();
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.match(stdout, /\nsound\n$/);
    for (const name of STORAGE_NODES) assert.match(stdout, new RegExp(`${name} {2}pass \\d+: done, \\d+ replicas, \\d{2,} pages`));
    assert.ok((await cluster.metric('node-a', 'stator_storage_node_scrub_last_complete_seconds')) > 0);
  });

  test('stator scrub finds flipped bits of one node in all that it holds, and follows the repair', { timeout: TIMEOUT_MS }, async () => {
    // After an orderly end nobody checks the tables at the next start.
    await cluster.stop('node-b');
    await flipBitsInTrees(await dataDir('node-b'));
    await cluster.startMissing();
    // LevelDB may meet them first, and readers too: whoever does, nothing is left at the end.
    await until('the scrub finds it', async () => {
      await cluster.startMissing();
      const { stdout } = await scrub('--wait', '60');
      return /node-b +\d+ .* page .*repaired|node-b +- .* store .*repaired/.test(stdout);
    });
    const last = await scrub('--no-start');
    assert.equal(last.code, 0, last.stdout);
    assert.match(last.stdout, /everything found is repaired\n$/);
    await assertEqualReplicas(cluster);
    await items.verify(0, ITEMS);
  });

  test('a node whose store of trees LevelDB cannot open builds it anew from its peers', { timeout: TIMEOUT_MS }, async () => {
    await cluster.kill('node-c');
    await damageManifest(await dataDir('node-c'));
    await cluster.startMissing();
    await until('node-c is whole', async () => (await scrub('--no-start')).code === 0);
    assert.match(await cluster.log('node-c'), /"kind":"store"/);
    await until('what was set aside goes', async () => (await setAside('node-c')).length === 0);
    await assertEqualReplicas(cluster);
    await items.verify(0, ITEMS);
  });

  async function setAside(name: StorageNodeName): Promise<string[]> {
    return (await readdir(await dataDir(name))).filter((entry) => entry.startsWith(SET_ASIDE_PREFIX));
  }

  test('when no node has a tree left, requests are refused by name, and what was set aside brings everything back', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await checkpointed();
    await cluster.kill(...STORAGE_NODES);
    for (const name of STORAGE_NODES) await damageManifest(await dataDir(name));
    for (const name of STORAGE_NODES) await cluster.startUnready(name);
    for (const name of STORAGE_NODES) await until('it has set its trees aside', async () => (await setAside(name)).length === 1);
    const client = cluster.client();
    const refused = { name: 'InternalServerError', message: /No intact copy of the partition/ };
    await until('the router reaches all nodes', async () => {
      const error = await client.send(new GetItemCommand({ TableName: TABLE, Key: items.key(1) })).then(
        () => undefined,
        (found: unknown) => found,
      );
      return error instanceof Error && refused.message.test(error.message);
    });
    await assert.rejects(client.send(new PutItemCommand({ TableName: TABLE, Item: items.item(1, 9) })), refused);
    await assert.rejects(client.send(new GetItemCommand({ TableName: TABLE, Key: items.key(1), ConsistentRead: true })), refused);

    // The operator's last resort: what was set aside is mended, and put back.
    await cluster.kill(...STORAGE_NODES);
    for (const name of STORAGE_NODES) {
      const folder = await dataDir(name);
      const [kept] = await setAside(name);
      assert.ok(kept !== undefined);
      await rm(join(folder, TREE_FOLDER), { recursive: true });
      await rename(join(folder, kept), join(folder, TREE_FOLDER));
      await damageManifest(folder);
    }
    await cluster.startMissing();
    await items.verify(0, ITEMS);
    await assertEqualReplicas(cluster);
  });
});
