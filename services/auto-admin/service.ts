import { UNAVAILABLE } from '../shared/cluster-client/auto-admin-client.ts';
import { CatalogUnavailableError } from '../shared/cluster-client/catalog-store.ts';
import { ClusterClient } from '../shared/cluster-client/cluster-client.ts';
import type { Environment, Service } from '../shared/env/environment.ts';
import { CATALOG_SILENT_MS, INDEX_REBUILD_PAUSE_MS } from '../shared/limits/auto-admin-limits.ts';
import { AdminCallError, type PeerIdentity } from '../shared/env/transport.ts';
import { SERVICE_QUOTAS } from '../shared/placement/table-quotas.ts';
import type { TableQuotas } from '../shared/placement/table-quotas.ts';
import type { AdminRequest, AdminResponse } from '../shared/wire/admin.ts';
import type { StatorTransport } from '../shared/wire/frames.ts';
import { AdminLease } from './core/admin-lease.ts';
import { OwnWrites } from './core/own-writes.ts';
import { LostIndexes } from './core/lost-indexes.ts';
import { RemovedRecords } from './core/removed-records.ts';
import { TableOperations } from './core/table-operations.ts';
import { createCredential, listCredentials, revokeCredential, setCredentialPolicy } from './handlers/credentials.ts';
import { changeTable } from './handlers/change-table.ts';
import { createTable } from './handlers/create-table.ts';
import { deleteTable } from './handlers/delete-table.ts';
import { describeAutoAdmin } from './handlers/describe.ts';
import type { HandlerContext } from './handlers/handler-context.ts';
import { registerNode } from './handlers/register-node.ts';
import { type AutoAdminMetrics, createAutoAdminMetrics } from './metrics.ts';

export interface AutoAdminOptions {
  /** Name of the process, unlike that of every other auto-admin. */
  readonly name: string;
  /** Addresses of the nodes that hold the catalog. */
  readonly seeds: readonly string[];
  /** Empty until it is known. */
  readonly clusterId: () => string;
  /** The service's own when absent. */
  readonly quotas?: TableQuotas;
  /** How long an index waits when it is made anew for the second time within a day; undefined: INDEX_REBUILD_PAUSE_MS. */
  readonly indexRebuildPauseMs?: number | undefined;
}

/**
 * The control plane: registers nodes, creates, changes and deletes tables. It keeps nothing of its own; whichever instance holds the
 * lease goes on from what the catalog says.
 */
export class AutoAdminService implements Service {
  readonly #environment: Environment;
  readonly #transport: StatorTransport;
  readonly #cluster: ClusterClient;
  readonly #lease: AdminLease;
  readonly #operations: TableOperations;
  readonly #removedRecords: RemovedRecords;
  readonly #lostIndexes: LostIndexes;
  readonly #context: HandlerContext;
  readonly #metrics: AutoAdminMetrics;

  constructor(environment: Environment, transport: StatorTransport, options: AutoAdminOptions) {
    this.#environment = environment;
    this.#transport = transport;
    this.#metrics = createAutoAdminMetrics(environment.metrics, {
      operationsUnderWay: () => this.#operations.underWay,
      replicasLeft: () => this.#operations.replicasLeft,
      retiredPartitions: () => this.#cluster.watcher.view.retiredPartitions(),
      tables: () => this.#cluster.watcher.view.tables(),
    });
    this.#cluster = new ClusterClient(environment, transport, options.seeds, '');
    this.#lease = new AdminLease(environment, this.#cluster.catalog, options.name, (active) => this.#leaseChanged(active));
    this.#operations = new TableOperations({
      environment,
      transport,
      cluster: this.#cluster,
      lease: this.#lease,
      metrics: this.#metrics,
      rebuildPauseMs: options.indexRebuildPauseMs ?? INDEX_REBUILD_PAUSE_MS,
    });
    this.#removedRecords = new RemovedRecords(environment, this.#cluster.catalog, this.#cluster.watcher, this.#lease);
    this.#lostIndexes = new LostIndexes({
      environment,
      transport,
      watcher: this.#cluster.watcher,
      lease: this.#lease,
      onRound: (lost, unreachable) => this.#operations.foundLost(lost, unreachable),
    });
    const { clock, random } = environment;
    const { clusterId, quotas = SERVICE_QUOTAS } = options;
    const ownWrites = new OwnWrites(this.#cluster.watcher, environment.timers);
    this.#context = {
      cluster: this.#cluster,
      lease: this.#lease,
      operations: this.#operations,
      clock,
      random,
      clusterId,
      quotas,
      ownWrites,
    };
  }

  async run(): Promise<void> {
    this.#cluster.watcher.onChange(() => {
      this.#operations.wake();
      this.#lostIndexes.wake();
    });
    this.#cluster.start();
    await this.#transport.listen({ admin: (request, peer) => this.#answer(request, peer) });
    void this.#lease.run();
    this.#removedRecords.start();
  }

  /** Hands over at once, so that another instance need not wait for the lease to run out. */
  async drain(): Promise<void> {
    this.#operations.stop();
    this.#removedRecords.stop();
    this.#lostIndexes.stop();
    await this.#lease.release();
  }

  async stop(): Promise<void> {
    this.#operations.stop();
    this.#removedRecords.stop();
    this.#lostIndexes.stop();
    this.#lease.stop();
    this.#cluster.stop();
    await this.#transport.close();
  }

  /**
   * A standby is ready, too: it can take over. Without a catalog that answers none can do anything, whoever held the lease last.
   */
  notReady(): string | undefined {
    if (!this.#cluster.watcher.ready) return 'the catalog has not been read yet';
    if (this.#environment.clock.monotonicMs() - this.#lease.answeredAtMs > CATALOG_SILENT_MS)
      return 'the catalog has no leader that answers';
    if (!this.#lease.active && (this.#lease.holder ?? '') === '') return 'no auto-admin holds the lease yet';
    return undefined;
  }

  #leaseChanged(active: boolean): void {
    this.#metrics.active.set(active ? 1 : 0);
    this.#metrics.leaseChanges.add();
    if (active) this.#operations.wake();
    else this.#operations.leaseLost();
  }

  async #answer(request: AdminRequest, peer: PeerIdentity): Promise<AdminResponse> {
    let code = 'internal';
    try {
      const answer = await this.#dispatch(request, peer);
      code = 'ok';
      return answer;
    } catch (error) {
      const refusal = error instanceof CatalogUnavailableError ? new AdminCallError(UNAVAILABLE, error.message) : error;
      if (refusal instanceof AdminCallError) code = refusal.code;
      else this.#environment.logger.error('admin-call-failed', { call: request.kind, error: String(error) });
      throw refusal;
    } finally {
      this.#metrics.calls.add(1, { operation: request.kind, code });
    }
  }

  async #dispatch(request: AdminRequest, peer: PeerIdentity): Promise<AdminResponse> {
    switch (request.kind) {
      case 'register-node':
        return registerNode(this.#context, request, peer.name);
      case 'create-table':
        return createTable(this.#context, request);
      case 'delete-table':
        return deleteTable(this.#context, request);
      case 'change-table':
        return changeTable(this.#context, request);
      case 'create-credential':
        return createCredential(this.#context, request);
      case 'set-credential-policy':
        return setCredentialPolicy(this.#context, request);
      case 'revoke-credential':
        return revokeCredential(this.#context, request);
      case 'list-credentials':
        return listCredentials(this.#context);
      case 'describe-auto-admin':
        return describeAutoAdmin(this.#context);
      default:
        throw new AdminCallError('unsupported', `an auto-admin does not serve ${request.kind}`);
    }
  }
}
