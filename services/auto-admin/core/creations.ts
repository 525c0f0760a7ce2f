import type { CatalogWrite } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { OWN_WRITES_SEEN_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';

/**
 * Tables that this auto-admin is writing, until its watched catalog shows them: quotas count them, so that creations that come
 * together do not each find the last place. What another auto-admin wrote a moment ago, before it lost the lease, may be missed.
 */
export class Creations {
  readonly #watcher: CatalogWatcher;
  readonly #records = new Map<string, TableRecord>();

  constructor(watcher: CatalogWatcher) {
    this.#watcher = watcher;
  }

  /** Counts the table from now on, unless `write` fails. */
  async during(record: TableRecord, write: () => Promise<CatalogWrite>): Promise<CatalogWrite> {
    const { tableId } = record;
    this.#records.set(tableId, record);
    let slot: Slot | undefined;
    try {
      const outcome = await write();
      if (outcome.outcome === 'written') slot = outcome.slot;
      return outcome;
    } finally {
      if (slot === undefined) this.#records.delete(tableId);
      else void this.#watcher.caughtUpTo(slot, OWN_WRITES_SEEN_MS).then(() => this.#records.delete(tableId));
    }
  }

  unseen(): TableRecord[] {
    return [...this.#records.values()].filter(({ tableId }) => this.#watcher.view.tableById(tableId) === undefined);
  }
}
