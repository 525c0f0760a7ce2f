import type { FaultPlan } from '../faults/nemesis.ts';
import type { WorkloadKind } from '../workloads/workload.ts';

/** One kind of run: which load, which faults, how long. */
export interface Spec {
  readonly name: string;
  /** Simulated time under faults, milliseconds. */
  readonly durationMs: number;
  readonly workloads: readonly WorkloadKind[];
  readonly plan: FaultPlan;
}
