import { AutoAdminClient, UNAVAILABLE } from '../../shared/cluster-client/auto-admin-client.ts';
import { CatalogRefresh } from '../../shared/cluster-client/catalog-refresh.ts';
import type { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import type { TableDefinition, TableRecord } from '../../shared/placement/catalog-records.ts';
import { parseTableRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import { serializeTableChange } from '../../shared/placement/table-change.ts';
import { SERVICE_QUOTAS } from '../../shared/placement/table-quotas.ts';
import type { TableChange } from '../../shared/placement/table-change.ts';
import type { AdminRequest } from '../../shared/wire/admin.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';
import type { RangeOperation, StorageResponse } from '../../shared/wire/storage-operations.ts';
import { RangeWalk } from './storage-client-range.ts';
import { NO_SIZES, type Sizes, StorageStatistics } from './storage-client-statistics.ts';
import type { ItemOperation, StoragePort, TableView, ThroughputQuotas } from './storage-port.ts';

export interface StorageClientOptions {
  /** Tables are looked up in this region. */
  readonly region: string;
  /** Addresses of the nodes that hold the catalog. */
  readonly seeds: readonly string[];
  readonly autoAdmins: readonly string[];
}

/** The cluster behind the router's port: tables from the watched catalog, operations by the client of the groups. */
export class StorageClient implements StoragePort {
  readonly #environment: Environment;
  readonly #cluster: ClusterClient;
  readonly #region: string;
  readonly #autoAdmin: AutoAdminClient;
  readonly #refresh: CatalogRefresh;
  readonly #statistics: StorageStatistics;
  /** Bytes of items that walks over ranges hold. */
  readonly #room = { bytes: 0 };
  readonly #views = new WeakMap<TableRecord, TableView>();

  constructor(environment: Environment, transport: StatorTransport, cluster: ClusterClient, options: StorageClientOptions) {
    this.#environment = environment;
    this.#cluster = cluster;
    this.#region = options.region;
    this.#autoAdmin = new AutoAdminClient(environment, transport, options.autoAdmins);
    this.#refresh = new CatalogRefresh(environment.clock, transport, cluster.watcher, options.seeds);
    this.#statistics = new StorageStatistics(environment.clock, transport, cluster);
  }

  table(account: string, name: string): TableView | undefined {
    const catalog = this.#cluster.watcher.view;
    const record = catalog.table(account, this.#region, name);
    if (record === undefined) return undefined;
    const partitionCount = catalog.partitions(record.tableId).length;
    const present = this.#views.get(record);
    if (present?.partitionCount === partitionCount) return present;
    const view = { record, partitionCount };
    this.#views.set(record, view);
    return view;
  }

  refreshTables(deadlineMs: number): Promise<boolean> {
    return this.#refresh.refresh(deadlineMs);
  }

  tableNames(account: string): readonly string[] {
    return this.#cluster.watcher.view.tableNames(account, this.#region);
  }

  tableStatistics(view: TableView): { readonly items: number; readonly bytes: number } {
    const { items, bytes } = this.#statistics.of(view.record.tableId);
    return { items, bytes };
  }

  localIndexStatistics(view: TableView, number: number): Sizes {
    return this.#statistics.of(view.record.tableId).localIndexes.get(number) ?? NO_SIZES;
  }

  indexStatistics(indexId: string): { readonly items: number; readonly bytes: number; readonly partitions: number } {
    const { items, bytes } = this.#statistics.of(indexId);
    return { items, bytes, partitions: this.#cluster.watcher.view.partitions(indexId).length };
  }

  execute(view: TableView, operation: ItemOperation, deadlineMs: number): Promise<StorageResponse> {
    const partition = this.#cluster.map.partition(view.record.tableId, operation.key);
    if (partition === undefined) return Promise.resolve(OUTSIDE_MAP);
    return this.#cluster.groups.execute(partition, operation.key, operation, deadlineMs);
  }

  range(view: TableView, operation: RangeOperation, deadlineMs: number, indexId?: string): Promise<StorageResponse> {
    const id = indexId ?? view.record.tableId;
    return new RangeWalk(this.#environment, this.#cluster, id, operation, deadlineMs, this.#room).run();
  }

  async throughputQuotas(deadlineMs: number): Promise<ThroughputQuotas> {
    const answer = await this.#autoAdmin.call({ kind: 'describe-auto-admin' }, deadlineMs);
    if (answer.kind !== 'auto-admin-description') throw new AdminCallError(UNAVAILABLE, `an auto-admin answered ${answer.kind}`);
    return answer.tableUnitsMax === 0 ? SERVICE_QUOTAS : answer;
  }

  createTable(definition: TableDefinition, deadlineMs: number): Promise<TableRecord> {
    const { account, region, name } = definition;
    const overGeneration = this.#cluster.watcher.view.removedTable(account, region, name)?.generation ?? 0;
    return this.#changeTable({ kind: 'create-table', definition: serializeRecord(definition), overGeneration }, deadlineMs);
  }

  changeTable(table: TableRecord, change: TableChange, deadlineMs: number): Promise<TableRecord> {
    const { account, region, name, tableId } = table;
    return this.#changeTable({ kind: 'change-table', account, region, name, tableId, change: serializeTableChange(change) }, deadlineMs);
  }

  async deleteTable(table: TableRecord, deadlineMs: number): Promise<TableRecord> {
    const { account, region, name, tableId } = table;
    const deadlineAtMs = this.#environment.clock.monotonicMs() + deadlineMs;
    try {
      return await this.#changeTable({ kind: 'delete-table', account, region, name, tableId }, deadlineMs);
    } catch (error) {
      if (!(error instanceof AdminCallError && error.code === 'table-not-found')) throw error;
    }
    // Gone already: by an earlier copy of this call, or by somebody else's. This router must not show it any more.
    await this.refreshTables(Math.max(0, deadlineAtMs - this.#environment.clock.monotonicMs()));
    return { ...table, status: 'DELETING' };
  }

  async #changeTable(request: AdminRequest, deadlineMs: number): Promise<TableRecord> {
    const { clock } = this.#environment;
    const deadlineAtMs = clock.monotonicMs() + deadlineMs;
    const answer = await this.#autoAdmin.call(request, deadlineMs);
    if (answer.kind !== 'table-changed') throw new AdminCallError(UNAVAILABLE, `an auto-admin answered ${answer.kind} to ${request.kind}`);
    const visible = await this.#cluster.watcher.caughtUpTo(answer.slot, Math.max(0, deadlineAtMs - clock.monotonicMs()));
    if (!visible) throw new AdminCallError(UNAVAILABLE, 'the table was changed, but the catalog watched here is behind');
    return parseTableRecord(answer.record);
  }
}

const OUTSIDE_MAP: StorageResponse = { id: 0, status: 'unavailable', message: 'no partition is known that holds the key' };
