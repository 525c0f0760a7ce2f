import { GIB, KIB } from '../../../services/shared/base/units.ts';
import { BulkItems } from '../../harness/bulk-items.ts';
import { until } from '../../harness/until.ts';
import { type Fault, leadsMost, startAgain, type Victim } from './fault.ts';

const TABLE = 'Recovered';
const ITEM_BYTES = 40 * KIB;
/** A good gigabyte of log. */
const ITEMS = 26_000;

/** A node dies with all of its log behind its checkpoints, and has to apply it again. */
async function recover(victim: Victim): Promise<void> {
  const { cluster, load } = victim;
  await cluster.createTable(TABLE, 'N');
  await new BulkItems(cluster.client(5), TABLE, 'item', ITEM_BYTES).put(0, ITEMS);
  const node = await leadsMost(cluster);
  const bytes = await cluster.metric(node, 'stator_storage_node_wal_bytes');
  const { replicas } = await cluster.describe(node);
  victim.began(`SIGKILL ${node} with ${(bytes / GIB).toFixed(2)} GiB of log`);
  await cluster.kill(node);
  await load.everyClientWrites();
  victim.healed('start');
  const startedAtMs = performance.now();
  await startAgain(victim);
  await until(`${node} has applied its log`, async () => {
    const applied = new Map((await cluster.describe(node)).replicas.map((replica) => [replica.group, replica.applied]));
    return replicas.every(({ group, applied: before }) => (applied.get(group) ?? 0) >= before);
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  victim.figure('logGiB', bytes / GIB);
  victim.figure('recoverySeconds', seconds);
  victim.figure('secondsPerGiB', (seconds * GIB) / bytes);
}

export const RECOVERIES: readonly Fault[] = [
  {
    name: 'recovery',
    help: 'SIGKILL for a node whose checkpoints were held back: it applies all of its log again.',
    surroundings: 'plain',
    needs: [],
    options: {
      STATOR_CHECKPOINT_DIRTY_BYTES: String(4 * GIB),
      STATOR_CHECKPOINT_WAL_BYTES: String(4 * GIB),
      STATOR_CHECKPOINT_NODE_WAL_BYTES: String(8 * GIB),
      STATOR_CHECKPOINT_INTERVAL_MS: String(3_600_000),
    },
    inflict: recover,
  },
];
