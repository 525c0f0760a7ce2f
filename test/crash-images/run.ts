import { KIB } from '../../services/shared/base/units.ts';
import { Clients } from '../sim/clients.ts';
import { SimCluster } from '../sim/cluster.ts';
import { Kernel } from '../sim/kernel/kernel.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from '../sim/settings.ts';
import { simulate } from '../sim/simulate.ts';
import { createTable } from '../sim/table.ts';
import { CounterWorkload } from '../sim/workloads/counters.ts';
import { InsertWorkload } from '../sim/workloads/inserts.ts';
import { RegisterWorkload } from '../sim/workloads/register.ts';
import { Recorder } from './recorder.ts';

/** Checkpoints, trims, page misses and snapshots are frequent. */
const SETTINGS: ClusterSettings = {
  ...DEFAULT_SETTINGS,
  // Little is kept in memory, so that followers are brought near from the log, and by snapshots.
  paxos: { ...DEFAULT_SETTINGS.paxos, windowBytesMax: 2 * KIB, inFlightBytesMax: 2 * KIB, syncBytesMax: 4 * KIB },
  checkpoints: {
    ...DEFAULT_SETTINGS.checkpoints,
    dirtyBytesMax: 8 * KIB,
    walBytesMax: 4 * KIB,
    intervalMs: 700,
    followerAllowanceBytes: 2 * KIB,
    nodeAllowanceBytes: 4 * KIB,
  },
  pageCacheBytesMax: 64 * KIB,
};
const LIMIT_MS = 120_000;

type Machine = SimCluster['nodes'][number];

/** One run of a cluster under load, and what one of its nodes went through. */
export interface RecordedRun {
  readonly recorder: Recorder;
  readonly recorded: Machine;
  readonly settings: ClusterSettings;
  readonly violations: Kernel['violations'];
}

/** The node dies, loses its power until only a snapshot helps, leads, and loses its power again; each time it comes back. */
export async function recordRun(seed: number): Promise<RecordedRun> {
  const kernel = new Kernel(seed);
  const cluster = new SimCluster(kernel, SETTINGS);
  const random = kernel.random();
  const recorded = random.pick(cluster.nodes);
  const recorder = new Recorder(cluster, recorded);
  kernel.afterTurn = recorder.watch;
  const work = async (): Promise<void> => {
    await cluster.boot();
    const clients = new Clients(cluster);
    await createTable(cluster, clients);
    const parts = { cluster, clients, leisure: 1 };
    const workloads = [CounterWorkload, InsertWorkload, RegisterWorkload].map((Kind) => new Kind({ ...parts, random: kernel.random() }));
    for (const workload of workloads) await workload.setup();
    const ended = workloads.map((workload) => workload.start());
    await cluster.sleep(700);
    recorded.kill();
    await cluster.sleep(random.float() * 500);
    recorded.start();
    await cluster.sleep(1500);
    recorded.cutPower();
    await cluster.sleep(5000);
    recorded.start();
    await cluster.until('a snapshot came', 20_000, () => (recorded.life?.service.groups?.snapshotReceiver.installed ?? 0) > 0);
    await leadEverything(cluster, recorded);
    await cluster.sleep(1000);
    recorded.cutPower();
    recorded.start();
    await cluster.sleep(3500);
    for (const workload of workloads) workload.stop();
    await Promise.all(ended);
  };
  await simulate(kernel, work, LIMIT_MS);
  return { recorder, recorded, settings: SETTINGS, violations: kernel.violations };
}

/** Moves every leadership to the machine, as an operator would. */
async function leadEverything(cluster: SimCluster, machine: Machine): Promise<void> {
  await cluster.until('the node leads', 20_000, async () => {
    let leads = true;
    for (const group of [...cluster.groupsOf(machine)]) {
      if (group.paxos.serves) continue;
      leads = false;
      const leader = cluster.nodes.find((node) => [...cluster.groupsOf(node)].some(({ id, paxos }) => id === group.id && paxos.serves));
      const call = { kind: 'transfer-leadership' as const, group: group.id, to: group.identity.replica };
      if (leader !== undefined) await cluster.call(leader, call).catch(() => undefined);
    }
    return leads;
  });
}
