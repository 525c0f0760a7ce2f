import { readFile } from 'node:fs/promises';
import { MIB } from '../../../services/shared/base/units.ts';
import { type LevelStoreOptions, TREE_STORE_OPTIONS, WAL_STORE_OPTIONS } from '../../../services/shared/platform/level-store.ts';
import { generateLoad } from '../overload/load-process.ts';
import { type Arrival, HUGE_BODY_BYTES, type LoadReport, type Nuisance } from '../overload/order.ts';
import { STORAGE_NODES } from '../../harness/process-cluster.ts';
import { roundsOfEach } from '../../harness/rounds.ts';
import { ALL_PROCESSES, type Fault, type Victim } from './fault.ts';

/** Few clients are kept by the time that an answer takes from asking for all that the cluster can do; the best of these counts. */
const PEAK_CONNECTIONS = [64, 256, 768] as const;
const PEAK_SECONDS = 4;
const OVERLOAD = 10;
const STORM = 3;
const STORM_RETRIES = 3;
/** What SDKs wait for an answer, and what impatient clients do. */
const TIMEOUT_MS = 5000;
const STORM_TIMEOUT_MS = 1000;
const KEYS = 1000;
/** The checked load only looks on. */
const REST_MS = 250;
/** Far more than a thousand items need, and less than the default, so that a leak does not hide in its room. */
const PAGE_CACHE_BYTES = 64 * MIB;
/**
 * What a storage node may hold beside its page cache (services/storage-node/README.md, "Turns of the loop, and memory"): applied records for followers, answers
 * that routers do not take, LevelDB's buffers; and half of all that again for garbage that is not collected yet.
 */
const FOLLOWER_RECORD_BYTES = 128 * MIB;
const UNTAKEN_ANSWER_BYTES = 64 * MIB;
const GARBAGE_SHARE = 0.5;
const QUIET: Nuisance = { slowBodies: 0, hugeBodies: 0 };

interface Peak {
  readonly perSecond: number;
  /** The clients that reached it, each with one request under way. */
  readonly connections: number;
}

interface Overload {
  readonly label: string;
  readonly keys: number;
  readonly arrival: (peak: Peak) => Arrival;
  readonly nuisance: Nuisance;
}

/**
 * Measures what the cluster can do, then asks more of it, and notes how much useful work it still does. No leader may lose its leadership
 * for it, and no node may take more memory than its options allow.
 */
async function overload(victim: Victim, { label, keys, arrival, nuisance }: Overload): Promise<void> {
  const { cluster, load, table, secondsMax } = victim;
  const restMs = load.restMs;
  load.restMs = REST_MS;
  const { credentials, port } = cluster;
  const boundsMib = new Map<string, number>();
  for (const name of STORAGE_NODES) boundsMib.set(name, (await memoryMib(victim, name, 'VmRSS')) + MEMORY_MIB_MAX);
  const common = { credentials, port, table, keys };
  const peak = await measurePeak((arrival) => generateLoad({ ...common, arrival, nuisance: QUIET, seconds: PEAK_SECONDS }));
  const groups = await groupsOf(victim);
  const roundsBefore = await roundsOfEach(cluster, groups);
  const standstillsBefore = await standstillsOf(victim);
  victim.began(label);
  const report = await generateLoad({ ...common, arrival: arrival(peak), nuisance, seconds: secondsMax });
  victim.healed('load as before');
  victim.figure('peakPerSecond', Math.round(peak.perSecond));
  victim.figure('peakConnections', peak.connections);
  victim.figure('offeredPerSecond', Math.round(report.offered / report.seconds));
  victim.figure('goodPerSecond', Math.round(perSecond(report)));
  victim.figure('goodputPercent', Math.round((100 * perSecond(report)) / peak.perSecond));
  if (nuisance.hugeBodies > 0) {
    victim.figure('hugeMiBPerSecond', Math.round((report.hugeAnswered * HUGE_BODY_BYTES) / MIB / report.seconds));
  }
  for (const name of ALL_PROCESSES) {
    const peakMib = await memoryMib(victim, name, 'VmHWM');
    victim.figure(`${name} peakMiB`, peakMib);
    const boundMib = boundsMib.get(name) ?? Number.POSITIVE_INFINITY;
    if (peakMib > boundMib) throw new Error(`${name} took ${peakMib} MiB of memory, more than ${boundMib}`);
  }
  const rounds = await roundsOfEach(cluster, groups);
  const elections = rounds.reduce((sum, round, at) => sum + Math.max(0, round - (roundsBefore[at] ?? 0)), 0);
  victim.figure('elections', elections);
  // Whoever's disk or machine stood still gives its leadership up, as it should, whatever the load.
  const stoodStill = (await standstillsOf(victim)) > standstillsBefore;
  if (elections > 0 && !stoodStill) throw new Error(`${elections} elections while the load was too great`);
  load.restMs = restMs;
}

function levelMemoryBytes({ writeBufferBytes, cacheBytes }: LevelStoreOptions): number {
  return 2 * writeBufferBytes + cacheBytes;
}

/** What a storage node may take beyond what it had before the load. */
const MEMORY_MIB_MAX = Math.round(
  ((1 + GARBAGE_SHARE) *
    (PAGE_CACHE_BYTES +
      FOLLOWER_RECORD_BYTES +
      UNTAKEN_ANSWER_BYTES +
      levelMemoryBytes(WAL_STORE_OPTIONS) +
      levelMemoryBytes(TREE_STORE_OPTIONS))) /
    MIB,
);

/** All groups of the cluster, the catalog's among them. */
async function groupsOf({ cluster }: Victim): Promise<number[]> {
  const nodes = await Promise.all(STORAGE_NODES.map((name) => cluster.describe(name)));
  return [...new Set(nodes.flatMap(({ replicas }) => replicas.map(({ group }) => group)))];
}

/** How often nodes kept heartbeats back since a disk was silent, or found that their clocks had jumped. */
async function standstillsOf({ cluster }: Victim): Promise<number> {
  const names = ['stator_storage_node_stalled_heartbeats_total', 'stator_storage_node_clock_jumps_total'];
  const counts = await Promise.all(STORAGE_NODES.flatMap((node) => names.map((name) => cluster.metric(node, name))));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The first load only makes the processes' code fast. */
async function measurePeak(generate: (arrival: Arrival) => Promise<LoadReport>): Promise<Peak> {
  let best: Peak = { perSecond: 0, connections: PEAK_CONNECTIONS[0] };
  await generate({ kind: 'closed', connections: PEAK_CONNECTIONS[1] });
  for (const connections of PEAK_CONNECTIONS) {
    const measured = perSecond(await generate({ kind: 'closed', connections }));
    if (measured > best.perSecond) best = { perSecond: measured, connections };
  }
  return best;
}

function perSecond({ good, seconds }: LoadReport): number {
  return good / seconds;
}

/** The memory that the process has, or the most that it has had, as proc(5) tells. */
async function memoryMib({ cluster }: Victim, name: string, what: 'VmRSS' | 'VmHWM'): Promise<number> {
  const { pid } = await cluster.status(name);
  const kib = new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round((Number(kib) * 1024) / MIB);
}

function fault(name: string, help: string, described: Overload): Fault {
  const options = { STATOR_PAGE_CACHE_BYTES: String(PAGE_CACHE_BYTES) };
  return { name, help, surroundings: 'plain', needs: [], options, inflict: (victim) => overload(victim, described) };
}

const open =
  (factor: number, timeoutMs: number, retries: number) =>
  ({ perSecond: peak }: Peak): Arrival => ({ kind: 'open', ratePerSecond: peak * factor, timeoutMs, retries });

const asAtPeak = ({ connections }: Peak): Arrival => ({ kind: 'closed', connections });

export const OVERLOADS: readonly Fault[] = [
  fault('overload', 'Ten times as many requests as the cluster can answer.', {
    label: `${OVERLOAD} x load`,
    keys: KEYS,
    arrival: open(OVERLOAD, TIMEOUT_MS, 0),
    nuisance: QUIET,
  }),
  fault('retry-storm', 'Too many requests from clients that give up early and try again.', {
    label: `${STORM} x load, ${STORM_RETRIES} retries after ${STORM_TIMEOUT_MS} ms`,
    keys: KEYS,
    arrival: open(STORM, STORM_TIMEOUT_MS, STORM_RETRIES),
    nuisance: QUIET,
  }),
  fault('hot-key', 'Ten times as many writes of one item as the cluster can do.', {
    label: `${OVERLOAD} x load on one item`,
    keys: 1,
    arrival: open(OVERLOAD, TIMEOUT_MS, 0),
    nuisance: QUIET,
  }),
  fault('slow-bodies', 'A thousand connections whose bodies never end, beside ordinary load.', {
    label: '1000 slow bodies',
    keys: KEYS,
    arrival: asAtPeak,
    nuisance: { slowBodies: 1000, hugeBodies: 0 },
  }),
  fault('huge-bodies', 'Four connections that send bodies of 16 MB full of small values, beside ordinary load.', {
    label: '4 huge bodies at a time',
    keys: KEYS,
    arrival: asAtPeak,
    nuisance: { slowBodies: 0, hugeBodies: 4 },
  }),
];
