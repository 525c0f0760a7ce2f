import type { Environment } from '../env/environment.ts';
import type { StatorTransport } from '../wire/frames.ts';
import { CatalogStore } from './catalog-store.ts';
import { CatalogWatcher } from './catalog-watcher.ts';
import { ClusterMap } from './cluster-map.ts';
import { GroupClient } from './group-client.ts';

/** The cluster as one process sees it: the watched catalog, and the client of the groups. One in a process. */
export class ClusterClient {
  readonly watcher: CatalogWatcher;
  readonly map: ClusterMap;
  readonly groups: GroupClient;
  readonly catalog: CatalogStore;

  /** `seeds`: addresses of the nodes that hold the catalog; `az`: where this process runs, or empty. */
  constructor(environment: Environment, transport: StatorTransport, seeds: readonly string[], az: string) {
    this.watcher = new CatalogWatcher(environment, transport, seeds);
    this.map = new ClusterMap(this.watcher, seeds);
    this.groups = new GroupClient(environment, transport, this.map, az);
    this.catalog = new CatalogStore(this.groups, this.map, environment.digest);
  }

  start(): void {
    this.watcher.start();
  }

  stop(): void {
    this.watcher.stop();
    this.groups.stop();
  }
}
