import { ClusterClient } from '../shared/cluster-client/cluster-client.ts';
import type { Environment, Service } from '../shared/env/environment.ts';
import type { Compression } from '../shared/env/compression.ts';
import type { Sealer } from '../shared/env/sealer.ts';
import type { StartThread } from '../shared/env/thread.ts';
import type { HttpHandler } from '../shared/env/http.ts';
import type { StatorTransport } from '../shared/wire/frames.ts';
import type { Credential } from './core/api/identity.ts';
import { RouterCredentials } from './core/credentials.ts';
import { StorageClient } from './core/storage-client.ts';
import { ApiEndpoint } from './handlers/api-endpoint.ts';
import { credentialMetrics, groupMetrics } from './metrics.ts';

export interface RouterOptions {
  readonly region: string;
  /** Where this process runs, or empty: eventually consistent reads prefer replicas there. */
  readonly az: string;
  /** Addresses of the nodes that hold the catalog. */
  readonly seeds: readonly string[];
  readonly autoAdmins: readonly string[];
  readonly requestTimeoutMs: number;
  /** Credentials given to this process by access key, beside those of the catalog. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Opens the secrets of the catalog's credentials; without it none of them can be used. */
  readonly sealer?: Sealer | undefined;
  /** See ApiEndpointOptions. */
  readonly startThread?: StartThread;
  readonly compression?: Compression;
}

/** Where clients connect: the HTTP server, which hands its requests to the service. */
export interface FrontDoor {
  /** Rejects when the address is in use. */
  listen(): Promise<void>;
  /** Accepts nothing new; resolves when every request under way is answered. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** The first catalog is waited for in steps, so that a stop is noticed. */
const CATALOG_WAIT_MS = 500;

/** A router: the DynamoDB API in front of a cluster. It holds nothing that another router would not fetch again. */
export class RouterService implements Service {
  readonly #transport: StatorTransport;
  readonly #cluster: ClusterClient;
  readonly #endpoint: ApiEndpoint;
  readonly #frontDoor: FrontDoor;
  readonly #credentials: RouterCredentials;
  #listening = false;
  #stopping = false;

  constructor(
    environment: Environment,
    transport: StatorTransport,
    options: RouterOptions,
    openFrontDoor: (handler: HttpHandler) => FrontDoor,
  ) {
    const { region, seeds, autoAdmins, az, requestTimeoutMs, startThread, compression } = options;
    this.#transport = transport;
    this.#cluster = new ClusterClient(environment, transport, seeds, az);
    groupMetrics(environment.metrics, this.#cluster.groups);
    const { watcher } = this.#cluster;
    this.#credentials = new RouterCredentials({
      watcher,
      logger: environment.logger,
      sealer: options.sealer,
      given: options.credentials,
    });
    credentialMetrics(environment.metrics, this.#credentials);
    watcher.onChange(() => this.#credentials.warn());
    const storage = new StorageClient(environment, transport, this.#cluster, { region, seeds, autoAdmins });
    this.#endpoint = new ApiEndpoint(environment, storage, {
      region,
      requestTimeoutMs,
      credentials: this.#credentials.find,
      ...(startThread === undefined ? undefined : { startThread }),
      ...(compression === undefined ? undefined : { compression }),
    });
    this.#frontDoor = openFrontDoor(this.#endpoint);
  }

  /**
   * Opens the front door once the catalog was read: without it every table would seem not to exist. Later a cluster that does not
   * answer closes nothing.
   */
  async run(): Promise<void> {
    this.#cluster.start();
    while (!this.#cluster.watcher.ready && !this.#stopping) await this.#cluster.watcher.caughtUpTo(0, CATALOG_WAIT_MS);
    if (this.#stopping) return;
    await this.#frontDoor.listen();
    this.#listening = true;
    if (this.#stopping) await this.#frontDoor.drain();
  }

  async drain(): Promise<void> {
    this.#stopping = true;
    if (this.#listening) await this.#frontDoor.drain();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#frontDoor.close();
    await this.#endpoint.close();
    this.#cluster.stop();
    await this.#transport.close();
  }

  notReady(): string | undefined {
    if (!this.#cluster.watcher.ready) return 'the catalog has not been read yet';
    if (!this.#listening) return 'the HTTP server does not listen yet';
    return this.#stopping ? 'the router is stopping' : undefined;
  }
}
