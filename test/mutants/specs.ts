import { slowDisk } from '../sim/faults/disks.ts';
import { breakConnections, slowLink } from '../sim/faults/network.ts';
import { hiccup, killNode } from '../sim/faults/processes.ts';
import type { Spec } from '../sim/specs/spec.ts';
import { SPECS } from '../sim/specs/specs.ts';
import { CounterWorkload } from '../sim/workloads/counters.ts';
import { InsertWorkload } from '../sim/workloads/inserts.ts';
import { RegisterWorkload } from '../sim/workloads/register.ts';
import type { MakeWorkload } from '../sim/workloads/workload.ts';
import { relayCuts } from './relay.ts';

const ITEMS: readonly MakeWorkload[] = [
  (parts) => new RegisterWorkload(parts),
  (parts) => new CounterWorkload(parts),
  (parts) => new InsertWorkload(parts),
];

/** Leaders come and go with records that nobody else has, while disks and links are slow. */
const RELAY: Spec = {
  name: 'relay',
  durationMs: 60_000,
  workloads: ITEMS,
  plan: {
    gapMs: 700,
    faults: [relayCuts, relayCuts, slowDisk, slowLink, hiccup, breakConnections, killNode],
  },
};

/** The simulator's, and harder ones. */
export const ALL_SPECS: readonly Spec[] = [...SPECS, RELAY];
