import { ClusterClient } from '../../services/shared/cluster-client/cluster-client.ts';
import type { Environment, Service } from '../../services/shared/env/environment.ts';
import type { StatorTransport } from '../../services/shared/wire/frames.ts';
import { StorageClient } from '../../services/router/core/storage-client.ts';

/** The router below its HTTP side: catalog, partition map, group client and the port that its handlers use. */
export class RouterCore implements Service {
  readonly storage: StorageClient;
  readonly #cluster: ClusterClient;
  readonly #transport: StatorTransport;

  constructor(
    environment: Environment,
    transport: StatorTransport,
    options: { region: string; az: string; seeds: readonly string[]; autoAdmins: readonly string[] },
  ) {
    this.#transport = transport;
    this.#cluster = new ClusterClient(environment, transport, options.seeds, options.az);
    this.storage = new StorageClient(environment, transport, this.#cluster, options);
  }

  async run(): Promise<void> {
    this.#cluster.start();
  }

  notReady(): string | undefined {
    return this.#cluster.watcher.ready ? undefined : 'the catalog has not been read yet';
  }

  async drain(): Promise<void> {
    return undefined;
  }

  async stop(): Promise<void> {
    this.#cluster.stop();
    await this.#transport.close();
  }
}
