import type { CatalogWrite } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Timers } from '../../shared/env/clock.ts';
import { OWN_WRITES_SEEN_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';

/**
 * Records of tables that calls to this auto-admin are writing, until its watched catalog shows them: quotas count them, so that calls that
 * come together do not each find the last place. What another auto-admin wrote a moment ago, before it lost the lease, may be missed.
 */
export class OwnWrites {
  readonly #watcher: CatalogWatcher;
  readonly #timers: Timers;
  readonly #records = new Set<TableRecord>();

  constructor(watcher: CatalogWatcher, timers: Timers) {
    this.#watcher = watcher;
    this.#timers = timers;
  }

  /** Counts the record from now on, unless it was surely not written. */
  async during(record: TableRecord, write: () => Promise<CatalogWrite>): Promise<CatalogWrite> {
    this.#records.add(record);
    const forget = (): void => void this.#records.delete(record);
    let outcome: CatalogWrite;
    try {
      outcome = await write();
    } catch (error) {
      // It may stand in the catalog, at a slot that nobody knows, so it counts for as long as any write may be unseen.
      this.#timers.after(OWN_WRITES_SEEN_MS, forget);
      throw error;
    }
    if (outcome.outcome === 'written') void this.#watcher.caughtUpTo(outcome.slot, OWN_WRITES_SEEN_MS).then(forget);
    else forget();
    return outcome;
  }

  /** The tables of the watched catalog, each as it is being written where that is newer. */
  tables(): Iterable<TableRecord> {
    const { view } = this.#watcher;
    if (this.#records.size === 0) return view.tables();
    const tables = new Map([...view.tables()].map((table) => [table.tableId, table]));
    for (const record of this.#records) {
      const present = tables.get(record.tableId);
      if (present === undefined || present.generation < record.generation) tables.set(record.tableId, record);
    }
    return tables.values();
  }
}
