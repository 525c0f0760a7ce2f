import { PLAIN_DEFINITION } from '../../services/shared/placement/table-record.fixture.ts';
import assert from 'node:assert/strict';
import { AutoAdminService } from '../../services/auto-admin/service.ts';
import { AutoAdminClient } from '../../services/shared/cluster-client/auto-admin-client.ts';
import type { PartitionRecord, RemovedTableRecord, TableDefinition, TableRecord } from '../../services/shared/placement/catalog-records.ts';
import { serializeRecord } from '../../services/shared/placement/record-format.ts';
import type { TableQuotas } from '../../services/shared/placement/table-quotas.ts';
import type { AdminRequest, AdminResponse } from '../../services/shared/wire/admin.ts';
import type { RequestFrame } from '../../services/shared/wire/frames.ts';
import { FakeCluster } from './fake-cluster.ts';
import { DROP, type Sending } from './fake-transport.ts';
import { ManualTimers } from './manual-timers.ts';
import { type TestEnvironment, testEnvironment } from './test-environment.ts';

export const musicTable = PLAIN_DEFINITION;

export const CLUSTER_ID = 'cluster-of-tests';

export interface RunningAdmin {
  readonly service: AutoAdminService;
  readonly environment: TestEnvironment;
  readonly address: string;
}

/** Fake storage nodes, real auto-admins, and a router that calls them. */
export class AutoAdminWorld {
  readonly timers = new ManualTimers();
  readonly cluster: FakeCluster;
  readonly client: AutoAdminClient;
  #lives = 100;

  constructor(nodes?: readonly string[]) {
    this.cluster = nodes === undefined ? new FakeCluster(this.timers) : new FakeCluster(this.timers, nodes);
    const transport = this.cluster.network.transport('router:1', 'router-1', 1);
    this.client = new AutoAdminClient(testEnvironment(this.timers, 9), transport, ['admin-1:1', 'admin-2:1']);
  }

  /** Starts an auto-admin, in a new life when one of this name ran before. */
  start(name: string, quotas?: TableQuotas): RunningAdmin {
    this.#lives += 1;
    const address = `${name}:1`;
    const environment = testEnvironment(this.timers, this.#lives);
    const transport = this.cluster.network.transport(address, name, this.#lives);
    const service = new AutoAdminService(environment, transport, {
      name,
      seeds: this.cluster.seeds,
      clusterId: () => CLUSTER_ID,
      ...(quotas === undefined ? undefined : { quotas }),
    });
    void service.run();
    return { service, environment, address };
  }

  call(request: AdminRequest, deadlineMs = 30_000): Promise<AdminResponse> {
    return this.timers.until(this.client.call(request, deadlineMs));
  }

  create(definition: TableDefinition = musicTable, overGeneration = this.overGeneration(definition.name)): Promise<AdminResponse> {
    return this.call({ kind: 'create-table', definition: serializeRecord(definition), overGeneration });
  }

  delete(name = 'Music', tableId = 't1'): Promise<AdminResponse> {
    return this.call({ kind: 'delete-table', account: '1', region: 'r', name, tableId });
  }

  table(name = 'Music'): TableRecord | undefined {
    const entry = this.#entry(name);
    return entry?.status === 'REMOVED' ? undefined : entry;
  }

  /** What a router sees under a name that is free. */
  overGeneration(name = 'Music'): number {
    const entry = this.#entry(name);
    return entry?.status === 'REMOVED' ? entry.generation : 0;
  }

  #entry(name: string): TableRecord | RemovedTableRecord | undefined {
    return this.cluster.records().get(`table/1/r/${name}`) as TableRecord | RemovedTableRecord | undefined;
  }

  partitions(tableId = 't1'): PartitionRecord[] {
    const found = [...this.cluster.records()].filter(([key]) => key.startsWith(`partition/${tableId}/`));
    return found.map(([, record]) => record as unknown as PartitionRecord).sort((a, b) => a.partitionId - b.partitionId);
  }

  untilStatus(status: string | undefined, name = 'Music'): Promise<void> {
    return this.timers.untilTrue(() => this.table(name)?.status === status, 120_000);
  }

  /** Silences the process before its n-th effect on the world: a request within a frame, or a call. Counts them all. */
  crashBefore(address: string, effect: number): { readonly count: () => number } {
    let count = 0;
    this.cluster.network.onSend = (sending: Sending) => {
      if (sending.from !== address || sending.kind === 'watch') return undefined;
      const effects = sending.kind === 'call' ? 1 : (sending.content as RequestFrame).requests.length;
      const before = count;
      count += effects;
      if (before >= effect || count < effect) return undefined;
      this.cluster.network.silence(address);
      if (sending.kind === 'call') return DROP;
      return { requests: (sending.content as RequestFrame).requests.slice(0, effect - 1 - before) };
    };
    return { count: () => count };
  }

  /** Everything that must hold of a table that is ACTIVE, and of the ids that were handed out. */
  checkActive(definition: TableDefinition = musicTable, count = 4): void {
    const { status, tableId } = this.table(definition.name) ?? {};
    assert.deepEqual([status, tableId], ['ACTIVE', definition.tableId]);
    const partitions = this.partitions(definition.tableId);
    assert.equal(partitions.length, count);
    for (const [at, partition] of partitions.entries()) {
      assert.equal(partition.low, partitions[at - 1]?.high ?? '');
      assert.equal(new Set(partition.replicas.map(({ az }) => az)).size, 3);
      assert.notEqual(this.cluster.group(partition.group).leader, undefined);
      for (const { node, replica } of partition.replicas) {
        assert.equal(this.cluster.node(node).replicas.get(partition.group)?.replica, replica);
      }
    }
    assert.equal(partitions.at(-1)?.high, '');
  }

  /** No two partitions share a group, no two replicas an id, all are below the counters, and nodes hold nothing else. */
  checkIds(): void {
    const partitions = [...this.cluster.records()]
      .filter(([key]) => key.startsWith('partition/'))
      .map(([, record]) => record as unknown as PartitionRecord);
    const groups = partitions.map(({ group }) => group);
    const replicas = partitions.flatMap((partition) => partition.replicas.map(({ replica }) => replica));
    const counters = this.cluster.records().get('counters') as { nextGroup?: number; nextReplica?: number } | undefined;
    assert.equal(new Set(groups).size, groups.length);
    assert.equal(new Set(replicas).size, replicas.length);
    assert.ok(groups.every((group) => group > 1 && group < (counters?.nextGroup ?? 0)));
    assert.ok(replicas.every((replica) => replica < (counters?.nextReplica ?? 0)));
    const held = [...this.cluster.nodes.values()].flatMap((node) => [...node.replicas.values()].map(({ replica }) => replica));
    assert.deepEqual(held.sort(), replicas.sort());
  }
}
