import type { Prng } from '../../../services/shared/base/prng.ts';
import type { SimCluster } from '../cluster.ts';
import type { FaultAtlas } from './atlas.ts';

/** What a fault is given. */
export interface FaultParts {
  readonly cluster: SimCluster;
  readonly atlas: FaultAtlas;
  readonly random: Prng;
}

/** Something that goes wrong, and ends by itself after a while. */
export interface Fault {
  readonly kind: string;
  /** Begins; undefined when it may not happen now. `end` puts right what it did, at once, however often it is called. */
  readonly begin: (parts: FaultParts) => FaultUnderWay | undefined;
}

export interface FaultUnderWay {
  /** For the trace. */
  readonly what: string;
  /** It ends by itself after so long. */
  readonly durationMs: number;
  readonly end: () => void;
  /**
   * As what it counts so far, of faults that only wait for something to hit: their own kind once they have hit it, else that of what
   * they did beside; undefined: nothing happened. Without this function: its own kind, from its beginning.
   */
  readonly struckAs?: () => string | undefined;
}

/** A time between two bounds, short ones more often: even on a logarithmic scale. */
export function drawMs(random: Prng, leastMs: number, mostMs: number): number {
  return leastMs * (mostMs / leastMs) ** random.float();
}
