import { PLAIN_TABLE } from '../../shared/placement/table-record.fixture.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { nodeKey, partitionKey, tableKey } from '../../shared/placement/catalog-keys.ts';
import type { PartitionRecord, TableRecord, TableStatus } from '../../shared/placement/catalog-records.ts';
import { CatalogView } from '../../shared/placement/catalog-view.ts';
import { type CatalogRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import { planTable, type TablePlan } from '../../shared/placement/table-plan.ts';
import { ObservedKnowledge } from './knowledge.ts';
import { planNextSteps, unfinishedTables } from './planner.ts';
import type { Plan, Step } from './steps.ts';

const PACE = { nowMs: 0, pauseMs: 1 };

let view: CatalogView;
let knowledge: ObservedKnowledge;

beforeEach(() => {
  view = new CatalogView();
  knowledge = new ObservedKnowledge();
  for (const az of ['a', 'b', 'c']) {
    set(nodeKey(`node-${az}`), { node: `node-${az}`, az, address: `host-${az}:1`, incarnation: 1, generation: 1 });
  }
});

function set(key: string, record: CatalogRecord): void {
  view.apply(view.slot + 1, [{ key, value: serializeRecord(record) }], (malformed, error) => assert.fail(`${malformed}: ${error.message}`));
}

function remove(key: string): void {
  view.apply(view.slot + 1, [{ key }], assert.fail);
}

function setTable(status: TableStatus): TableRecord {
  const table: TableRecord = { ...PLAIN_TABLE, status };
  set(tableKey('1', 'r', 'Music'), table);
  return table;
}

function place(table: TableRecord): readonly PartitionRecord[] {
  const plan = planTable({ definition: table, nodes: [...view.nodes()], counters: view.counters, present: [], others: [] }) as TablePlan;
  for (const partition of plan.partitions) set(partitionKey('t1', partition.partitionId), partition);
  return plan.partitions;
}

const plan = (): Plan => planNextSteps(view, 't1', knowledge, PACE);
const kinds = (): string[] => plan().steps.map(({ kind }) => kind);
const describe = (step: Step): string => ('replica' in step ? `${step.kind} ${step.replica.replica} at ${step.address}` : step.kind);

test('a table that is ACTIVE or unknown needs nothing', () => {
  assert.deepEqual(plan(), { steps: [] });
  setTable('ACTIVE');
  assert.deepEqual(plan(), { steps: [] });
});

test('creation: place, create replicas, look for leaders, activate', () => {
  const table = setTable('CREATING');
  const placing = plan().steps[0];
  assert.ok(placing?.kind === 'place-table' && placing.countersGeneration === undefined);
  assert.deepEqual([placing.partitions.length, placing.counters], [4, { nextGroup: 6, nextReplica: 112, generation: 1 }]);
  const partitions = place(table);
  assert.equal(plan().steps.length, 12);
  assert.equal(describe(plan().steps[0] as Step), 'create-replica 100 at host-a:1');
  for (const { replicas } of partitions) knowledge.created.add(replicas[0]?.replica ?? 0);
  assert.equal(plan().steps.length, 8);
  for (const { replicas } of partitions) for (const { replica } of replicas) knowledge.created.add(replica);
  assert.deepEqual(kinds(), ['observe-node', 'observe-node', 'observe-node']);
  for (const { group } of partitions) knowledge.led.add(group);
  assert.deepEqual(plan().steps, [{ kind: 'activate-table', table, incomplete: false }]);
});

test('settings of a table go to all its partitions before it is ACTIVE, and again whenever they change', () => {
  const table: TableRecord = { ...setTable('CREATING'), settingsVersion: 1 };
  set(tableKey('1', 'r', 'Music'), table);
  const partitions = place(table);
  for (const { replicas } of partitions) for (const { replica } of replicas) knowledge.created.add(replica);
  for (const { group } of partitions) knowledge.led.add(group);
  assert.deepEqual(kinds(), Array<string>(4).fill('apply-settings'));
  const [first, ...rest] = partitions.map(({ group }) => group) as [number, ...number[]];
  for (const group of rest) knowledge.settings.set(group, 1);
  const [step] = plan().steps;
  assert.ok(step?.kind === 'apply-settings' && step.partition.group === first && step.settings.version === 1);
  assert.deepEqual([...step.addresses].sort(), ['host-a:1', 'host-b:1', 'host-c:1']);
  knowledge.settings.set(first, 1);
  assert.deepEqual(kinds(), ['activate-table']);

  const changed: TableRecord = { ...table, status: 'ACTIVE', settingsVersion: 2, settledVersion: 1 };
  set(tableKey('1', 'r', 'Music'), changed);
  assert.deepEqual([...unfinishedTables(view, knowledge, PACE)], ['t1']);
  assert.deepEqual(kinds(), Array<string>(4).fill('apply-settings'));
  for (const { group } of partitions) knowledge.settings.set(group, 2);
  assert.deepEqual(kinds(), ['activate-table']);
  set(tableKey('1', 'r', 'Music'), { ...changed, settledVersion: 2 });
  assert.deepEqual(plan(), { steps: [] });
  assert.deepEqual([...unfinishedTables(view, knowledge, PACE)], []);
});

test('with a quorum of each partition a table goes on, and what is missing is made late, when its node is back', () => {
  const table = setTable('CREATING');
  const partitions = place(table);
  const missing = partitions.map(({ replicas }) => replicas[1]?.replica ?? 0);
  for (const { replicas } of partitions) {
    for (const { replica } of replicas) if (!missing.includes(replica)) knowledge.created.add(replica);
  }
  assert.ok(kinds().every((kind) => kind === 'observe-node'));
  for (const { group } of partitions) knowledge.led.add(group);
  assert.deepEqual(plan().steps, [{ kind: 'activate-table', table, incomplete: true }]);
  const active = { ...setTable('ACTIVE'), incomplete: true } as const;
  set(tableKey('1', 'r', 'Music'), active);
  assert.deepEqual(
    plan().steps.map((step) => step.kind === 'create-replica' && step.late && step.replica.replica),
    missing,
  );
  // Another process knows nothing of what is there, and asks for it again, which changes nothing.
  knowledge.forgetAll();
  assert.equal(plan().steps.length, 12);
  for (const { replicas } of partitions) for (const { replica } of replicas) knowledge.created.add(replica);
  assert.deepEqual(plan().steps, [{ kind: 'activate-table', table: active, incomplete: false }]);
});

test('a node that was not reached is given no partitions where its AZ has another one', () => {
  for (const name of ['node-a2', 'node-b2']) {
    set(nodeKey(name), { node: name, az: name.charAt(5), address: `${name}:1`, incarnation: 1, generation: 1 });
  }
  setTable('CREATING');
  for (const node of ['node-a2', 'node-b', 'node-c']) knowledge.unreachable.add(node);
  const [placing] = plan().steps;
  assert.ok(placing?.kind === 'place-table');
  const nodes = new Set(placing.partitions.flatMap(({ replicas }) => replicas.map(({ node }) => node)));
  assert.deepEqual([...nodes].sort(), ['node-a', 'node-b2', 'node-c']);
});

test('creation cut short: only what is missing is placed, over the counters as they are', () => {
  const table = setTable('CREATING');
  place(table);
  remove(partitionKey('t1', 2));
  set('counters', { nextGroup: 50, nextReplica: 500, generation: 3 });
  const placing = plan().steps[0];
  assert.ok(placing?.kind === 'place-table');
  assert.deepEqual(
    placing.partitions.map(({ partitionId, group }) => [partitionId, group]),
    [[2, 50]],
  );
  assert.deepEqual([placing.counters.generation, placing.countersGeneration], [4, 3]);
});

test('too few AZs, or a node that the catalog does not know: blocked, with the reason', () => {
  const table = setTable('CREATING');
  place(table);
  for (const node of ['node-b', 'node-a', 'node-c']) remove(nodeKey(node));
  assert.match(plan().blocked ?? '', /node-[abc]/);
  for (const at of [0, 1, 2, 3]) remove(partitionKey('t1', at));
  assert.match(plan().blocked ?? '', /3 availability zones/);
  assert.deepEqual(plan().steps, []);
});

test('deletion: replicas, then the records of partitions that have none left, then the table', () => {
  const partitions = place(setTable('ACTIVE'));
  const table = setTable('DELETING');
  assert.equal(plan().steps.length, 12);
  assert.ok(kinds().every((kind) => kind === 'delete-replica'));
  const [first] = partitions;
  for (const { replica } of first?.replicas ?? []) knowledge.destroyed.add(replica);
  assert.deepEqual(
    plan().steps.filter(({ kind }) => kind === 'delete-partition'),
    [{ kind: 'delete-partition', partition: first }],
  );
  assert.equal(plan().steps.length, 10);
  for (const { partitionId } of partitions) remove(partitionKey('t1', partitionId));
  assert.deepEqual(plan().steps, [{ kind: 'delete-table', table }]);
});

test('deletion with two nodes that are down: a table is not gone while a quorum could acknowledge a write to it', () => {
  const partitions = place(setTable('ACTIVE'));
  setTable('DELETING');
  for (const { replicas } of partitions) knowledge.destroyed.add(replicas[0]?.replica ?? 0);
  assert.deepEqual(kinds(), Array<string>(8).fill('delete-replica'));
});

test('deletion with a node that is down: the partitions are retired and the table goes; the rest goes when the node is back', () => {
  const partitions = place(setTable('ACTIVE'));
  const table = setTable('DELETING');
  for (const { replicas } of partitions) for (const { replica } of replicas.slice(0, 2)) knowledge.destroyed.add(replica);
  assert.deepEqual(kinds(), ['retire-partition', 'retire-partition', 'retire-partition', 'retire-partition']);
  for (const partition of partitions) set(partitionKey('t1', partition.partitionId), { ...partition, generation: 2, retired: true });
  assert.deepEqual(plan().steps, [{ kind: 'delete-table', table }]);
  assert.deepEqual([...unfinishedTables(view, knowledge, PACE)], ['t1']);
  remove(tableKey('1', 'r', 'Music'));
  assert.deepEqual([...unfinishedTables(view, knowledge, PACE)], ['t1']);
  assert.deepEqual(kinds(), ['delete-replica', 'delete-replica', 'delete-replica', 'delete-replica']);
  for (const { replicas } of partitions) for (const { replica } of replicas) knowledge.destroyed.add(replica);
  assert.ok(kinds().every((kind) => kind === 'delete-partition'));
});

test('partitions whose table is not in the catalog are left alone: an unreadable record must not destroy data', () => {
  place(setTable('ACTIVE'));
  remove(tableKey('1', 'r', 'Music'));
  assert.deepEqual(plan(), { steps: [] });
  assert.deepEqual([...unfinishedTables(view, knowledge, PACE)], []);
});
