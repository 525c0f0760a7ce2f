import type { ClusterSettings } from '../settings.ts';
import type { FaultPlan } from '../faults/nemesis.ts';
import type { WorkloadKind } from '../workloads/workload.ts';

/** One kind of run: which load, which faults, how long. */
export interface Spec {
  readonly name: string;
  /** Simulated time under faults, milliseconds. */
  readonly durationMs: number;
  readonly workloads: readonly WorkloadKind[];
  readonly plan: FaultPlan;
  /** Clients wait so many times as long as usual between two calls, for long runs; default 1. */
  readonly leisure?: number;
  /** Storage nodes beside the three that form the cluster; default none. */
  readonly spares?: number;
  /** Under faults, too, every workload makes progress within any time of this length. */
  readonly steadyMs?: number;
  /** Settings of the cluster, of those that the seed drew; default these. */
  readonly settings?: (drawn: ClusterSettings) => ClusterSettings;
}
