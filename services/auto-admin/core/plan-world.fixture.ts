import assert from 'node:assert/strict';
import { INDEX_REBUILD_PAUSE_MS } from '../../shared/limits/auto-admin-limits.ts';
import { nodeKey, partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import { type RebuildPace, withBegunIndexes, withoutLostIndexes } from '../../shared/placement/rebuilt-index.ts';
import { type CatalogRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import { placedIndexes, settledTable } from '../../shared/placement/settled-table.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import { PLAIN_TABLE } from '../../shared/placement/table-record.fixture.ts';
import { ObservedKnowledge } from './knowledge.ts';
import { planNextSteps, unfinishedTables } from './planner.ts';
import type { Step } from './steps.ts';

export const TABLE_KEY = tableKey('1', 'r', 'Music');
/** A table on demand whose record is new. */
export const TABLE: TableRecord = {
  ...PLAIN_TABLE,
  status: 'CREATING',
  settingsVersion: 1,
};

export function index(name: string, more: Partial<GlobalIndex>): GlobalIndex {
  const keys = { partition: [{ name: 'a', type: 'S' as const }], sort: [] };
  return { name, indexId: `index-${name}`, keys, projection: { kind: 'all' }, status: 'CREATING', ...more };
}

/** Carries out plans against a catalog and nodes that do all they are told, and looks at the order of things. */
export class PlanWorld {
  readonly view = new CatalogView();
  readonly knowledge = new ObservedKnowledge();
  readonly #keys = new Map<PartitionRecord['group'], string>();
  /** What the nodes hold. */
  readonly replicas = new Map<number, PartitionRecord>();
  /** Index ids that the leader of a group was told of. */
  readonly told = new Map<number, readonly string[]>();
  /** Times that a group was asked how far it is. */
  readonly asked = new Map<number, number>();
  readonly done: string[] = [];
  /** Wall clock. */
  nowMs = 1_000_000;

  constructor() {
    for (const az of ['a', 'b', 'c']) {
      this.set(nodeKey(`node-${az}`), { node: `node-${az}`, az, address: `host-${az}:1`, incarnation: 1, generation: 1 });
    }
  }

  set(key: string, record: CatalogRecord): void {
    const malformed = (key: string, error: Error): void => assert.fail(`${key}: ${error.message}`);
    this.view.apply(this.view.slot + 1, [{ key, value: serializeRecord(record) }], malformed);
  }

  get pace(): RebuildPace {
    return { nowMs: this.nowMs, pauseMs: INDEX_REBUILD_PAUSE_MS };
  }

  get table(): TableRecord | undefined {
    return this.view.tableById('t1');
  }

  /** Until nothing is left to do; `forget` says before which round all that is known of nodes is forgotten. */
  finish(forget: (round: number) => boolean): void {
    for (let round = 0; ; round++) {
      assert.ok(round < 200, 'the plans come to no end');
      if (forget(round)) this.knowledge.forgetAll();
      const [id] = unfinishedTables(this.view, this.knowledge, this.pace);
      if (id === undefined) return;
      const plan = planNextSteps(this.view, id, this.knowledge, this.pace);
      assert.equal(plan.blocked, undefined);
      assert.ok(plan.steps.length > 0, `nothing is done about ${id}`);
      for (const step of plan.steps) this.#carryOut(step);
    }
  }

  #carryOut(step: Step): void {
    if (this.done.at(-1) !== step.kind) this.done.push(step.kind);
    switch (step.kind) {
      case 'place-table':
        this.set('counters', step.counters);
        for (const partition of step.partitions) this.#setPartition(partition);
        return;
      case 'create-replica':
        assert.equal(step.late, this.table?.status === 'ACTIVE');
        this.replicas.set(step.replica.replica, step.partition);
        this.knowledge.created.add(step.replica.replica);
        return;
      case 'observe-node':
        for (const { group, replicas } of this.replicas.values()) {
          if (replicas.filter(({ replica }) => this.replicas.has(replica)).length >= 2) this.knowledge.led.add(group);
        }
        return;
      case 'apply-settings':
      case 'follow-indexes':
        return this.#tell(step);
      case 'give-up-indexes':
        return this.set(TABLE_KEY, withoutLostIndexes(step.table, [...step.lost.keys()], this.nowMs));
      case 'begin-indexes':
        // What the partitions of the table are asked for from now on is about another backfill.
        this.asked.clear();
        return this.set(TABLE_KEY, withBegunIndexes(step.table, step.indexIds));
      case 'mark-placed':
        return this.set(TABLE_KEY, placedIndexes(step.table, step.indexIds, step.incomplete));
      case 'activate-table':
        return this.#activate(step.table, step.incomplete);
      case 'delete-replica':
        this.#deletes(step.partition);
        this.replicas.delete(step.replica.replica);
        this.knowledge.destroyed.add(step.replica.replica);
        return;
      case 'retire-partition':
        return this.#setPartition({ ...step.partition, generation: step.partition.generation + 1, retired: true });
      case 'delete-partition':
        assert.ok(!step.partition.replicas.some(({ replica }) => this.replicas.has(replica)));
        this.view.apply(this.view.slot + 1, [{ key: this.#keys.get(step.partition.group) ?? '' }], assert.fail);
        return;
      case 'delete-table':
        return this.view.apply(this.view.slot + 1, [{ key: TABLE_KEY }], assert.fail);
    }
  }

  #setPartition(partition: PartitionRecord): void {
    const key = partitionKey(partition.tableId, partition.partitionId);
    this.#keys.set(partition.group, key);
    this.set(key, partition);
  }

  #tell({ partition: { group, tableId }, settings }: Step & { kind: 'apply-settings' | 'follow-indexes' }): void {
    assert.equal(tableId, 't1', 'only partitions of the table have settings');
    for (const { indexId } of settings.globalIndexes) {
      const partitions = this.view.partitions(indexId);
      const led = partitions.every(({ record }) => record.replicas.filter(({ replica }) => this.replicas.has(replica)).length >= 2);
      assert.ok(partitions.length > 0 && led, 'a partition was told of an index that has no leaders');
    }
    const asked = (this.asked.get(group) ?? 0) + 1;
    this.asked.set(group, asked);
    const indexIds = settings.globalIndexes.map(({ indexId }) => indexId);
    this.told.set(group, indexIds);
    this.knowledge.settings.set(group, settings.version);
    // A backfill takes its time: it is found done at the third look.
    this.knowledge.built.set(group, new Set(asked >= 3 ? indexIds : []));
  }

  #activate(table: TableRecord, incomplete: boolean): void {
    for (const { status, backfilling, waiting, indexId, former = [] } of table.globalIndexes ?? []) {
      for (const id of status === 'DELETING' ? [indexId, ...former] : former)
        assert.ok(this.view.partitions(id).every(({ record }) => record.retired === true));
      if (backfilling !== true || waiting === true) continue;
      for (const { record } of this.view.partitions('t1')) assert.ok((this.asked.get(record.group) ?? 0) >= 3, 'a backfill was cut short');
    }
    this.set(TABLE_KEY, settledTable(table, incomplete));
  }

  #deletes({ tableId }: PartitionRecord): void {
    if (tableId === 't1') return;
    const { status, globalIndexes = [] } = this.table ?? {};
    if (status === undefined || status === 'DELETING') return;
    const stays = globalIndexes.some(({ indexId, status: each }) => indexId === tableId && each !== 'DELETING');
    assert.ok(!stays, 'a replica of an index that stays is destroyed');
    for (const { record } of this.view.partitions('t1')) assert.ok(!this.told.get(record.group)?.includes(tableId), 'it is still sent to');
  }
}

/** All that is known is forgotten before one round, or never. */
export const LIVES = [
  (): boolean => false,
  ...Array.from(
    { length: 14 },
    (_, at) =>
      (round: number): boolean =>
        round === at,
  ),
];
