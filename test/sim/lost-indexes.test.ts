import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import type { Group } from '../../services/storage-node/groups/group.ts';
import type { Clients } from './clients.ts';
import type { SimCluster } from './cluster.ts';
import { silence } from './faults/indexes.ts';
import { isWhole } from './faults/repair.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { playOnce } from './story.ts';
import { IndexWorkload } from './workloads/indexes.ts';

const KIB = 1024;
/** Little log is kept, in memory too, and it goes soon. */
const TIGHT: ClusterSettings = {
  ...DEFAULT_SETTINGS,
  paxos: { ...DEFAULT_SETTINGS.paxos, windowBytesMax: 2 * KIB },
  checkpoints: { ...DEFAULT_SETTINGS.checkpoints, intervalMs: 1000, followerAllowanceBytes: 64 * KIB },
  replacement: { lostAfterMs: 1000, logFirstBytes: Number.MAX_SAFE_INTEGER },
  indexRebuildAfterMs: 5000,
};
const PATIENT: ClusterSettings = { ...TIGHT, checkpoints: { ...TIGHT.checkpoints, followerAllowanceBytes: Number.MAX_SAFE_INTEGER } };

/** Replicas of partitions that feed the index by-a. */
function bases(cluster: SimCluster): Group[] {
  const groups = cluster.nodes.flatMap((node) => [...cluster.groupsOf(node)]);
  return groups.filter(({ state }) => state.settings?.globalIndexes.some(({ name }) => name === 'by-b-and-c'));
}

/** The id under which the leaders feed by-a; undefined: none does, or not all agree. */
function idOfIndex(cluster: SimCluster): string | undefined {
  const leaders = bases(cluster).filter(({ paxos }) => paxos.serves);
  const ids = new Set(leaders.map(({ state }) => state.settings?.globalIndexes.find(({ name }) => name === 'by-a')?.indexId));
  return ids.size === 1 ? [...ids][0] : undefined;
}

/** Plays a story with a loaded table whose index by-a is then made anew, and checks that it holds what follows from the table. */
async function playLoss(
  seed: number,
  settings: ClusterSettings,
  story: (cluster: SimCluster, indexId: string) => Promise<void>,
): Promise<void> {
  await playOnce(
    seed,
    async (cluster: SimCluster, clients: Clients) => {
      const workload = new IndexWorkload({ cluster, clients, random: cluster.kernel.random(), leisure: 0.5 });
      await workload.setup();
      const running = workload.start();
      // A new copy comes by a snapshot from now on.
      await cluster.until('some log has gone', 30_000, () => bases(cluster).every(({ paxos }) => paxos.trimmed > 0));
      const before = must(idOfIndex(cluster));
      await story(cluster, before);
      await cluster.until('the index is made anew', 60_000, () => (idOfIndex(cluster) ?? before) !== before);
      await cluster.sleep(5000);
      workload.stop();
      await running;
      assert.equal(await workload.check(), undefined);
      // A node that was down for long is told later.
      await cluster.until('nothing is left of the former partitions', 30_000, () =>
        cluster.nodes.every((node) => [...cluster.groupsOf(node)].every(({ identity }) => identity.tableId !== before)),
      );
    },
    settings,
  );
}

test('an index that takes nothing beyond the allowance is made anew, and its table takes writes again before it does', async () => {
  for (const seed of [1, 2]) {
    await playLoss(seed, TIGHT, async (cluster, indexId) => {
      const end = silence(cluster, indexId);
      await cluster.until('the log of the table is let go', 60_000, () => {
        const groups = bases(cluster);
        return groups.length > 0 && groups.every(({ state }) => state.settings?.globalIndexes.every((each) => each.indexId !== indexId));
      });
      end();
    });
  }
});

test('an index whose log is gone from every copy is made anew, at once and not before', async () => {
  for (const seed of [1, 2]) {
    await playLoss(seed, PATIENT, async (cluster, indexId) => {
      const end = silence(cluster, indexId);
      for (const node of cluster.nodes) {
        assert.equal(idOfIndex(cluster) ?? indexId, indexId, 'a copy has the log still');
        node.cutPower();
        node.disk.replace();
        node.start();
        await cluster.until('the node is whole again', 60_000, () => cluster.nodes.every((each) => isWhole(cluster, each)));
        await cluster.sleep(3000);
      }
      assert.equal(idOfIndex(cluster) ?? indexId, indexId, 'nobody knows what the index lacks while it is silent');
      end();
    });
  }
});
