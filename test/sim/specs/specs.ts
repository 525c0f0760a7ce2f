import { KIB, MINUTE_MS, SECOND_MS } from '../../../services/shared/base/units.ts';
import { breakClock, skewClock, stepClock } from '../faults/clocks.ts';
import { damageLog, damageTree, loseWrite, misdirectWrite } from '../faults/damage.ts';
import { failRead, failSync, failWrite, fillDisk, loseDisk, slowDisk, stallDisk } from '../faults/disks.ts';
import { loseIndexLog, silenceIndex } from '../faults/indexes.ts';
import {
  breakConnections,
  cutBetweenNodes,
  cutFromPeers,
  cutIntoChain,
  cutRouter,
  flap,
  isolateNode,
  lateFrames,
  slowLink,
} from '../faults/network.ts';
import {
  controlPlaneOutage,
  cutAllPower,
  cutPower,
  hiccup,
  killAllNodes,
  killNode,
  killRouter,
  killStateless,
  moveReplica,
  pauseNode,
  restartNode,
  suspendNode,
  transferLeadership,
} from '../faults/processes.ts';
import { relayCuts } from '../faults/relay.ts';
import { ChainWorkload } from '../workloads/chains.ts';
import { CollectionWorkload } from '../workloads/collections.ts';
import { CounterWorkload } from '../workloads/counters.ts';
import { IndexWorkload } from '../workloads/indexes.ts';
import { ExpiryWorkload } from '../workloads/expiry.ts';
import { InsertWorkload } from '../workloads/inserts.ts';
import { LocalIndexWorkload } from '../workloads/local-indexes.ts';
import { RegisterWorkload } from '../workloads/register.ts';
import { TableWorkload } from '../workloads/tables.ts';
import type { WorkloadKind } from '../workloads/workload.ts';
import type { ClusterSettings } from '../settings.ts';
import type { Spec } from './spec.ts';

const ITEMS: readonly WorkloadKind[] = [
  { name: 'register', make: (parts) => new RegisterWorkload(parts) },
  { name: 'counters', make: (parts) => new CounterWorkload(parts) },
  { name: 'inserts', make: (parts) => new InsertWorkload(parts) },
];

const TABLES: readonly WorkloadKind[] = [
  { name: 'tables', make: (parts) => new TableWorkload(parts) },
  { name: 'collections', make: (parts) => new CollectionWorkload(parts) },
];

const EXPIRY: readonly WorkloadKind[] = [{ name: 'expiry', make: (parts) => new ExpiryWorkload(parts) }];

const CRASHES = [killNode, killNode, cutPower, killAllNodes, cutAllPower, restartNode];
const NETWORK = [
  isolateNode,
  cutFromPeers,
  cutFromPeers,
  cutBetweenNodes,
  cutRouter,
  breakConnections,
  breakConnections,
  slowLink,
  slowLink,
];
const STALLS = [hiccup, hiccup, pauseNode, suspendNode, stallDisk, slowDisk];
const CLOCKS = [stepClock, skewClock];

/** Log goes soon, from memory too, and an index that keeps more of it than that is not waited for for long. */
function keepingLittleLog({ paxos, checkpoints, ...drawn }: ClusterSettings): ClusterSettings {
  return {
    ...drawn,
    paxos: { ...paxos, windowBytesMax: 2 * KIB },
    checkpoints: { ...checkpoints, intervalMs: SECOND_MS, followerAllowanceBytes: Math.min(checkpoints.followerAllowanceBytes, 64 * KIB) },
    indexRebuildAfterMs: Math.min(drawn.indexRebuildAfterMs, 3 * SECOND_MS),
  };
}

/** Every kind of run, in the order in which seeds go through them. */
export const SPECS: readonly Spec[] = [
  {
    name: 'everything',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 1500,
      faults: [...CRASHES, ...NETWORK, ...STALLS, ...CLOCKS, failWrite, killStateless, transferLeadership, transferLeadership],
    },
  },
  { name: 'crashes', durationMs: 60_000, workloads: ITEMS, plan: { gapMs: 2000, faults: [...CRASHES, failWrite, hiccup] } },
  {
    name: 'partitions',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: { gapMs: 1500, faults: [...NETWORK, hiccup, transferLeadership] },
  },
  {
    name: 'leases',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 1200,
      faults: [...STALLS, ...CLOCKS, isolateNode, cutFromPeers, transferLeadership, transferLeadership, killNode, restartNode],
    },
  },
  {
    // Clocks that break their promise while leaders come and go.
    name: 'broken-clocks',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 1000,
      faults: [...[breakClock, breakClock, breakClock], ...CLOCKS, cutFromPeers, hiccup, transferLeadership, transferLeadership, killNode],
    },
  },
  {
    name: 'damage',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 1500,
      faults: [damageLog, damageLog, damageLog, killNode, cutPower, killAllNodes, hiccup, slowLink, transferLeadership],
    },
  },
  {
    // Whatever a disk can do.
    name: 'disks',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 1200,
      faults: [
        ...[fillDisk, fillDisk, failWrite, failRead, failSync, failSync, stallDisk, slowDisk],
        ...[loseWrite, loseWrite, misdirectWrite, misdirectWrite, damageTree, damageLog],
        ...[cutPower, cutAllPower, killNode, transferLeadership],
      ],
    },
  },
  {
    // Leaders come and go quickly while requests are late.
    name: 'handovers',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 500,
      faults: [...Array.from({ length: 5 }, () => transferLeadership), cutRouter, cutRouter, slowLink, breakConnections, hiccup],
    },
  },
  {
    // Leaders come and go with records that nobody else has, while disks and links are slow.
    name: 'relay',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: { gapMs: 700, faults: [relayCuts, relayCuts, slowDisk, slowLink, hiccup, breakConnections, killNode] },
  },
  {
    // Nothing may be wrong, however much happens at once; only after the heal it must go on.
    name: 'storm',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: {
      gapMs: 500,
      storm: true,
      faults: [...CRASHES, ...NETWORK, ...STALLS, ...CLOCKS, cutFromPeers, cutFromPeers, killStateless, transferLeadership],
    },
  },
  {
    name: 'lost-disk',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: { gapMs: 2500, faults: [loseDisk, ...NETWORK, hiccup, slowDisk, ...CLOCKS, killStateless, killNode, killNode] },
  },
  {
    // Replicas move between four nodes while all else goes on.
    name: 'members',
    durationMs: 60_000,
    workloads: ITEMS,
    spares: 1,
    plan: {
      gapMs: 1200,
      faults: [
        ...Array.from({ length: 8 }, () => moveReplica),
        loseDisk,
        ...CRASHES,
        ...NETWORK,
        ...STALLS,
        transferLeadership,
        transferLeadership,
      ],
    },
  },
  {
    // The same, with any number of them impaired: nothing may be wrong.
    name: 'members-storm',
    durationMs: 60_000,
    workloads: ITEMS,
    spares: 1,
    plan: {
      gapMs: 600,
      storm: true,
      faults: [
        moveReplica,
        moveReplica,
        moveReplica,
        killNode,
        cutPower,
        killAllNodes,
        cutAllPower,
        cutFromPeers,
        cutFromPeers,
        cutBetweenNodes,
        pauseNode,
        slowLink,
        transferLeadership,
      ],
    },
  },
  {
    // Tables come and go while everything comes and goes.
    name: 'tables',
    durationMs: 60_000,
    workloads: TABLES,
    plan: {
      gapMs: 2500,
      faults: [...CRASHES, ...NETWORK, ...STALLS, killStateless, killStateless, killRouter, loseDisk, loseDisk, transferLeadership],
    },
  },
  {
    // Global indexes follow their table while leaders on both sides come and go.
    name: 'indexes',
    durationMs: 60_000,
    workloads: [{ name: 'indexes', make: (parts) => new IndexWorkload(parts) }],
    plan: {
      gapMs: 1500,
      faults: [...CRASHES, ...NETWORK, ...STALLS, killStateless, loseDisk, transferLeadership, transferLeadership, transferLeadership],
    },
  },
  {
    // Entries of local indexes follow their items while leaders come and go, and through snapshots.
    name: 'local-indexes',
    durationMs: 60_000,
    workloads: [{ name: 'local-indexes', make: (parts) => new LocalIndexWorkload(parts) }],
    plan: {
      gapMs: 1500,
      faults: [...CRASHES, ...NETWORK, ...STALLS, failWrite, killStateless, loseDisk, transferLeadership, transferLeadership],
    },
  },
  {
    // The same while replicas move, and disks are lost.
    name: 'indexes-members',
    durationMs: 60_000,
    workloads: [{ name: 'indexes', make: (parts) => new IndexWorkload(parts) }],
    spares: 1,
    plan: {
      gapMs: 1200,
      faults: [
        ...[moveReplica, moveReplica, moveReplica, moveReplica, loseDisk],
        ...[killNode, cutPower, killAllNodes, cutAllPower, cutFromPeers, hiccup, slowLink, transferLeadership, transferLeadership],
      ],
    },
  },
  {
    // Indexes that take nothing for so long that they are made anew, and lose the log that they lack.
    name: 'indexes-lost',
    durationMs: 60_000,
    settings: keepingLittleLog,
    workloads: [{ name: 'indexes', make: (parts) => new IndexWorkload(parts) }],
    spares: 1,
    plan: {
      gapMs: 2000,
      faults: [
        ...[silenceIndex, silenceIndex, silenceIndex, loseIndexLog, loseIndexLog],
        ...[killNode, cutPower, killAllNodes, cutAllPower, killStateless, cutFromPeers, hiccup, slowLink, transferLeadership],
      ],
    },
  },
  {
    // Links that come and go, lines of nodes, and frames that arrive when nobody expects them any more.
    name: 'links',
    durationMs: 60_000,
    workloads: ITEMS,
    plan: { gapMs: 800, faults: [flap, flap, cutIntoChain, lateFrames, lateFrames, lateFrames, slowLink, transferLeadership, killNode] },
  },
  {
    // Items expire while leaders come and go, clocks are set, and the attribute changes by which they do.
    name: 'expiry',
    durationMs: 60_000,
    workloads: EXPIRY,
    plan: {
      gapMs: 1500,
      faults: [
        ...CRASHES,
        ...NETWORK,
        ...STALLS,
        ...CLOCKS,
        stepClock,
        loseDisk,
        transferLeadership,
        transferLeadership,
        transferLeadership,
      ],
    },
  },
  { name: 'calm', durationMs: 30_000, workloads: ITEMS, plan: { gapMs: 3000, faults: [hiccup, transferLeadership, slowDisk] } },
];

/** Runs that are longer than one of many may be: by name, one of each in the test, and some in the nightly. */
export const LONG_SPECS: readonly Spec[] = [
  {
    // Leaders die and come back, routers start with cold caches, and nobody administers: requests are served all the time.
    name: 'no-control-plane',
    durationMs: 35 * MINUTE_MS,
    workloads: [...ITEMS, { name: 'chains', make: (parts) => new ChainWorkload(parts) }],
    leisure: 10,
    steadyMs: 30_000,
    plan: { gapMs: 20_000, faults: [controlPlaneOutage, controlPlaneOutage, killNode, killRouter, transferLeadership, hiccup, cutRouter] },
  },
];

/** Undefined: there is no spec of this name. */
export function specNamed(name: string): Spec | undefined {
  return [...SPECS, ...LONG_SPECS].find((spec) => spec.name === name);
}
