import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { utf8 } from '../../services/shared/base/bytes.ts';
import type { FrameStream } from '../../services/shared/env/transport.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { createTransport, type GrpcTransport } from '../../services/shared/platform/grpc-transport.ts';
import type { AdminResponse, GroupInspection, NodeDescription } from '../../services/shared/wire/admin.ts';
import type { RequestFrame, ResponseFrame } from '../../services/shared/wire/frames.ts';
import type { StorageOperation, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import { NodeUnderTest, TestMetrics, testLogger } from '../harness/node-process.ts';

const CLUSTER = 'c0ffee00-0000-4000-8000-000000000001';
const GROUP = 2;
const KEYS = { partition: { name: 'pk', type: 'S' as const } };

/** A minimal router: one stream for each node, follows redirects until somebody does the work. */
class Caller {
  readonly #transport: GrpcTransport;
  readonly #nodes: readonly NodeUnderTest[];
  readonly #streams = new Map<string, FrameStream<RequestFrame, ResponseFrame>>();
  readonly #waiting = new Map<number, (response: StorageResponse) => void>();
  #ids = 0;
  numbers = 0;

  constructor(nodes: readonly NodeUnderTest[]) {
    this.#nodes = nodes;
    const identity = { name: 'router-test', incarnation: 77, clusterId: () => CLUSTER };
    const metrics = new TestMetrics();
    this.#transport = createTransport({
      identity,
      listen: '127.0.0.1:0',
      digest: nodeDigest,
      logger: testLogger('router'),
      metrics,
      process: 'router',
    });
  }

  async ask(node: NodeUnderTest, operation: StorageOperation): Promise<StorageResponse> {
    let stream = this.#streams.get(node.name);
    if (stream === undefined) {
      stream = await this.#transport.open(node.address, 'requests', 1000);
      this.#streams.set(node.name, stream);
      stream.onFrame = ({ responses }) => {
        for (const response of responses) this.#waiting.get(response.id)?.(response);
      };
      stream.onClose = () => this.#streams.delete(node.name);
    }
    const id = ++this.#ids;
    const answer = new Promise<StorageResponse>((resolve) => this.#waiting.set(id, resolve));
    stream.send({ requests: [{ id, group: GROUP, deadlineMs: 5000, operation }] });
    return answer;
  }

  /** At whichever node leads. */
  async execute(operation: StorageOperation): Promise<StorageResponse> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const node = this.#nodes[attempt % this.#nodes.length];
      assert(node);
      try {
        const response = await this.ask(node, operation);
        if (!['not-leader', 'not-ready', 'unknown-outcome'].includes(response.status)) return response;
      } catch {
        // The node is down; the next one is asked.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('nobody leads');
  }

  put(id: string, text: string): Promise<StorageResponse> {
    const item = { pk: { S: id }, text: { S: text } };
    const key = encodeKey(KEYS, item, nodeDigest);
    const bytes = utf8(JSON.stringify(item));
    const number = ++this.numbers;
    return this.execute({ kind: 'put', key, item: bytes, itemSize: 10, number, returnOld: false, returnOldOnFailure: false });
  }

  get(id: string): Promise<StorageResponse> {
    return this.execute({ kind: 'get', key: encodeKey(KEYS, { pk: { S: id } }, nodeDigest), consistent: true });
  }

  call(node: NodeUnderTest, request: Parameters<GrpcTransport['call']>[1]): Promise<AdminResponse> {
    return this.#transport.call(node.address, request, 5000);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

describe('three storage nodes', () => {
  const nodes = ['a', 'b', 'c'].map((az) => new NodeUnderTest(az));
  const caller = new Caller(nodes);

  before(async () => {
    for (const node of nodes) await node.start();
    const members = nodes.map(({ name, az }, at) => ({ replica: at + 1, node: name, az }));
    const addresses = nodes.map(({ name, address }) => ({ node: name, address }));
    for (const node of nodes) await caller.call(node, { kind: 'init-cluster', clusterId: CLUSTER, members, addresses });
    const group = { tableId: 't', partitionId: 0, low: Buffer.alloc(0), high: Buffer.alloc(0) };
    const places = nodes.map(({ name, az }, at) => ({ replica: at + 11, node: name, az }));
    for (const [at, node] of nodes.entries()) {
      await caller.call(node, {
        kind: 'create-replica',
        group: GROUP,
        replica: at + 11,
        ...group,
        members: places,
        preferredLeader: 12,
        late: false,
      });
    }
  });

  after(async () => {
    await caller.close();
    for (const node of nodes) await node.remove();
  });

  const describeNode = async (node: NodeUnderTest): Promise<NodeDescription> => {
    const description = await caller.call(node, { kind: 'describe-node' });
    assert(description.kind === 'node-description');
    return description;
  };
  const inspect = async (node: NodeUnderTest): Promise<GroupInspection> => {
    const inspection = await caller.call(node, { kind: 'inspect-group', group: GROUP });
    assert(inspection.kind === 'group-inspection');
    return inspection;
  };

  test('write and read through whoever leads', async () => {
    assert.equal((await caller.put('x', 'one')).status, 'ok');
    const read = await caller.get('x');
    assert.equal(Buffer.from(read.item ?? '').toString(), '{"pk":{"S":"x"},"text":{"S":"one"}}');
    assert.equal((await caller.get('y')).item, undefined);
  });

  test('form the cluster once: repeating it changes nothing, another id is refused', async () => {
    const [node] = nodes;
    assert(node);
    const members = nodes.map(({ name, az }, at) => ({ replica: at + 1, node: name, az }));
    const init = { kind: 'init-cluster' as const, members, addresses: [] };
    assert.deepEqual(await caller.call(node, { ...init, clusterId: CLUSTER }), { kind: 'done' });
    await assert.rejects(caller.call(node, { ...init, clusterId: 'another' }), /belongs to cluster/);
  });

  test('go on when the leader stops, and lose nothing', async () => {
    for (let at = 0; at < 50; at++) assert.equal((await caller.put(`k${at}`, 'before')).status, 'ok');
    const descriptions = await Promise.all(nodes.map(describeNode));
    const leader = nodes[descriptions.findIndex(({ replicas }) => replicas.some(({ group, leading }) => group === GROUP && leading))];
    assert(leader, 'somebody leads');
    await leader.stop();
    for (let at = 50; at < 80; at++) assert.equal((await caller.put(`k${at}`, 'without one')).status, 'ok');
    await leader.start();
    for (let at = 80; at < 100; at++) assert.equal((await caller.put(`k${at}`, 'after')).status, 'ok');
    for (let at = 0; at < 100; at++) assert.notEqual((await caller.get(`k${at}`)).item, undefined, `k${at}`);
  });

  test('all three stop and start: everything acknowledged is there, and the copies are equal', async () => {
    for (const node of nodes) await node.stop();
    for (const node of nodes) await node.start();
    for (let at = 0; at < 100; at++) assert.notEqual((await caller.get(`k${at}`)).item, undefined, `k${at}`);
    await caller.put('last', 'one');
    for (;;) {
      const states = await Promise.all(nodes.map(inspect));
      const applied = new Set(states.map(({ replica }) => replica.applied));
      if (applied.size === 1) {
        assert.equal(new Set(states.map(({ stateHash }) => stateHash)).size, 1, 'state hashes differ');
        assert(states.every(({ replica }) => replica.items === 102));
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});
