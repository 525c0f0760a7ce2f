import type { Clock, Random, Timers } from '../../../shared/env/clock.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { LargeRequests } from '../large/large-requests.ts';
import type { ItemStorage, StoragePort } from '../storage-port.ts';
import type { ExpressionCache } from './expression-cache.ts';
import type { Identity } from './identity.ts';

/** What all actions of a router share. */
export interface ApiServices {
  readonly region: string;
  readonly storage: ItemStorage;
  /** The same with the operations on tables; undefined in the thread for large requests, where there are none of those. */
  readonly tables: StoragePort | undefined;
  /** Undefined where nothing holds up a loop that others wait for: in that thread itself, and in simulations. */
  readonly large?: LargeRequests | undefined;
  /** Bytes of items that requests hold until their answer is whole. */
  readonly room: { bytes: number };
  readonly expressions: ExpressionCache;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** One request under way. */
export class RequestContext {
  readonly services: ApiServices;
  readonly identity: Identity;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  /** The Host header; undefined for a large request. */
  readonly host: string | undefined;

  constructor(services: ApiServices, identity: Identity, deadlineAtMs: number, host?: string) {
    this.services = services;
    this.identity = identity;
    this.deadlineAtMs = deadlineAtMs;
    this.host = host;
  }

  /** Whose tables plain names are of. */
  get account(): string {
    return this.identity.account;
  }

  /** Milliseconds that are left for an answer; 0 when there are none. */
  timeLeftMs(): number {
    return Math.max(0, this.deadlineAtMs - this.services.clock.monotonicMs());
  }
}
