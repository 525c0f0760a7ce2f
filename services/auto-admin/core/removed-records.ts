import type { CatalogStore } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Timer } from '../../shared/env/clock.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { REMOVED_RECORD_KEPT_MS, REMOVED_RECORDS_FORGOTTEN_MAX, REMOVED_RECORDS_POLL_MS } from '../../shared/limits/auto-admin-limits.ts';
import { credentialKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { AdminLease } from './admin-lease.ts';

/** Forgets tables and credentials that are gone for so long that no copy of a call about them can be under way any more. */
export class RemovedRecords {
  readonly #environment: Environment;
  readonly #catalog: CatalogStore;
  readonly #watcher: CatalogWatcher;
  readonly #lease: AdminLease;
  #running = false;
  #next: Timer | undefined;

  constructor(environment: Environment, catalog: CatalogStore, watcher: CatalogWatcher, lease: AdminLease) {
    this.#environment = environment;
    this.#catalog = catalog;
    this.#watcher = watcher;
    this.#lease = lease;
  }

  start(): void {
    this.#running = true;
    this.#forgetLater();
  }

  stop(): void {
    this.#running = false;
    this.#next?.cancel();
  }

  #forgetLater(): void {
    this.#next = this.#environment.timers.after(REMOVED_RECORDS_POLL_MS, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    if (this.#lease.active) await this.#forgetOld();
    if (this.#running) this.#forgetLater();
  }

  async #forgetOld(): Promise<void> {
    const oldest = this.#environment.clock.wallMs() - REMOVED_RECORD_KEPT_MS;
    const { view } = this.#watcher;
    const old: [key: string, generation: number][] = [];
    for (const { account, region, name, generation, removedAtMs } of view.removedTables()) {
      if (removedAtMs < oldest) old.push([tableKey(account, region, name), generation]);
    }
    for (const { accessKeyId, generation, revokedAtMs } of view.revokedCredentials()) {
      if (revokedAtMs < oldest) old.push([credentialKey(accessKeyId), generation]);
    }
    try {
      for (const [key, generation] of old.slice(0, REMOVED_RECORDS_FORGOTTEN_MAX)) {
        if (!this.#running || !this.#lease.active) return;
        await this.#catalog.remove(key, generation);
      }
    } catch (error) {
      // They are found again the next time.
      this.#environment.logger.warn('removed-records-not-forgotten', { error: String(error) });
    }
  }
}
