import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import { ClusterMap } from '../../shared/cluster-client/cluster-map.ts';
import { GroupClient } from '../../shared/cluster-client/group-client.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';
import type { IndexSenderHost } from './index-sender.ts';

/** How a node finds and reaches the partitions of indexes: by the catalog that it watches, with a client of its own. One in a process. */
export class IndexCluster implements Pick<IndexSenderHost, 'view' | 'execute'> {
  readonly view: IndexSenderHost['view'];
  readonly execute: IndexSenderHost['execute'];
  readonly #client: GroupClient;

  /** `seeds`: addresses of the nodes that hold the catalog; `az`: where this process runs. */
  constructor(environment: Environment, transport: StatorTransport, watcher: CatalogWatcher, seeds: readonly string[], az: string) {
    const client = new GroupClient(environment, transport, new ClusterMap(watcher, seeds), az);
    this.#client = client;
    this.view = () => watcher.view;
    this.execute = (partition, key, operation, deadlineMs) => client.execute(partition, key, operation, deadlineMs);
  }

  stop(): void {
    this.#client.stop();
  }
}
