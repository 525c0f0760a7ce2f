import type { CatalogStore } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { REMOVED_TABLE_KEPT_MS, REMOVED_TABLES_FORGOTTEN_MAX, REMOVED_TABLES_POLL_MS } from '../../shared/limits/auto-admin-limits.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import type { AdminLease } from './admin-lease.ts';

/** Forgets tables that are gone for so long that no copy of a call about them can be under way any more. */
export class RemovedTables {
  readonly #environment: Environment;
  readonly #catalog: CatalogStore;
  readonly #watcher: CatalogWatcher;
  readonly #lease: AdminLease;
  #running = false;

  constructor(environment: Environment, catalog: CatalogStore, watcher: CatalogWatcher, lease: AdminLease) {
    this.#environment = environment;
    this.#catalog = catalog;
    this.#watcher = watcher;
    this.#lease = lease;
  }

  async run(): Promise<void> {
    this.#running = true;
    while (this.#running) {
      await this.#environment.timers.sleep(REMOVED_TABLES_POLL_MS);
      if (this.#running && this.#lease.active) await this.#forgetOld();
    }
  }

  stop(): void {
    this.#running = false;
  }

  async #forgetOld(): Promise<void> {
    const oldest = this.#environment.clock.wallMs() - REMOVED_TABLE_KEPT_MS;
    const old = [...this.#watcher.view.removedTables()].filter(({ removedAtMs }) => removedAtMs < oldest);
    try {
      for (const { account, region, name, generation } of old.slice(0, REMOVED_TABLES_FORGOTTEN_MAX)) {
        if (!this.#running || !this.#lease.active) return;
        await this.#catalog.remove(tableKey(account, region, name), generation);
      }
    } catch (error) {
      // They are found again the next time.
      this.#environment.logger.warn('removed-tables-not-forgotten', { error: String(error) });
    }
  }
}
