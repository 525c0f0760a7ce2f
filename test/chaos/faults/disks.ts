import { readdir, readFile } from 'node:fs/promises';
import { KIB, MIB } from '../../../services/shared/base/units.ts';
import { STORAGE_NODES, type StorageNodeName } from '../../harness/process-cluster.ts';
import { until } from '../../harness/until.ts';
import { type Fault, leadsMost, sleep, startAgain, type Victim } from './fault.ts';

const LEFT_BYTES_MAX = 512 * KIB;
/** With less there is no room for a batch. */
const FULL_BYTES = 32 * KIB;

/** The disks fill up under load, and are freed again after a while; a node that ended for it is started by its operator then. */
async function fill(victim: Victim, nodes: readonly StorageNodeName[]): Promise<void> {
  const { load, random, secondsMax } = victim;
  const leaveBytes = random.below(LEFT_BYTES_MAX);
  const { restMs, figures } = load;
  load.restMs = 0;
  victim.began(`${nodes.join(', ')}: ${Math.round(leaveBytes / KIB)} KiB left on the disk`);
  await Promise.all(nodes.map((node) => victim.disks.fill(node, leaveBytes)));
  await sleep(secondsMax * 1000);
  if (nodes.length === 1) await load.everyClientWrites();
  const noticed = load.figures.failed > figures.failed || (await Promise.all(nodes.map((node) => isFull(victim, node)))).includes(true);
  if (!noticed) throw new Error(`${secondsMax} seconds of load did not fill the disks of ${nodes.join(', ')}`);
  await Promise.all(nodes.map((node) => victim.disks.free(node)));
  load.restMs = restMs;
  victim.healed('space freed');
  await startAgain(victim);
}

/** Above what a node needs to go on, and below what it keeps free: it refuses writes, and nothing else happens to it. */
const NEARLY_FULL_BYTES = 30 * MIB;

/** Writes are refused before any disk is full, nobody ends for it, and freed space brings writes back by itself. */
async function fillNearly(victim: Victim, nodes: readonly StorageNodeName[]): Promise<void> {
  const { cluster, disks, load, secondsMax } = victim;
  victim.began(`${nodes.join(', ')}: ${NEARLY_FULL_BYTES / MIB} MiB left on the disk`);
  await Promise.all(nodes.map((node) => disks.fill(node, NEARLY_FULL_BYTES)));
  await sleep(secondsMax * 1000);
  for (const node of nodes) {
    if ((await cluster.metric(node, 'stator_storage_node_disk_fullness')) === 0) throw new Error(`${node} takes its disk for empty enough`);
  }
  const refused = await Promise.all(nodes.map((node) => cluster.metric(node, 'stator_storage_node_writes_refused_for_space_total')));
  if (nodes.length > 1 && Math.max(...refused) === 0) throw new Error('no write was refused');
  await Promise.all(nodes.map((node) => disks.free(node)));
  victim.healed('space freed');
  await load.everyClientWrites();
  for (const node of nodes) if (!(await cluster.isRunning(node))) throw new Error(`${node} has ended`);
}

async function isFull({ cluster, disks }: Victim, node: StorageNodeName): Promise<boolean> {
  return !(await cluster.isRunning(node)) || (await disks.freeBytes(node)) < FULL_BYTES;
}

/** A thread that is inside of a system call when its process is stopped, a sync for instance, ends that first. */
async function untilStandsStill({ cluster }: Victim, node: StorageNodeName): Promise<void> {
  const { pid } = await cluster.status(node);
  await until(`every thread of ${node} stands still`, async () => {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
    return states.every((stat) => /\) [Tt] /.test(stat));
  });
}

/** What these nodes have not synced at one moment is gone. */
async function cutPower(victim: Victim, nodes: readonly StorageNodeName[]): Promise<void> {
  const { cluster, disks } = victim;
  victim.began(`power cut ${nodes.join(', ')}`);
  await cluster.signal(nodes, 'SIGSTOP');
  for (const node of nodes) await untilStandsStill(victim, node);
  await Promise.all(nodes.map((node) => disks.copyAsIfCut(node)));
  await cluster.kill(...nodes);
  await Promise.all(nodes.map((node) => disks.recover(node)));
  victim.healed('power back');
  await startAgain(victim);
}

const SMALL = { surroundings: 'small-disks', needs: ['root', 'network namespaces'] } as const;
/** Nothing is kept free, so that LevelDB itself meets the end of the disk. */
const FULL = { ...SMALL, options: { STATOR_DISK_RESERVE_BYTES: '0' } } as const;
const POWER = { surroundings: 'disk-images', needs: ['root', 'network namespaces', 'mkfs.ext4', 'loop devices'] } as const;

export const DISKS: readonly Fault[] = [
  {
    ...FULL,
    name: 'disk-full',
    help: 'The disk of the storage node that leads most partitions fills up.',
    inflict: async (victim) => fill(victim, [await leadsMost(victim.cluster)]),
  },
  {
    ...SMALL,
    name: 'disk-nearly-full',
    help: 'The disk of the storage node that leads most partitions is nearly full: others lead, and writes go on.',
    inflict: async (victim) => fillNearly(victim, [await leadsMost(victim.cluster)]),
  },
  {
    ...SMALL,
    name: 'disk-nearly-full-all',
    help: 'All three disks are nearly full: writes are refused until space is freed.',
    inflict: (victim) => fillNearly(victim, STORAGE_NODES),
  },
  { ...FULL, name: 'disk-full-all', help: 'All three disks fill up.', inflict: (victim) => fill(victim, STORAGE_NODES) },
  {
    ...POWER,
    name: 'power-cut',
    help: 'Power cut of one storage node: an image of its disk is copied as it is, and recovered.',
    inflict: (victim) => cutPower(victim, [victim.random.pick(STORAGE_NODES)]),
  },
  { ...POWER, name: 'power-cut-all', help: 'Power cut of all three at once.', inflict: (victim) => cutPower(victim, STORAGE_NODES) },
];
