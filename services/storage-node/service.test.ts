import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { FakeNetwork } from '../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../test/harness/manual-timers.ts';
import { MemoryMarkFile } from '../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../test/harness/memory-store.ts';
import { TestMetrics } from '../../test/harness/node-process.ts';
import { nodeDigest, testEnvironment } from '../../test/harness/test-environment.ts';
import { CATALOG_GROUP } from '../shared/base/ids.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../shared/paxos/options.ts';
import type { AdminRequest, InitCluster, RegisterNode } from '../shared/wire/admin.ts';
import { encodeLogRecord } from '../shared/wal/log-record.ts';
import type { LogRecord } from '../shared/wal/log-record.ts';
import type { StatorTransport } from '../shared/wire/frames.ts';
import { DATA_FORMAT_VERSION, encodeNodeIdentity, WrongDataFolderError } from './core/node-identity.ts';
import {
  DEFAULT_QUEUED_BYTES_MAX,
  DEFAULT_REPLACEMENT_OPTIONS,
  DEFAULT_REQUEST_BYTES_MAX,
  DEFAULT_REQUESTS_MAX,
  DEFAULT_SCRUB_OPTIONS,
  DEFAULT_STATE_HASH_OPTIONS,
} from './core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from './groups/checkpoint-scheduler.ts';
import type { DiskSpace, NodeDisk } from './groups/node-disk.ts';
import { StorageNode } from './service.ts';

const CLUSTER = 'test';
const ADMIN = 'auto-admin:1';
const NO_OP: LogRecord = {
  type: 'no-op',
  timeMs: 1,
  change: 'none',
  identity: { kind: 'service', name: '' },
  oldSize: 0,
  key: new Uint8Array(0),
  payload: new Uint8Array(0),
};

let timers: ManualTimers;
let network: FakeNetwork;
let operator: StatorTransport;
/** What the auto-admin was told. */
let registered: RegisterNode[];

class MemoryDisk implements NodeDisk {
  identity: Uint8Array | undefined;
  readonly #wal = new MemoryStore();
  readonly #tree = new MemoryStore();
  readonly #mark = new MemoryMarkFile();

  readIdentity(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.identity);
  }

  writeIdentity(bytes: Uint8Array): Promise<void> {
    this.identity = bytes;
    return Promise.resolve();
  }

  openWal() {
    return Promise.resolve({ store: this.#wal, mark: this.#mark, damage: undefined });
  }

  openTree(): Promise<{ store: MemoryStore; setAside: undefined }> {
    return Promise.resolve({ store: this.#tree, setAside: undefined });
  }

  noteTreeDamage(reason: string): Promise<void> {
    return Promise.reject(new Error(reason));
  }

  async removeSetAside(): Promise<void> {}

  space(): Promise<DiskSpace> {
    return Promise.resolve({ sizeBytes: 1 << 30, freeBytes: 1 << 30 });
  }
}

interface RunningNode {
  readonly name: string;
  readonly service: StorageNode;
  readonly clusters: string[];
  readonly metric: (name: string) => number;
}

interface Given {
  readonly clusterId?: string;
  readonly disk?: MemoryDisk;
}

async function start(name: string, az: string, seeds: readonly string[], { clusterId, disk }: Given = {}): Promise<RunningNode> {
  const metrics = new TestMetrics();
  const environment = { ...testEnvironment(timers, registered.length + 1), metrics };
  const transport = network.transport(`${name}:1`, name, name.charCodeAt(5));
  const clusters: string[] = [];
  const options = {
    node: name,
    clusterId,
    az,
    region: 'local',
    advertise: `${name}:1`,
    autoAdmins: [ADMIN],
    seeds,
    pageCacheBytesMax: 1 << 20,
    paxos: DEFAULT_PAXOS_OPTIONS,
    checkpoints: DEFAULT_CHECKPOINT_OPTIONS,
    stateHashes: DEFAULT_STATE_HASH_OPTIONS,
    scrub: DEFAULT_SCRUB_OPTIONS,
    replacement: DEFAULT_REPLACEMENT_OPTIONS,
    requestsMax: DEFAULT_REQUESTS_MAX,
    requestBytesMax: DEFAULT_REQUEST_BYTES_MAX,
    queuedBytesMax: DEFAULT_QUEUED_BYTES_MAX,
  };
  const onCluster = (id: string): void => void clusters.push(id);
  const service = new StorageNode({ environment, transport, disk: disk ?? new MemoryDisk(), options, incarnation: 1, onCluster });
  await service.run();
  return { name, service, clusters, metric: (metric) => metrics.read(`stator_storage_node_${metric}`) };
}

function call(node: RunningNode, request: AdminRequest) {
  return timers.until(operator.call(`${node.name}:1`, request, 1000));
}

function initRequest(nodes: readonly string[], firstReplica = 1): InitCluster {
  const members = nodes.map((node, at) => ({ replica: firstReplica + at, node, az: node.slice(-1) }));
  return { kind: 'init-cluster', clusterId: CLUSTER, members, addresses: nodes.map((node) => ({ node, address: `${node}:1` })) };
}

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  registered = [];
  operator = network.transport('operator:1', 'operator', 1);
  void network.transport(ADMIN, 'auto-admin', 1).listen({
    admin: (request) => {
      if (request.kind === 'register-node') registered.push(request);
      return Promise.resolve({ kind: 'done' });
    },
  });
});

describe('a seed', () => {
  it('takes part in the cluster though the first attempt to form it failed half-way', async () => {
    const node = await start('node-a', 'a', []);
    // No replica has such an id: the node is open by then, and the catalog cannot be created.
    await assert.rejects(call(node, initRequest(['node-a'], 2 ** 32)));
    assert.match(node.service.notReady() ?? '', /no cluster yet/);
    await call(node, initRequest(['node-a']));
    await timers.advance(5000);
    const catalog = node.service.groups?.group(CATALOG_GROUP);
    assert.equal(catalog?.paxos.serves, true);
    assert.deepEqual(
      registered.map(({ node: name }) => name),
      ['node-a'],
    );
    assert.equal(node.service.notReady(), undefined);
    await call(node, initRequest(['node-a']));
    await timers.advance(1000);
    assert.equal(registered.length, 1, 'started twice');
  });

  it('belongs to no other cluster than the one that it was started for', async () => {
    const disk = new MemoryDisk();
    const node = await start('node-a', 'a', [], { clusterId: 'another', disk });
    await assert.rejects(call(node, initRequest(['node-a'])), /belongs to cluster another/);
    assert.deepEqual([node.clusters, disk.identity], [[], undefined], 'nothing was done');
    disk.identity = encodeNodeIdentity({ formatVersion: DATA_FORMAT_VERSION, clusterId: CLUSTER, node: 'node-b', addresses: {} });
    await assert.rejects(start('node-b', 'b', [], { clusterId: 'another', disk }), WrongDataFolderError);
  });
});

describe('readiness', () => {
  it('ends some lease times after the quorum, and comes back with it', async () => {
    const nodes = [await start('node-a', 'a', []), await start('node-b', 'b', []), await start('node-c', 'c', [])];
    for (const node of nodes) await call(node, initRequest(nodes.map(({ name }) => name)));
    await timers.advance(5000);
    const reasons = (): (string | undefined)[] => nodes.map(({ service }) => service.notReady());
    assert.deepEqual(reasons(), [undefined, undefined, undefined]);
    // The followers know the leader as theirs for ever; the leader itself stops after a lease time.
    for (const { name } of nodes) network.silence(`${name}:1`);
    await timers.advance(4000);
    assert.deepEqual(reasons().slice(1), [undefined, undefined], 'a failover is no reason');
    await timers.advance(6000);
    for (const reason of reasons()) assert.match(reason ?? '', /^the catalog has no leader/);
    for (const { name } of nodes) network.unsilence(`${name}:1`);
    await timers.advance(10_000);
    assert.deepEqual(reasons(), [undefined, undefined, undefined]);
  });
});

describe('metrics', () => {
  it('count elections, records and what a follower lacks', async () => {
    const nodes = [await start('node-a', 'a', []), await start('node-b', 'b', []), await start('node-c', 'c', [])];
    const [leader, follower] = nodes as [RunningNode, RunningNode];
    for (const node of nodes) await call(node, initRequest(nodes.map(({ name }) => name)));
    await timers.advance(5000);
    assert.deepEqual(
      nodes.map(({ metric }) => [metric('elections_total'), metric('groups_led')]),
      [
        [1, 1],
        [0, 0],
        [0, 0],
      ],
    );
    const before = follower.metric('commits_total');
    assert.equal(leader.metric('replica_lag_slots'), 0);
    await nodes[2]?.service.stop();
    const paxos = leader.service.groups?.group(CATALOG_GROUP)?.paxos;
    paxos?.propose(encodeLogRecord(NO_OP, nodeDigest));
    await timers.advance(1000);
    assert.equal(follower.metric('commits_total'), before + 1);
    assert.equal(leader.metric('replica_lag_slots'), 1, 'of the node that stopped');
  });
});

describe('a node that is no seed', () => {
  it('learns the cluster from a seed, registers itself, and holds nothing', async () => {
    const seed = await start('node-a', 'a', ['node-a:1']);
    const newcomer = await start('node-d', 'd', ['gone:1', 'node-a:1']);
    await timers.advance(3000);
    assert.deepEqual([newcomer.clusters, newcomer.service.groups], [[], undefined]);
    await call(seed, initRequest(['node-a']));
    await timers.advance(8000);
    assert.deepEqual(newcomer.clusters, [CLUSTER]);
    assert.deepEqual(registered.map(({ node, az, address }) => `${node} ${az} ${address}`).sort(), [
      'node-a a node-a:1',
      'node-d d node-d:1',
    ]);
    assert.equal(newcomer.service.notReady(), undefined);
    assert.equal(newcomer.service.groups?.size, 0);
    assert.deepEqual([...(newcomer.service.groups?.links.nodes ?? [])], ['node-a'], 'it looks for its peers');
  });

  it('is stopped while it still looks for a cluster', async () => {
    const newcomer = await start('node-d', 'd', ['gone:1']);
    await timers.advance(500);
    await newcomer.service.stop();
    await timers.advance(2000);
    assert.deepEqual(newcomer.clusters, []);
  });
});
