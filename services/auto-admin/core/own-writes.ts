import type { CatalogWrite } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { OWN_WRITES_SEEN_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';

/**
 * Records of tables that calls to this auto-admin are writing, until its watched catalog shows them: quotas count them, so that calls that
 * come together do not each find the last place. What another auto-admin wrote a moment ago, before it lost the lease, may be missed.
 */
export class OwnWrites {
  readonly #watcher: CatalogWatcher;
  readonly #records = new Set<TableRecord>();

  constructor(watcher: CatalogWatcher) {
    this.#watcher = watcher;
  }

  /** Counts the record from now on, unless `write` fails. */
  async during(record: TableRecord, write: () => Promise<CatalogWrite>): Promise<CatalogWrite> {
    this.#records.add(record);
    let slot: Slot | undefined;
    try {
      const outcome = await write();
      if (outcome.outcome === 'written') slot = outcome.slot;
      return outcome;
    } finally {
      if (slot === undefined) this.#records.delete(record);
      else void this.#watcher.caughtUpTo(slot, OWN_WRITES_SEEN_MS).then(() => this.#records.delete(record));
    }
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
