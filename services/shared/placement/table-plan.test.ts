import { PLAIN_DEFINITION } from './table-record.fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NodeRecord, TableDefinition } from './catalog-records.ts';
import { parsePartitionRecord, serializeRecord } from './record-format.ts';
import { partitionCount, planTable, type TablePlan, type TablePlanInput } from './table-plan.ts';

const onDemand = PLAIN_DEFINITION;

function provisioned(readUnits: number, writeUnits: number): TableDefinition {
  return { ...onDemand, billingMode: 'PROVISIONED', throughput: { readUnits, writeUnits } };
}

function nodes(...names: readonly string[]): NodeRecord[] {
  return names.map((name) => ({ node: name, az: name[0] as string, address: `${name}:1`, incarnation: 1, generation: 1 }));
}

function plan(input: Partial<TablePlanInput>): TablePlan {
  const made = planTable({ definition: onDemand, nodes: nodes('a1', 'b1', 'c1'), counters: undefined, present: [], others: [], ...input });
  if ('refused' in made) throw new Error(made.refused);
  return made;
}

test('the number of partitions follows billing mode and throughput', () => {
  assert.equal(partitionCount(onDemand), 4);
  assert.equal(partitionCount(provisioned(1, 1)), 1);
  assert.equal(partitionCount(provisioned(3000, 1000)), 1);
  assert.equal(partitionCount(provisioned(3001, 1000)), 2);
  assert.equal(partitionCount(provisioned(1, 2500)), 3);
});

test('a table on demand over three nodes: four equal ranges, three AZs each, every node leads', () => {
  const { partitions, counters } = plan({});
  assert.deepEqual(
    partitions.map(({ low, high }) => [low, high]),
    [
      ['', '4000000000000000'],
      ['4000000000000000', '8000000000000000'],
      ['8000000000000000', 'c000000000000000'],
      ['c000000000000000', ''],
    ],
  );
  assert.deepEqual(
    partitions.map(({ group }) => group),
    [2, 3, 4, 5],
  );
  assert.deepEqual(
    partitions.flatMap(({ replicas }) => replicas.map(({ replica }) => replica)),
    Array.from({ length: 12 }, (_, at) => 100 + at),
  );
  assert.deepEqual(counters, { nextGroup: 6, nextReplica: 112, generation: 1 });
  assert.deepEqual([...new Set(partitions.map(({ replicas }) => replicas[0]?.node))].sort(), ['a1', 'b1', 'c1']);
});

test('successors are spread too, so that a dead leader is not followed by one node alone', () => {
  const { partitions } = plan({ definition: provisioned(3000 * 12, 1) });
  const successors = partitions.filter(({ replicas }) => replicas[0]?.node === 'a1').map(({ replicas }) => replicas[1]?.node);
  assert.deepEqual([...new Set(successors)].sort(), ['b1', 'c1']);
});

test('leaders of a next table start where the last one stopped', () => {
  const first = plan({});
  const second = plan({ definition: { ...provisioned(1, 1), tableId: 't2' }, counters: first.counters, others: first.partitions });
  assert.equal(first.partitions.filter(({ replicas }) => replicas[0]?.node === 'a1').length, 2);
  assert.notEqual(second.partitions[0]?.replicas[0]?.node, 'a1');
});

test('fewer than three AZs with a node are refused, saying which there are', () => {
  for (const [known, pattern] of [
    [nodes(), /0 \(none\)/],
    [nodes('a1', 'b1', 'a2'), /2 \(a, b\)/],
  ] as const) {
    const made = planTable({ definition: onDemand, nodes: known, counters: undefined, present: [], others: [] });
    assert.ok('refused' in made);
    assert.match(made.refused, pattern);
  }
});

test('more partitions than one creation may make, and ids that ran out, are refused', () => {
  const all = nodes('a1', 'b1', 'c1');
  const tooMany = planTable({ definition: provisioned(3000 * 5000, 1), nodes: all, counters: undefined, present: [], others: [] });
  assert.ok('refused' in tooMany && /5000 partitions/.test(tooMany.refused));
  const counters = { nextGroup: 2 ** 32 - 3, nextReplica: 100, generation: 9 };
  const usedUp = planTable({ definition: onDemand, nodes: all, counters, present: [], others: [] });
  assert.ok('refused' in usedUp && /used up/.test(usedUp.refused));
});

test('an attempt that was cut short is completed: the same ranges, new ids for what is missing only', () => {
  const whole = plan({});
  const present = [whole.partitions[1], whole.partitions[3]].filter((partition) => partition !== undefined);
  const rest = plan({ counters: whole.counters, present });
  assert.deepEqual(
    rest.partitions.map(({ partitionId, low, high, group }) => [partitionId, low, high, group]),
    [
      [0, '', '4000000000000000', 6],
      [2, '8000000000000000', 'c000000000000000', 7],
    ],
  );
  const leaders = [...present, ...rest.partitions].map(({ replicas }) => replicas[0]?.node);
  assert.deepEqual([...new Set(leaders)].sort(), ['a1', 'b1', 'c1']);
});

test('any cluster: ranges cover everything, AZs differ, loads stay level, records are valid', () => {
  const zone = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(fc.tuple(zone, zone, zone), fc.integer({ min: 1, max: 40 }), ([inA, inB, inC], count) => {
      const names = [inA, inB, inC].flatMap((size, at) => Array.from({ length: size }, (_, number) => `${'abc'[at]}${number}`));
      const { partitions } = plan({ definition: provisioned(3000 * count, 1), nodes: nodes(...names) });
      assert.equal(partitions.length, count);
      const held = new Map<string, number>();
      partitions.forEach((partition, at) => {
        assert.equal(partition.low, partitions[at - 1]?.high ?? '');
        assert.equal(new Set(partition.replicas.map(({ az }) => az)).size, 3);
        assert.deepEqual(parsePartitionRecord(serializeRecord(partition)), partition);
        for (const { node } of partition.replicas) held.set(node, (held.get(node) ?? 0) + 1);
      });
      assert.equal(partitions.at(-1)?.high, '');
      const leads = names.map((name) => partitions.filter(({ replicas }) => replicas[0]?.node === name).length);
      if (inA === inB && inB === inC && count >= names.length)
        assert.ok(
          leads.every((number) => number >= 1),
          `leads ${leads}`,
        );
      for (const az of 'abc') {
        const inZone = names.filter((name) => name.startsWith(az)).map((name) => held.get(name) ?? 0);
        assert.ok(Math.max(...inZone) - Math.min(...inZone) <= 1);
      }
    }),
  );
});
