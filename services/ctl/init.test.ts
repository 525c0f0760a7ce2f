import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOG_GROUP } from '../shared/base/ids.ts';
import type { AdminRequest, AdminResponse, InitCluster, ReplicaDescription } from '../shared/wire/admin.ts';
import { type ClusterToForm, initCluster, parseSeeds, type Seed } from './init.ts';
import { UserError } from './user-error.ts';

interface FakeNode {
  clusterId: string;
  last: number;
  hasCatalog: boolean;
  received: InitCluster[];
}

const SEEDS: readonly Seed[] = ['a', 'b', 'c'].map((az) => ({ az, address: `host-${az}:1` }));

const FRESH: ClusterToForm = { clusterId: 'fresh', begun: false };

/** Three nodes; those named in `formed` belong to a cluster, and their catalog's log ends at `last`. Those in `bare` have no replica of it. */
class FakeNodes {
  readonly nodes = new Map<string, FakeNode>();

  constructor(formed: Readonly<Record<string, string>> = {}, last = 0, bare = '') {
    for (const { az, address } of SEEDS) {
      const clusterId = formed[az] ?? '';
      this.nodes.set(address, { clusterId, last, hasCatalog: clusterId !== '' && !bare.includes(az), received: [] });
    }
  }

  readonly call = (address: string, request: AdminRequest): Promise<AdminResponse> => {
    const node = this.nodes.get(address);
    assert.ok(node);
    if (request.kind === 'init-cluster') {
      node.received.push(request);
      node.clusterId = request.clusterId;
      return Promise.resolve({ kind: 'done' });
    }
    assert.equal(request.kind, 'describe-node');
    const az = address.slice('host-'.length, 'host-'.length + 1);
    const replicas = node.hasCatalog ? [catalogReplica(node.last)] : [];
    return Promise.resolve({ kind: 'node-description', node: `node-${az}`, az, clusterId: node.clusterId, incarnation: 1, replicas });
  };

  received(): InitCluster[] {
    return [...this.nodes.values()].flatMap((node) => node.received);
  }
}

function catalogReplica(last: number): ReplicaDescription {
  const ballot = { configuration: 1, round: 0, replica: 1 };
  const slots = { commit: 0, applied: 0, last, trimmed: 0, checkpoint: 0, items: 0, itemBytes: 0 };
  return { group: CATALOG_GROUP, replica: 1, tableId: '', leading: false, damaged: false, ballot, ...slots };
}

test('forms a cluster over three empty nodes, all told the same', async () => {
  const nodes = new FakeNodes();
  assert.deepEqual(await initCluster(nodes.call, SEEDS, FRESH), { clusterId: 'fresh', formedNow: true });
  const received = nodes.received();
  assert.equal(received.length, 3);
  for (const request of received) assert.deepEqual(request, received[0]);
  assert.deepEqual(
    received[0]?.members.map(({ replica, node, az }) => `${replica} ${node} ${az}`),
    ['1 node-a a', '2 node-b b', '3 node-c c'],
  );
  assert.deepEqual(
    received[0]?.addresses.map(({ address }) => address),
    SEEDS.map(({ address }) => address),
  );
});

test('finds a cluster that is formed, under its own id', async () => {
  const nodes = new FakeNodes({ a: 'old', b: 'old', c: 'old' }, 7);
  assert.deepEqual(await initCluster(nodes.call, SEEDS, FRESH), { clusterId: 'old', formedNow: false });
  assert.equal(nodes.received().length, 0);
});

test('finishes an attempt that was cut off, under the id of that attempt', async () => {
  const nodes = new FakeNodes({ a: 'first' });
  assert.deepEqual(await initCluster(nodes.call, SEEDS, FRESH), { clusterId: 'first', formedNow: true });
  assert.deepEqual(new Set(nodes.received().map(({ clusterId }) => clusterId)), new Set(['first']));
});

test('ends what failed between writing down the cluster and creating the catalog, on all seeds or on some', async () => {
  for (const bare of ['abc', 'ab', 'c']) {
    const nodes = new FakeNodes({ a: 'half', b: 'half', c: 'half' }, 0, bare);
    assert.deepEqual(await initCluster(nodes.call, SEEDS, FRESH), { clusterId: 'half', formedNow: true });
    assert.deepEqual(
      nodes.received().map(({ clusterId }) => clusterId),
      ['half', 'half', 'half'],
    );
  }
  const formed = new FakeNodes({ a: 'new', b: 'new', c: 'new' });
  assert.deepEqual(await initCluster(formed.call, SEEDS, FRESH), { clusterId: 'new', formedNow: false }, 'nobody has written yet');
});

test('leaves it to the leader of a catalog in use to give a seed a new replica', async () => {
  const nodes = new FakeNodes({ a: 'old', b: 'old', c: 'old' }, 1, 'b');
  assert.deepEqual(await initCluster(nodes.call, SEEDS, FRESH), { clusterId: 'old', formedNow: false });
  assert.equal(nodes.received().length, 0);
});

test('never makes a node that lost its disk a member again', async () => {
  const nodes = new FakeNodes({ b: 'old', c: 'old' }, 1);
  await assert.rejects(initCluster(nodes.call, SEEDS, FRESH), /node-a has no data, but node-b already runs cluster old/);
  assert.equal(nodes.received().length, 0);
});

test('finishes what it began itself, though two of the seeds went on meanwhile', async () => {
  const nodes = new FakeNodes({ b: 'fresh', c: 'fresh' }, 1);
  assert.deepEqual(await initCluster(nodes.call, SEEDS, { clusterId: 'fresh', begun: true }), { clusterId: 'fresh', formedNow: true });
  const others = new FakeNodes({ b: 'old', c: 'old' }, 1);
  await assert.rejects(initCluster(others.call, SEEDS, { clusterId: 'fresh', begun: true }), /has no data/);
});

test('refuses seeds of two clusters, of too few AZs, or in another AZ than said', async () => {
  const mixed = new FakeNodes({ a: 'one', b: 'two' });
  await assert.rejects(initCluster(mixed.call, SEEDS, FRESH), /different clusters: one, two/);
  const nodes = new FakeNodes();
  await assert.rejects(initCluster(nodes.call, SEEDS.slice(1), FRESH), UserError);
  const swapped = SEEDS.map(({ address }, position) => ({ az: 'bac'[position] ?? '', address }));
  await assert.rejects(initCluster(nodes.call, swapped, FRESH), /runs in AZ a, not b/);
  assert.equal(nodes.received().length, 0);
});

test('reads seeds as they are written on the command line', () => {
  assert.deepEqual(parseSeeds('a=10.0.0.1:8003, b=[::1]:8005,c=node-c.internal:1'), [
    { az: 'a', address: '10.0.0.1:8003' },
    { az: 'b', address: '[::1]:8005' },
    { az: 'c', address: 'node-c.internal:1' },
  ]);
  for (const wrong of ['', 'a', 'a=', 'a=host', '=host:1', 'A=host:1', 'a=host:port']) assert.throws(() => parseSeeds(wrong), UserError);
});
