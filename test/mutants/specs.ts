import { slowDisk, stallDisk } from '../sim/faults/disks.ts';
import { breakConnections, cutBetweenNodes, cutFromPeers, cutRouter, isolateNode, slowLink } from '../sim/faults/network.ts';
import { cutPower, hiccup, killAllNodes, killNode, pauseNode, restartNode, transferLeadership } from '../sim/faults/processes.ts';
import type { Spec } from '../sim/specs/spec.ts';
import { SPECS } from '../sim/specs/specs.ts';
import { CounterWorkload } from '../sim/workloads/counters.ts';
import { InsertWorkload } from '../sim/workloads/inserts.ts';
import { RegisterWorkload } from '../sim/workloads/register.ts';
import type { MakeWorkload } from '../sim/workloads/workload.ts';

const ITEMS: readonly MakeWorkload[] = [
  (parts) => new RegisterWorkload(parts),
  (parts) => new CounterWorkload(parts),
  (parts) => new InsertWorkload(parts),
];

/** Disks and links so slow that there is always something under way, and leaders that come and go meanwhile. */
const ROUGH: Spec = {
  name: 'rough',
  durationMs: 40_000,
  workloads: ITEMS,
  plan: {
    gapMs: 120,
    storm: true,
    faults: [
      ...[slowDisk, slowDisk, slowDisk, slowLink, slowLink, slowLink, slowLink, slowLink, slowLink],
      ...[transferLeadership, transferLeadership, cutFromPeers, cutFromPeers, cutBetweenNodes, isolateNode, cutRouter],
      ...[breakConnections, hiccup, stallDisk, pauseNode, killNode, killNode, cutPower, killAllNodes, restartNode],
    ],
  },
};

/** The simulator's, and harder ones. */
export const ALL_SPECS: readonly Spec[] = [...SPECS, ROUGH];
