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
import { encodeGroupMeta, GroupState } from './core/group-state.ts';
import { DATA_FORMAT_VERSION, encodeNodeIdentity, WrongDataFolderError } from './core/node-identity.ts';
import {
  DEFAULT_EXPIRY_OPTIONS,
  DEFAULT_QUEUED_BYTES_MAX,
  DEFAULT_REPLACEMENT_OPTIONS,
  DEFAULT_REQUEST_BYTES_MAX,
  DEFAULT_REQUESTS_MAX,
  DEFAULT_SCRUB_OPTIONS,
  DEFAULT_LINK_OPTIONS,
  DEFAULT_STATE_HASH_OPTIONS,
  REMEMBER_REQUESTS_MS,
} from './core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from './groups/checkpoint-scheduler.ts';
import type { DiskSpace, NodeDisk } from './groups/node-disk.ts';
import { StorageNode } from './service.ts';

const CLUSTER = 'test';
const ADMIN = 'auto-admin:1';
const INCARNATION = 5;
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
  /** Syncs of the log wait while this is set. */
  hung: Promise<void> | undefined;
  /** What the scan of the log finds at the next start. */
  walDamage: string | undefined;
  /** What was said of the trees since they were opened last. */
  treesHold = false;
  #wal = new MemoryStore({ delay: async (operation) => (operation === 'sync' ? this.hung : undefined) });
  #tree = new MemoryStore();
  #mark = new MemoryMarkFile();

  /** The process ended; everything was synced. */
  reopen(): void {
    this.#wal = this.#wal.crash((unsynced) => unsynced);
    this.#tree = this.#tree.crash((unsynced) => unsynced);
    this.#mark = this.#mark.crash(true);
  }

  readIdentity(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.identity);
  }

  writeIdentity(bytes: Uint8Array): Promise<void> {
    this.identity = bytes;
    return Promise.resolve();
  }

  openWal() {
    return Promise.resolve({ store: this.#wal, mark: this.#mark, damage: this.walDamage });
  }

  openTree(): Promise<{ store: MemoryStore; setAside: undefined }> {
    this.treesHold = false;
    return Promise.resolve({ store: this.#tree, setAside: undefined });
  }

  noteTreeDamage(reason: string): Promise<void> {
    return Promise.reject(new Error(reason));
  }

  noteTreesHold(): Promise<void> {
    this.treesHold = true;
    return Promise.resolve();
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
    links: DEFAULT_LINK_OPTIONS,
    stateHashes: DEFAULT_STATE_HASH_OPTIONS,
    scrub: DEFAULT_SCRUB_OPTIONS,
    replacement: DEFAULT_REPLACEMENT_OPTIONS,
    expiry: DEFAULT_EXPIRY_OPTIONS,
    requestsMax: DEFAULT_REQUESTS_MAX,
    requestBytesMax: DEFAULT_REQUEST_BYTES_MAX,
    queuedBytesMax: DEFAULT_QUEUED_BYTES_MAX,
  };
  const onCluster = (id: string): void => void clusters.push(id);
  const service = new StorageNode({ environment, transport, disk: disk ?? new MemoryDisk(), options, incarnation: INCARNATION, onCluster });
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

describe('trees', () => {
  it('are said to hold when the node has run on with them for half a minute, and when it closed them', async () => {
    const disk = new MemoryDisk();
    const node = await start('node-a', 'a', [], { disk });
    await call(node, initRequest(['node-a']));
    await timers.advance(29_000);
    assert.equal(disk.treesHold, false);
    await timers.advance(2000);
    assert.equal(disk.treesHold, true);
    await node.service.stop();
    disk.reopen();
    const again = await start('node-a', 'a', [], { disk });
    await timers.advance(1000);
    assert.equal(disk.treesHold, false);
    await again.service.stop();
    assert.equal(disk.treesHold, true);
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

describe('a replica', () => {
  it('that was destroyed is not created again by a copy of the call that comes late', async () => {
    const nodes = [await start('node-a', 'a', []), await start('node-b', 'b', []), await start('node-c', 'c', [])];
    for (const node of nodes) await call(node, initRequest(nodes.map(({ name }) => name)));
    const [node] = nodes as [RunningNode];
    const members = nodes.map(({ name }, at) => ({ replica: 10 + at, node: name, az: name.slice(-1) }));
    const create = {
      kind: 'create-replica' as const,
      group: 5,
      replica: 10,
      tableId: 't',
      partitionId: 0,
      low: new Uint8Array(0),
      high: new Uint8Array(0),
      members,
      preferredLeader: 10,
      late: false,
    };
    await call(node, create);
    await call(node, { kind: 'delete-replica', group: 5, replica: 10 });
    await assert.rejects(call(node, create), { code: 'replica-destroyed' });
    // It had not come yet when the replica was to be destroyed.
    await call(node, { kind: 'delete-replica', group: 6, replica: 20 });
    await assert.rejects(call(node, { ...create, group: 6, replica: 20 }), { code: 'replica-destroyed' });
    assert.deepEqual(
      [...(node.service.groups?.all ?? [])].map(({ id }) => id),
      [CATALOG_GROUP],
    );
  });
});

describe('a node that stops', () => {
  const member = (group: number): AdminRequest => ({
    kind: 'create-replica',
    group,
    replica: group,
    tableId: 't',
    partitionId: 0,
    low: new Uint8Array(0),
    high: new Uint8Array(0),
    members: [{ replica: group, node: 'node-a', az: 'a' }],
    preferredLeader: group,
    late: false,
  });

  it('ends the call that it carries out before its log closes, and refuses those that wait behind it', async () => {
    const disk = new MemoryDisk();
    const node = await start('node-a', 'a', [], { disk });
    await call(node, initRequest(['node-a']));
    await timers.advance(5000);
    await call(node, member(5));
    let release = (): void => undefined;
    disk.hung = new Promise((resolve) => {
      release = resolve;
    });
    const first = operator.call('node-a:1', { kind: 'delete-replica', group: 5, replica: 5 }, 10_000);
    const refused = [member(6), { kind: 'delete-replica' as const, group: CATALOG_GROUP, replica: 1 }].map((request) =>
      assert.rejects(operator.call('node-a:1', request, 10_000), { code: 'stopping' }),
    );
    await timers.advance(10);
    let stopped = false;
    const stop = node.service.stop().then(() => {
      stopped = true;
    });
    const late = assert.rejects(operator.call('node-a:1', member(7), 10_000), { code: 'stopping' });
    const formed = assert.rejects(operator.call('node-a:1', initRequest(['node-a']), 10_000), { code: 'stopping' });
    await timers.advance(100);
    await formed;
    assert.equal(stopped, false, 'what was begun waits for the disk');
    disk.hung = undefined;
    release();
    assert.deepEqual(await timers.until(first), { kind: 'done' });
    await timers.until(Promise.all([...refused, late, stop]));
    disk.reopen();
    const again = await start('node-a', 'a', [], { disk });
    assert.deepEqual(
      [...(again.service.groups?.all ?? [])].map(({ id }) => id),
      [CATALOG_GROUP],
    );
  });
});

describe('consensus', () => {
  it('is led by another node when the disk of its leader hangs', async () => {
    const disks = [new MemoryDisk(), new MemoryDisk(), new MemoryDisk()] as const;
    const nodes = [
      await start('node-a', 'a', [], { disk: disks[0] }),
      await start('node-b', 'b', [], { disk: disks[1] }),
      await start('node-c', 'c', [], { disk: disks[2] }),
    ];
    for (const node of nodes) await call(node, initRequest(nodes.map(({ name }) => name)));
    await timers.advance(5000);
    const leading = (): string[] =>
      nodes.filter(({ service }) => service.groups?.group(CATALOG_GROUP)?.paxos.serves).map(({ name }) => name);
    assert.deepEqual(leading(), ['node-a']);
    disks[0].hung = new Promise(() => undefined);
    nodes[0]?.service.groups?.group(CATALOG_GROUP)?.paxos.propose(encodeLogRecord(NO_OP, nodeDigest));
    await timers.advance(10_000);
    assert.deepEqual(leading().length, 1);
    assert.notDeepEqual(leading(), ['node-a']);
  });

  it('takes the messages of a replica from the node that holds it, and from no other', async () => {
    const nodes = [await start('node-a', 'a', []), await start('node-b', 'b', []), await start('node-c', 'c', [])];
    for (const node of nodes) await call(node, initRequest(nodes.map(({ name }) => name)));
    await timers.advance(5000);
    const groups = nodes[0]?.service.groups;
    const paxos = groups?.group(CATALOG_GROUP)?.paxos;
    assert.ok(groups !== undefined && paxos !== undefined);
    const heard: number[] = [];
    paxos.step = (from) => void heard.push(from);
    const messages = [{ group: CATALOG_GROUP, from: 2, to: 1, message: { kind: 'ask-leader', question: 1 } as const }];
    for (const node of ['node-b', 'node-c', 'node-x']) groups.onControl(node, { messages });
    assert.deepEqual(heard, [2]);
  });
});

describe('a seed that lost its disk', () => {
  const SEEDS = ['node-a', 'node-b', 'node-c'];
  const ADDRESSES = SEEDS.map((name) => `${name}:1`);

  it('does not take its old replica anew when the cluster is formed once more: it has forgotten what that promised', async () => {
    const nodes: RunningNode[] = [];
    for (const name of SEEDS) nodes.push(await start(name, name.slice(-1), ADDRESSES));
    for (const node of nodes) await call(node, initRequest(SEEDS));
    await timers.advance(5000);
    const leader = nodes.find(({ service }) => service.groups?.group(CATALOG_GROUP)?.paxos.serves);
    assert(leader !== undefined);
    leader.service.groups?.group(CATALOG_GROUP)?.paxos.propose(encodeLogRecord(NO_OP, nodeDigest));
    await timers.advance(1000);
    const lost = nodes.find((node) => node !== leader);
    assert(lost !== undefined);
    await lost.service.stop();
    const again = await start(lost.name, lost.name.slice(-1), ADDRESSES);
    await timers.advance(2000);
    assert.deepEqual(again.clusters, [CLUSTER], 'it joins the cluster that is in use');
    await call(again, initRequest(SEEDS));
    assert.equal(again.service.groups?.size, 0);
    // The leader gives its place to a new one on the same node.
    await timers.advance(20_000);
    const catalog = again.service.groups?.group(CATALOG_GROUP);
    assert.deepEqual([catalog?.paxos.isMember, catalog?.identity.configuration], [true, 2]);
    assert(catalog !== undefined && catalog.identity.replica >= 0x8000_0000);
  });
});

describe('a seed that was started anew without a replica of the catalog', () => {
  const SEEDS = ['node-a', 'node-b', 'node-c'];

  it('is not ready, and takes its part once the cluster is formed again', async () => {
    const nodes: RunningNode[] = [];
    for (const name of SEEDS) {
      const disk = new MemoryDisk();
      const addresses = Object.fromEntries(SEEDS.map((node) => [node, `${node}:1`]));
      // It died right after it had written down what cluster it belongs to.
      disk.identity = encodeNodeIdentity({ formatVersion: DATA_FORMAT_VERSION, clusterId: CLUSTER, node: name, addresses });
      nodes.push(await start(name, name.slice(-1), [], { disk }));
    }
    await timers.advance(5000);
    for (const { service } of nodes) assert.notEqual(service.notReady(), undefined);
    network.silence('node-c:1');
    const early = timers.until(operator.call('node-a:1', initRequest(SEEDS), 3000));
    await assert.rejects(early, /must be asked of node-c/);
    network.unsilence('node-c:1');
    for (const node of nodes) await call(node, initRequest(SEEDS));
    await timers.advance(5000);
    assert.deepEqual(
      nodes.map(({ service }) => service.notReady()),
      [undefined, undefined, undefined],
    );
  });

  it('does not take a replica anew in a catalog that is in use: its earlier life may have lost it', async () => {
    const nodes = [await start('node-a', 'a', []), await start('node-b', 'b', [])];
    for (const node of nodes) await call(node, initRequest(SEEDS));
    await timers.advance(5000);
    const disk = new MemoryDisk();
    disk.identity = encodeNodeIdentity({ formatVersion: DATA_FORMAT_VERSION, clusterId: CLUSTER, node: 'node-c', addresses: {} });
    const lost = await start('node-c', 'c', [], { disk });
    await call(lost, initRequest(SEEDS));
    assert.equal(lost.service.groups?.size, 0);
  });
});

describe('a learner', () => {
  it('is not created for an earlier life of the node: that may have voted as this replica, and lost it', async () => {
    const seed = await start('node-a', 'a', ['node-a:1']);
    const node = await start('node-d', 'd', ['node-a:1']);
    await call(seed, initRequest(['node-a']));
    await timers.advance(3000);
    const catalog = seed.service.groups?.group(CATALOG_GROUP);
    assert(catalog !== undefined);
    const state = encodeGroupMeta(catalog.identity, GroupState.empty(REMEMBER_REQUESTS_MS));
    const request = { kind: 'add-learner', group: CATALOG_GROUP, replica: 77, state, logBehind: 0 } as const;
    await assert.rejects(call(node, { ...request, incarnation: INCARNATION - 1 }), /started anew/);
    assert.equal(node.service.groups?.size, 0);
    const answer = { kind: 'learner-added', replica: 77 };
    assert.deepEqual(await call(node, { ...request, incarnation: INCARNATION }), answer);
    // Asked again, also for another id, the same learner will do.
    assert.deepEqual(await call(node, { ...request, replica: 78, incarnation: INCARNATION }), answer);
    assert.equal(node.service.groups?.group(CATALOG_GROUP)?.paxos.isMember, false);
  });

  it('of the catalog shows it to nobody: what it holds is not all there is', async () => {
    const seed = await start('node-a', 'a', ['node-a:1']);
    const node = await start('node-d', 'd', ['node-a:1']);
    await call(seed, initRequest(['node-a']));
    await timers.advance(3000);
    const catalog = seed.service.groups?.group(CATALOG_GROUP);
    assert(catalog !== undefined);
    const state = encodeGroupMeta(catalog.identity, GroupState.empty(REMEMBER_REQUESTS_MS));
    await call(node, { kind: 'add-learner', group: CATALOG_GROUP, replica: 77, incarnation: INCARNATION, state, logBehind: 0 });
    const shown = new Set<string>();
    for (const { name } of [seed, node]) {
      const stream = await timers.until(operator.open(`${name}:1`, 'watch', 1000));
      stream.onFrame = () => void shown.add(name);
      stream.send({ kind: 'subscribe' });
    }
    await timers.advance(3000);
    assert.deepEqual([...shown], ['node-a']);
  });

  it('that lost its log is given up for another: nobody re-admits one that never voted', async () => {
    const seed = await start('node-a', 'a', ['node-a:1']);
    const disk = new MemoryDisk();
    const node = await start('node-d', 'd', ['node-a:1'], { disk });
    await call(seed, initRequest(['node-a']));
    await timers.advance(3000);
    const catalog = seed.service.groups?.group(CATALOG_GROUP);
    assert(catalog !== undefined);
    const state = encodeGroupMeta(catalog.identity, GroupState.empty(REMEMBER_REQUESTS_MS));
    const request = { kind: 'add-learner', group: CATALOG_GROUP, incarnation: INCARNATION, state, logBehind: 0 } as const;
    await call(node, { ...request, replica: 77 });
    await node.service.stop();
    disk.reopen();
    disk.walDamage = 'a bad block before a good one';
    const again = await start('node-d', 'd', ['node-a:1'], { disk });
    assert.equal(again.service.groups?.group(CATALOG_GROUP)?.paxos.abstains, true);
    assert.deepEqual(await call(again, { ...request, replica: 78 }), { kind: 'learner-added', replica: 78 });
    const learner = again.service.groups?.group(CATALOG_GROUP);
    assert.deepEqual([learner?.identity.replica, learner?.paxos.abstains], [78, false]);
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
