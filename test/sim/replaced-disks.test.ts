import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOfReplicas } from './checks/equal-replicas.ts';
import { putCall, readCall, valueIn } from './items.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { play } from './story.ts';

/** Every node is given an empty disk while the others run, the next one as soon as the one before says that it is ready. */
async function replaceDisks(settings: ClusterSettings): Promise<void> {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    for (const node of cluster.nodes) {
      const before = [...cluster.groupsOf(node)].map(({ id }) => id).sort();
      node.cutPower();
      node.disk.replace();
      await cluster.sleep(1000);
      node.start();
      await cluster.until(`${node.name} is ready`, 120_000, () => node.life?.service.notReady() === undefined && node.life !== undefined);
      const whole = [...cluster.groupsOf(node)].filter((group) => group.paxos.isMember && !group.keepsLogOnly && !group.awaitsSnapshot);
      assert.deepEqual(whole.map(({ id }) => id).sort(), before);
    }
    const outcome = await clients.insist(readCall('key', true));
    assert.equal(valueIn(outcome), 1);
    assert.equal(await differenceOfReplicas(cluster), undefined);
  }, settings);
}

test('whoever replaces all disks one by one, and waits for each node to be ready, loses nothing', async () => {
  await replaceDisks(DEFAULT_SETTINGS);
});

test('the same where each replica is given the log alone first', async () => {
  await replaceDisks({ ...DEFAULT_SETTINGS, replacement: { ...DEFAULT_SETTINGS.replacement, logFirstBytes: 1 } });
});
