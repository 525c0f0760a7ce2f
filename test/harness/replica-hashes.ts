import assert from 'node:assert/strict';
import { type ProcessCluster, STORAGE_NODES } from './process-cluster.ts';
import { until } from './until.ts';

/** Waits until the three replicas of every group stand at the same slot, and asserts that they hold the same. */
export async function assertEqualReplicas(cluster: ProcessCluster): Promise<void> {
  const { replicas } = await cluster.describe('node-a');
  assert.ok(replicas.length > 1, 'there is a table');
  for (const { group } of replicas) {
    await until(`equal slots of the replicas of group ${group}`, async () => {
      const inspections = await Promise.all(STORAGE_NODES.map((name) => cluster.inspect(name, group)));
      if (new Set(inspections.map(({ replica }) => replica.applied)).size > 1) return false;
      const states = inspections.map(({ replica, stateHash }) => `${replica.applied} ${stateHash} ${replica.items} ${replica.itemBytes}`);
      assert.equal(new Set(states).size, 1, `group ${group}: ${states.join(' | ')}`);
      return inspections.every(({ replica }) => !replica.damaged);
    });
  }
}
