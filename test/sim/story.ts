import assert from 'node:assert/strict';
import { must } from '../../services/shared/base/assert.ts';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import type { Group } from '../../services/storage-node/groups/group.ts';
import { Clients } from './clients.ts';
import { SimCluster } from './cluster.ts';
import { Kernel } from './kernel/kernel.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { simulate } from './simulate.ts';
import { createTable } from './table.ts';

/** What comes first after a pause, and how long messages travel, differs from seed to seed. */
const SEEDS = 8;

export type Story = (cluster: SimCluster, clients: Clients) => Promise<void>;

/** Plays one story on clusters with a table; fails with what was violated and the last of what happened. */
export async function play(story: Story, settings = DEFAULT_SETTINGS): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) await playOnce(seed, story, settings);
}

/** `spares`: storage nodes beside the seeds. */
export async function playOnce(seed: number, story: Story, settings: ClusterSettings, spares = 0): Promise<void> {
  const kernel = new Kernel(seed);
  const cluster = new SimCluster(kernel, settings, spares);
  const work = async (): Promise<void> => {
    await cluster.boot();
    const clients = new Clients(cluster);
    await createTable(cluster, clients);
    await story(cluster, clients);
  };
  await simulate(kernel, work, 600_000);
  assert.deepEqual(kernel.violations, [], kernel.trace.lastLines(60).join('\n'));
}

export type Machine = SimCluster['nodes'][number];

/** The machine that leads the table's only partition. */
export function leaderOf(cluster: SimCluster): Machine {
  return must(cluster.nodes.find(believesToLead), 'nobody leads');
}

export function groupOfTable(node: Machine): Group {
  return must([...(node.life?.service.groups?.all ?? [])].find(({ id }) => id !== CATALOG_GROUP));
}

export function believesToLead(node: Machine): boolean {
  return groupOfTable(node).paxos.serves;
}
