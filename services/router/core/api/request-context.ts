import type { Clock, Random } from '../../../shared/env/clock.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { StoragePort } from '../storage-port.ts';
import type { ExpressionCache } from './expression-cache.ts';

/** What all actions of a router share. */
export interface ApiServices {
  readonly region: string;
  readonly storage: StoragePort;
  readonly expressions: ExpressionCache;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly random: Random;
}

/** One request under way. */
export class RequestContext {
  readonly services: ApiServices;
  readonly account: string;
  readonly #deadlineMs: number;

  constructor(services: ApiServices, account: string, timeoutMs: number) {
    this.services = services;
    this.account = account;
    this.#deadlineMs = services.clock.monotonicMs() + timeoutMs;
  }

  /** Milliseconds that are left for an answer; 0 when there are none. */
  timeLeftMs(): number {
    return Math.max(0, this.#deadlineMs - this.services.clock.monotonicMs());
  }
}
