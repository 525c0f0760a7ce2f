import type { SigningCredentials } from '../harness/sigv4-signer.ts';

/** A server to measure, started for one run of the bench and stopped after it. */
export interface Target {
  readonly name: string;
  start(): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly host: string;
  readonly port: number;
  readonly credentials: SigningCredentials;
  /** Everything whose processor time the target costs. */
  readonly processes: readonly TargetProcess[];
  stop(): Promise<void>;
}

export interface TargetProcess {
  readonly name: string;
  readonly pid: number;
  /** Where a process of ours tells how long its event loop stood still since it was asked last, in seconds: in all, and not for want of a processor. */
  readonly loopLag?: { readonly metricsPort: number; readonly metrics: { readonly all: string; readonly own: string } };
}
