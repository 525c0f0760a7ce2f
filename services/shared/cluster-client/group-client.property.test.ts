import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { FakeGroup } from '../../../test/harness/fake-group.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { PartitionRecord } from '../placement/catalog-records.ts';
import type { StorageResponse } from '../wire/storage-operations.ts';
import { GroupClient } from './group-client.ts';

const GROUP = 2;
const NAMES = ['node-a', 'node-b', 'node-c'] as const;

type Event =
  | { readonly kind: 'write' }
  | { readonly kind: 'kill' | 'start' | 'freeze' | 'thaw' | 'elect' | 'break' | 'lose-answers' | 'claim-leader'; readonly node: number }
  | { readonly kind: 'pass'; readonly ms: number };

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Event>({ kind: 'write' }) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 700 }).map((ms): Event => ({ kind: 'pass', ms })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('kill', 'start', 'freeze', 'thaw', 'elect', 'break', 'lose-answers', 'claim-leader'),
      node: fc.integer({ min: 0, max: 2 }),
    }),
  },
);

class World {
  readonly timers = new ManualTimers();
  readonly cluster = new FakeCluster(this.timers);
  readonly group = new FakeGroup(GROUP, 't', Buffer.alloc(0), Buffer.alloc(0));
  readonly client: GroupClient;
  readonly answers = new Map<string, StorageResponse>();
  readonly #partition: PartitionRecord;
  readonly #dead = new Set<string>();
  readonly #frozen = new Set<string>();
  #writes = 0;
  /** A node whose next answers are lost after it carried the requests out. */
  #losing: string | undefined;
  /** A follower that believes itself, or another, to lead. */
  #liar: string | undefined;

  constructor() {
    this.cluster.groups.set(GROUP, this.group);
    for (const node of this.cluster.nodes.values()) {
      const ids = { group: GROUP, replica: 1, tableId: 't', partitionId: 0, preferredLeader: 1 };
      node.replicas.set(GROUP, { kind: 'create-replica', ...ids, low: Buffer.alloc(0), high: Buffer.alloc(0), members: [], late: false });
    }
    const replicas = NAMES.map((node, at) => ({ replica: at + 1, node, az: node.slice(-1) }));
    const ids = { tableId: 't', partitionId: 0, group: GROUP, generation: 1, epoch: 1, configuration: 1 };
    this.#partition = { ...ids, low: '', high: '', replicas };
    this.group.leader = 'node-a';
    this.cluster.onRequest = (node) => {
      if (node === this.#liar && node !== this.group.leader) return { status: 'not-leader', leader: 'node-a' };
      return node === this.#losing ? 'execute-silently' : 'execute';
    };
    const routes = { partition: () => this.#partition, address: (node: string) => `${node}:7000` };
    const transport = this.cluster.network.transport('router:1', 'router-1', 1);
    this.client = new GroupClient(testEnvironment(this.timers), transport, routes, 'a');
  }

  async apply(event: Event): Promise<void> {
    if (event.kind === 'pass') return this.timers.advance(event.ms);
    if (event.kind === 'write') return this.#write();
    const name = NAMES[event.node] as string;
    const address = `${name}:7000`;
    if (event.kind === 'elect') this.group.leader = name;
    else if (event.kind === 'lose-answers') this.#losing = this.#losing === undefined ? name : undefined;
    else if (event.kind === 'claim-leader') this.#liar = name;
    else if (event.kind === 'start' && this.#dead.delete(name)) this.cluster.node(name).start();
    else if (this.#dead.has(name)) return;
    else if (event.kind === 'kill') this.#kill(name);
    else if (event.kind === 'freeze') this.#freeze(name, address);
    else if (event.kind === 'thaw' && this.#frozen.delete(name)) this.cluster.network.thaw(address);
    else if (event.kind === 'break') this.cluster.network.breakStreams('router:1', address);
  }

  async heal(): Promise<void> {
    this.#losing = undefined;
    this.#liar = undefined;
    for (const [node, name] of NAMES.entries()) {
      await this.apply({ kind: 'start', node });
      if (this.#frozen.has(name)) await this.apply({ kind: 'thaw', node });
    }
    this.group.leader = 'node-b';
    await this.timers.advance(25_000);
  }

  #write(): void {
    this.#writes += 1;
    const key = `key ${this.#writes}`;
    const operation = { kind: 'put', key: Buffer.from(key), item: Buffer.from('{}'), itemSize: 2 } as const;
    const execution = this.client.execute(
      this.#partition,
      operation.key,
      { ...operation, returnOld: false, returnOldOnFailure: false },
      5000,
    );
    void execution.then((answer) => {
      assert.ok(!this.answers.has(key), 'answered twice');
      this.answers.set(key, answer);
    });
  }

  #kill(name: string): void {
    this.#dead.add(name);
    this.#frozen.delete(name);
    this.cluster.node(name).kill();
    if (this.group.leader === name) this.group.leader = undefined;
  }

  #freeze(name: string, address: string): void {
    this.#frozen.add(name);
    this.cluster.network.freeze(address);
  }
}

test('whatever happens to nodes and streams: every write is answered, and truly', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 10, maxLength: 60 }), async (events) => {
      const world = new World();
      for (const event of events) await world.apply(event);
      await world.heal();
      const writes = events.filter(({ kind }) => kind === 'write').length;
      assert.equal(world.answers.size, writes, 'every write is answered');
      const stored = new Set(world.group.items.map(({ key }) => Buffer.from(key).toString()));
      assert.equal(new Set(world.group.executed).size, world.group.executed.length, 'no number is carried out twice');
      assert.equal(world.group.executed.length, stored.size, 'no write is carried out under two numbers');
      for (const [key, { status }] of world.answers) {
        if (status === 'ok') assert.ok(stored.has(key), `${key} was answered ok and is not there`);
        else if (status === 'overloaded' || status === 'unavailable')
          assert.ok(!stored.has(key), `${key} was answered as not done and is there`);
        else assert.equal(status, 'unknown-outcome');
      }
      assert.equal(world.client.statistics().held, 0);
      assert.equal(world.client.statistics().heldBytes, 0);
    }),
    { numRuns: 150 },
  );
});
