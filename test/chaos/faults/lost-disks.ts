import { rm } from 'node:fs/promises';
import { must } from '../../../services/shared/base/assert.ts';
import { STORAGE_NODES, type StorageNodeName } from '../../harness/process-cluster.ts';
import { until } from '../../harness/until.ts';
import { type Fault, startAgain, type Victim } from './fault.ts';

/** Groups of which a node holds a member that is a full copy. */
async function memberships(victim: Victim, node: StorageNodeName): Promise<number[]> {
  const groups: number[] = [];
  for (const { group, replica, damaged } of (await victim.cluster.describe(node)).replicas) {
    const { members } = await victim.cluster.inspect(node, group);
    if (!damaged && members.some((member) => member.replica === replica && !member.logOnly)) groups.push(group);
  }
  return groups;
}

async function loseDisk(victim: Victim): Promise<void> {
  const { cluster, random } = victim;
  const node = random.pick(STORAGE_NODES);
  const groups = await memberships(victim, node);
  const dataDir = must((await cluster.status(node)).dataDir, 'a storage node has a data folder');
  victim.began(`${node} loses its disk`);
  await cluster.kill(node);
  await rm(dataDir, { recursive: true });
  victim.healed('start with an empty disk');
  const startedAtMs = performance.now();
  await startAgain(victim);
  await until(`${node} has new replicas`, async () => {
    const now = await memberships(victim, node).catch((): number[] => []);
    return groups.every((group) => now.includes(group));
  });
  victim.figure('wholeAfterSeconds', (performance.now() - startedAtMs) / 1000);
}

export const LOST_DISKS: readonly Fault[] = [
  {
    name: 'lost-disk',
    help: 'A storage node comes back with an empty disk: the leaders give it new replicas.',
    surroundings: 'plain',
    needs: [],
    options: { STATOR_REPLACE_LOST_AFTER_MS: '1000' },
    inflict: loseDisk,
  },
];
