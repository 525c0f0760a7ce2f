import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNREACHABLE_PROBE_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { PartitionRecord } from '../../shared/placement/catalog-records.ts';
import { NodeProbes } from './node-probes.ts';
import type { Step } from './steps.ts';

/** The partition has one replica on each of the nodes. */
function deletions(group: number, ...nodes: string[]): Step[] {
  const replicas = nodes.map((node, at) => ({ replica: 10 * group + at, node, az: node }));
  const bounds = { epoch: 1, low: '', high: '', configuration: 1 };
  const partition: PartitionRecord = { tableId: 'gone', partitionId: 0, group, generation: 1, ...bounds, replicas, retired: true };
  return replicas.map((replica) => ({ kind: 'delete-replica', partition, replica, address: `${replica.node}:1` }));
}

const nodesOf = (steps: readonly Step[]): string[] => steps.map((step) => (step.kind === 'delete-replica' ? step.replica.node : step.kind));

test('a node that cannot be reached is probed once at a time, by whichever table comes first; another one is none of its business', () => {
  const probes = new NodeProbes();
  const knowledge = { unreachable: new Set(['a', 'b']) };
  assert.deepEqual(nodesOf(probes.take([...deletions(5, 'a', 'c'), ...deletions(6, 'a')], knowledge, 0)), ['a']);
  assert.deepEqual(nodesOf(probes.take(deletions(7, 'a', 'b', 'c'), knowledge, 1)), ['b']);
  assert.deepEqual(probes.take(deletions(5, 'a', 'b'), knowledge, UNREACHABLE_PROBE_MS - 1), []);
  assert.deepEqual(nodesOf(probes.take(deletions(8, 'a', 'b'), knowledge, UNREACHABLE_PROBE_MS)), ['a']);
  knowledge.unreachable.clear();
  assert.deepEqual(probes.take(deletions(8, 'a', 'b'), knowledge, 10 * UNREACHABLE_PROBE_MS), []);
});

test('the call that found a node out counts as a probe of it', () => {
  const probes = new NodeProbes();
  const [call] = deletions(5, 'a');
  assert.ok(call !== undefined);
  probes.begins(call, 0);
  const knowledge = { unreachable: new Set(['a']) };
  assert.deepEqual(probes.take(deletions(6, 'a'), knowledge, 1), []);
  assert.deepEqual(nodesOf(probes.take(deletions(6, 'a'), knowledge, UNREACHABLE_PROBE_MS)), ['a']);
});

test('only what calls a node to destroy something is a probe', () => {
  const [deletion] = deletions(5, 'a');
  assert.ok(deletion?.kind === 'delete-replica');
  const others: Step[] = [
    { kind: 'delete-partition', partition: deletion.partition },
    { kind: 'observe-node', node: 'a', address: 'a:1' },
  ];
  assert.deepEqual(new NodeProbes().take(others, { unreachable: new Set(['a']) }, 0), []);
});
