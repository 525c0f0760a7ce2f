import type { Prng } from '../../../services/shared/base/prng.ts';
import type { SimCluster } from '../cluster.ts';
import type { Clients } from '../clients.ts';

/** What a workload is given. */
export interface WorkloadParts {
  readonly cluster: SimCluster;
  readonly clients: Clients;
  readonly random: Prng;
  /** Clients wait so many times as long as usual between two calls. */
  readonly leisure: number;
}

/** A load on the cluster, and what must be true of its answers. One file each. */
export interface Workload {
  readonly name: string;
  /** Brings the table into the state that the load expects. No faults happen meanwhile. */
  setup(): Promise<void>;
  /** Starts clients that work until `stop` is called; resolves when they have ended. */
  start(): Promise<void>;
  stop(): void;
  /** Operations answered so far, with whatever outcome. */
  readonly answered: number;
  /** Operations that succeeded so far. */
  readonly succeeded: number;
  /** After the end, on a healed cluster: what is wrong, if anything. */
  check(): Promise<string | undefined>;
}

/** A workload before it is made for a run. */
export interface WorkloadKind {
  readonly name: string;
  readonly make: (parts: WorkloadParts) => Workload;
}
