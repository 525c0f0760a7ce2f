import { CATALOG_GROUP, type NodeId } from '../base/ids.ts';
import type { PartitionRecord } from '../placement/catalog-records.ts';
import type { CatalogWatcher } from './catalog-watcher.ts';
import type { ClusterRoutes } from './group-client.ts';

/** What stands for a table id where the catalog itself is meant. */
export const CATALOG_TABLE_ID = 'catalog';

/**
 * Where partitions and nodes are: the catalog group at the seeds, everything else by the watched catalog. Until the names of
 * the seeds' nodes are known, an address stands in place of a name; a name never contains a colon.
 */
export class ClusterMap implements ClusterRoutes {
  readonly catalog: PartitionRecord;
  readonly #watcher: CatalogWatcher;

  constructor(watcher: CatalogWatcher, seeds: readonly string[]) {
    this.#watcher = watcher;
    this.catalog = {
      tableId: CATALOG_TABLE_ID,
      partitionId: 0,
      group: CATALOG_GROUP,
      generation: 1,
      epoch: 1,
      low: '',
      high: '',
      configuration: 1,
      replicas: seeds.map((address, at) => ({ replica: at + 1, node: address, az: '' })),
    };
  }

  partition(tableId: string, key: Uint8Array): PartitionRecord | undefined {
    if (tableId === CATALOG_TABLE_ID) return this.catalog;
    return this.#watcher.view.partitionMap(tableId)?.find(key)?.record;
  }

  address(node: NodeId): string | undefined {
    return node.includes(':') ? node : this.#watcher.view.node(node)?.address;
  }
}
