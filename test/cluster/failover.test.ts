import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckedLoad, type LoadFigures } from '../harness/checked-load.ts';
import { ProcessCluster, STORAGE_NODES } from '../harness/process-cluster.ts';
import { assertEqualReplicas } from '../harness/replica-hashes.ts';

const TABLE = 'Failover';
const CONNECTIONS = 64;
/** Acknowledged requests before a fault and after the repair. */
const STRETCH = 300;
/** While nothing happens but a restart the load need not be at its fastest. */
const REST_MS = 200;
const TIMEOUT_MS = 180_000;

describe('a cluster whose storage nodes are killed under load', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  for (const victim of STORAGE_NODES) {
    test(`SIGKILL of ${victim}: nothing is lost, no read is stale, writes go on`, { timeout: TIMEOUT_MS }, async (context) => {
      const load = new CheckedLoad(cluster.client(), TABLE, victim, CONNECTIONS);
      await load.during(async () => {
        await load.more(STRETCH);
        const before = load.figures;
        await cluster.kill(victim);
        await load.everyClientWrites();
        await load.more(STRETCH);
        load.restMs = REST_MS;
        await cluster.startMissing();
        await load.everyClientWrites();
        assertFewFailed(before, load);
      });
      context.diagnostic(JSON.stringify(load.figures));
      await load.verify(cluster.client(5));
    });
  }

  test('SIGKILL of all three at once: nothing is lost, and the copies are equal', { timeout: TIMEOUT_MS }, async (context) => {
    const load = new CheckedLoad(cluster.client(), TABLE, 'all', CONNECTIONS);
    await load.during(async () => {
      await load.more(STRETCH);
      await cluster.kill(...STORAGE_NODES);
      load.restMs = REST_MS;
      await cluster.startMissing();
      await load.everyClientWrites();
    });
    context.diagnostic(`${JSON.stringify(load.figures)} ${load.failures}`);
    await load.verify(cluster.client(5));
    await assertEqualReplicas(cluster);
  });
});

function assertFewFailed(before: LoadFigures, load: CheckedLoad): void {
  const requests = load.figures.requests - before.requests;
  const failed = load.figures.failed - before.failed;
  assert.ok(failed <= requests / 100, `${failed} of ${requests} requests failed: ${load.failures}`);
}
