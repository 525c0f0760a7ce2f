import { CATALOG_GROUP, type Slot } from '../base/ids.ts';
import type { Clock } from '../env/clock.ts';
import { ADMIN_CALL_TIMEOUT_MS } from '../limits/cluster-client-limits.ts';
import type { StatorTransport } from '../wire/frames.ts';
import type { CatalogWatcher } from './catalog-watcher.ts';

interface Refresh {
  readonly deadlineAtMs: number;
  readonly done: Promise<boolean>;
}

/**
 * Brings the watched catalog up to everything that was chosen when the refresh was asked for: the greatest slot in the logs of
 * a majority of the catalog's replicas is at or beyond every chosen slot. Callers share: one refresh is under way, one more
 * waits for it, however many ask, since one that began earlier may have missed what its caller needs.
 */
export class CatalogRefresh {
  readonly #clock: Clock;
  readonly #transport: StatorTransport;
  readonly #watcher: CatalogWatcher;
  readonly #seeds: readonly string[];
  #current: Refresh | undefined;
  #next: Refresh | undefined;

  constructor(clock: Clock, transport: StatorTransport, watcher: CatalogWatcher, seeds: readonly string[]) {
    this.#clock = clock;
    this.#transport = transport;
    this.#watcher = watcher;
    this.#seeds = seeds;
  }

  /** Resolves with true when that is done, with false when `deadlineMs` milliseconds have passed without it; never rejects. */
  refresh(deadlineMs: number): Promise<boolean> {
    const deadlineAtMs = this.#clock.monotonicMs() + deadlineMs;
    if (this.#next !== undefined) return this.#next.done;
    const earlier = this.#current;
    const refresh: Refresh = {
      deadlineAtMs,
      done: earlier === undefined ? this.#run(deadlineMs) : earlier.done.then(() => this.#advance()),
    };
    if (earlier === undefined) this.#current = refresh;
    else this.#next = refresh;
    return refresh.done;
  }

  #advance(): Promise<boolean> {
    const next = this.#next;
    this.#current = next;
    this.#next = undefined;
    return next === undefined ? Promise.resolve(false) : this.#run(next.deadlineAtMs - this.#clock.monotonicMs());
  }

  async #run(deadlineMs: number): Promise<boolean> {
    const deadlineAtMs = this.#clock.monotonicMs() + deadlineMs;
    const slot = await this.#newestSlot(Math.max(1, Math.min(deadlineMs, ADMIN_CALL_TIMEOUT_MS)));
    const leftMs = deadlineAtMs - this.#clock.monotonicMs();
    const done = slot !== undefined && leftMs > 0 && (await this.#watcher.caughtUpTo(slot, leftMs));
    if (this.#next === undefined) this.#current = undefined;
    return done;
  }

  /** Resolves as soon as a majority answered; with undefined when all have answered or failed without one. */
  #newestSlot(timeoutMs: number): Promise<Slot | undefined> {
    const majority = Math.floor(this.#seeds.length / 2) + 1;
    return new Promise((resolve) => {
      let newest = 0;
      let answered = 0;
      let settled = 0;
      const settle = (last: Slot | undefined): void => {
        settled += 1;
        if (last !== undefined) answered += 1;
        newest = Math.max(newest, last ?? 0);
        if (answered >= majority) resolve(newest);
        else if (settled === this.#seeds.length) resolve(undefined);
      };
      if (this.#seeds.length === 0) resolve(undefined);
      for (const seed of this.#seeds) void this.#lastSlot(seed, timeoutMs).then(settle);
    });
  }

  /** The last slot in one replica's log; undefined when it does not tell. */
  async #lastSlot(address: string, timeoutMs: number): Promise<Slot | undefined> {
    try {
      const answer = await this.#transport.call(address, { kind: 'inspect-group', group: CATALOG_GROUP }, timeoutMs);
      return answer.kind === 'group-inspection' ? answer.replica.last : undefined;
    } catch {
      // Any failure means the same here: this replica does not count towards the majority.
      return undefined;
    }
  }
}
