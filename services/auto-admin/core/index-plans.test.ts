import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeKey, partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import { type CatalogRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import { placedIndexes, settledTable } from '../../shared/placement/settled-table.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import { ObservedKnowledge } from './knowledge.ts';
import { allPartitions, planNextSteps, unfinishedTables } from './planner.ts';
import type { Step } from './steps.ts';

const TABLE_KEY = tableKey('1', 'r', 'Music');
const TABLE: TableRecord = {
  account: '1',
  region: 'r',
  name: 'Music',
  tableId: 't1',
  keys: { partition: { name: 'id', type: 'S' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
  generation: 7,
  status: 'CREATING',
  settingsVersion: 1,
};

function index(name: string, more: Partial<GlobalIndex>): GlobalIndex {
  const keys = { partition: [{ name: 'a', type: 'S' as const }], sort: [] };
  return { name, indexId: `index-${name}`, keys, projection: { kind: 'all' }, status: 'CREATING', ...more };
}

/** Carries out plans against a catalog and nodes that do all they are told, and looks at the order of things. */
class World {
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

  constructor() {
    for (const az of ['a', 'b', 'c']) {
      this.set(nodeKey(`node-${az}`), { node: `node-${az}`, az, address: `host-${az}:1`, incarnation: 1, generation: 1 });
    }
  }

  set(key: string, record: CatalogRecord): void {
    const malformed = (key: string, error: Error): void => assert.fail(`${key}: ${error.message}`);
    this.view.apply(this.view.slot + 1, [{ key, value: serializeRecord(record) }], malformed);
  }

  get table(): TableRecord | undefined {
    return this.view.tableById('t1');
  }

  /** Until nothing is left to do; `forget` says before which round all that is known of nodes is forgotten. */
  finish(forget: (round: number) => boolean): void {
    for (let round = 0; [...this.view.tables()].length > 0 || this.replicas.size > 0; round++) {
      assert.ok(round < 200, 'the plans come to no end');
      if (forget(round)) this.knowledge.forgetAll();
      const [id] = unfinishedTables(this.view);
      if (id === undefined) return;
      const plan = planNextSteps(this.view, id, this.knowledge);
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
    for (const { status, backfilling, indexId } of table.globalIndexes ?? []) {
      if (status === 'DELETING') assert.ok(this.view.partitions(indexId).every(({ record }) => record.retired === true));
      if (backfilling !== true) continue;
      for (const { record } of this.view.partitions('t1')) assert.ok((this.asked.get(record.group) ?? 0) >= 3, 'a backfill was cut short');
    }
    this.set(TABLE_KEY, settledTable(table, incomplete));
  }

  #deletes({ tableId }: PartitionRecord): void {
    if (tableId === 't1') return;
    const { status, globalIndexes = [] } = this.table ?? {};
    if (status === undefined || status === 'DELETING') return;
    assert.equal(globalIndexes.find(({ indexId }) => indexId === tableId)?.status, 'DELETING');
    for (const { record } of this.view.partitions('t1')) assert.ok(!this.told.get(record.group)?.includes(tableId), 'it is still sent to');
  }
}

/** All that is known is forgotten before one round, or never. */
const LIVES = [
  (): boolean => false,
  ...Array.from(
    { length: 14 },
    (_, at) =>
      (round: number): boolean =>
        round === at,
  ),
];

test('an index comes with its table, another later, one goes, and then all go, whatever is forgotten on the way', () => {
  for (const forget of LIVES) {
    const world = new World();
    world.set(TABLE_KEY, { ...TABLE, globalIndexes: [index('x', {}), index('y', {})] });
    world.finish(forget);
    const created = world.table;
    assert.deepEqual(
      created?.globalIndexes?.map(({ status }) => status),
      ['ACTIVE', 'ACTIVE'],
    );
    assert.equal(allPartitions(world.view, created).length, 12);
    assert.equal(world.replicas.size, 36);

    const added = [...(created.globalIndexes ?? []), index('z', { backfilling: true })];
    world.asked.clear();
    world.set(TABLE_KEY, { ...created, status: 'UPDATING', settingsVersion: 2, globalIndexes: added });
    world.finish(forget);
    assert.deepEqual(world.table?.globalIndexes?.at(-1), index('z', { status: 'ACTIVE' }));
    assert.deepEqual([world.table?.status, world.table?.settledVersion, world.replicas.size], ['ACTIVE', 2, 48]);

    const going = (world.table?.globalIndexes ?? []).map((each) => (each.name === 'x' ? { ...each, status: 'DELETING' as const } : each));
    world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 3, globalIndexes: going });
    world.finish(forget);
    assert.deepEqual(
      world.table?.globalIndexes?.map(({ name }) => name),
      ['y', 'z'],
    );
    assert.equal(world.view.partitions('index-x').length, 0);
    assert.deepEqual([world.table?.status, world.replicas.size], ['ACTIVE', 36]);

    world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'DELETING' });
    world.finish(forget);
    assert.equal(world.table, undefined);
    assert.deepEqual([world.replicas.size, [...world.view.tableIdsWithPartitions()].length], [0, 0]);
  }
});

test('a new index is placed, led, known to be, told, and only then ACTIVE', () => {
  const world = new World();
  world.set(TABLE_KEY, TABLE);
  world.finish(() => false);
  world.done.length = 0;
  world.asked.clear();
  const globalIndexes = [index('x', { backfilling: true, throughput: { readUnits: 1, writeUnits: 1 } })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes });
  world.finish(() => false);
  assert.deepEqual(world.done, [
    'place-table',
    'create-replica',
    'observe-node',
    'mark-placed',
    'apply-settings',
    'follow-indexes',
    'activate-table',
  ]);
});

test('an index that is placed is not made again as new, whatever is forgotten', () => {
  const world = new World();
  world.set(TABLE_KEY, TABLE);
  world.finish(() => false);
  const globalIndexes = [index('x', { backfilling: true })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes });
  let isForgotten = false;
  world.finish(() => {
    const forgets = !isForgotten && world.table?.globalIndexes?.[0]?.placed === true;
    if (forgets) isForgotten = true;
    return forgets;
  });
  assert.ok(isForgotten);
  assert.ok(world.done.lastIndexOf('create-replica') < world.done.lastIndexOf('mark-placed'));
});

test('what a node that was down still holds of an index that is gone goes when it is back', () => {
  const world = new World();
  world.set(TABLE_KEY, { ...TABLE, globalIndexes: [index('x', {})] });
  world.finish(() => false);
  const going = [index('x', { status: 'DELETING' })];
  world.set(TABLE_KEY, { ...(world.table ?? TABLE), status: 'UPDATING', settingsVersion: 2, globalIndexes: going });
  const { steps } = planNextSteps(world.view, 't1', world.knowledge);
  assert.ok(steps.every(({ kind }) => kind === 'apply-settings'));
  for (const { record } of world.view.partitions('t1')) world.knowledge.settings.set(record.group, 2);
  for (const { record } of world.view.partitions('index-x')) {
    for (const { replica } of record.replicas.slice(0, 2)) world.knowledge.destroyed.add(replica);
  }
  const retirements = planNextSteps(world.view, 't1', world.knowledge).steps;
  assert.ok(retirements.length === 4 && retirements.every(({ kind }) => kind === 'retire-partition'));
  for (const { record } of world.view.partitions('index-x'))
    world.set(partitionKey('index-x', record.partitionId), { ...record, generation: 2, retired: true });
  const [activation] = planNextSteps(world.view, 't1', world.knowledge).steps;
  assert.ok(activation?.kind === 'activate-table');
  world.set(TABLE_KEY, settledTable(activation.table, false));
  assert.deepEqual([...unfinishedTables(world.view)], ['index-x']);
  assert.ok(planNextSteps(world.view, 'index-x', world.knowledge).steps.every(({ kind }) => kind === 'delete-replica'));
});
