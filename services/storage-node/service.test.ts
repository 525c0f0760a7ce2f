import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { FakeNetwork } from '../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../test/harness/manual-timers.ts';
import { MemoryMarkFile } from '../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../test/harness/memory-store.ts';
import { testEnvironment } from '../../test/harness/test-environment.ts';
import { CATALOG_GROUP } from '../shared/base/ids.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../shared/paxos/options.ts';
import type { AdminRequest, InitCluster, RegisterNode } from '../shared/wire/admin.ts';
import type { StatorTransport } from '../shared/wire/frames.ts';
import { DEFAULT_QUEUED_BYTES_MAX, DEFAULT_REQUESTS_MAX } from './core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from './groups/checkpoint-scheduler.ts';
import type { NodeDisk } from './groups/node-disk.ts';
import { StorageNode } from './service.ts';

const CLUSTER = 'test';
const ADMIN = 'auto-admin:1';

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

  openTree(): Promise<MemoryStore> {
    return Promise.resolve(this.#tree);
  }

  sizeBytes(): Promise<number> {
    return Promise.resolve(1 << 30);
  }
}

interface RunningNode {
  readonly name: string;
  readonly service: StorageNode;
  readonly clusters: string[];
}

async function start(name: string, az: string, seeds: readonly string[]): Promise<RunningNode> {
  const environment = testEnvironment(timers, registered.length + 1);
  const transport = network.transport(`${name}:1`, name, name.charCodeAt(5));
  const clusters: string[] = [];
  const options = {
    node: name,
    az,
    region: 'local',
    advertise: `${name}:1`,
    autoAdmins: [ADMIN],
    seeds,
    pageCacheBytesMax: 1 << 20,
    paxos: DEFAULT_PAXOS_OPTIONS,
    checkpoints: DEFAULT_CHECKPOINT_OPTIONS,
    requestsMax: DEFAULT_REQUESTS_MAX,
    queuedBytesMax: DEFAULT_QUEUED_BYTES_MAX,
  };
  const onCluster = (id: string): void => void clusters.push(id);
  const service = new StorageNode({ environment, transport, disk: new MemoryDisk(), options, incarnation: 1, onCluster });
  await service.run();
  return { name, service, clusters };
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
