import type { Clock, Random, Timers } from './clock.ts';
import type { Digest } from './digest.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What every service is given of the outside world; the platform makes the real one, the simulator its own. */
export interface Environment {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly digest: Digest;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Ends the process at once after an invariant broke or the disk failed: it must not go on. */
  fatal(reason: string, cause: unknown): never;
}

/** One process's service. `run` resolves when it serves; `drain` stops taking work and hands over; `stop` closes everything. */
export interface Service {
  run(): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
  /** Why it is not ready to serve; undefined when it is. */
  notReady(): string | undefined;
}
