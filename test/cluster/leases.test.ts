import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../services/shared/paxos/options.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import type { StorageRequest, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import { CheckedLoad } from '../harness/checked-load.ts';
import { ProcessCluster, STORAGE_NODES, type StorageNodeName } from '../harness/process-cluster.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Leased';
const TIMEOUT_MS = 180_000;
const KEYS = 32;
const CONNECTIONS = 16;
const STRETCH = 200;
/** While a process starts the load need not be at its fastest. */
const REST_MS = 100;

interface Answered {
  readonly askedAtMs: number;
  readonly version: string | undefined;
}

/** Strong reads of all keys, from one client; each answer with the time at which it was asked for. */
class StrongReads {
  readonly answered: Answered[] = [];
  refused = 0;
  readonly #client: DynamoDBClient;

  constructor(client: DynamoDBClient) {
    this.#client = client;
  }

  /** Rejects when the read is refused. */
  async one(key: number): Promise<void> {
    const askedAtMs = performance.now();
    try {
      const { Item } = await this.#client.send(
        new GetItemCommand({ TableName: TABLE, Key: { pk: { S: `key-${key}` } }, ConsistentRead: true }),
      );
      this.answered.push({ askedAtMs, version: Item?.['version']?.N });
    } catch (error) {
      this.refused++;
      throw error;
    }
  }

  /** Each key again and again, as soon as it was answered or refused. */
  async again(untilMs: number): Promise<void> {
    const readers = Array.from({ length: KEYS }, async (_, key) => {
      while (performance.now() < untilMs) await this.one(key).catch(() => undefined);
    });
    await Promise.all(readers);
  }

  /** All keys at once; resolves when each was answered or refused. */
  async all(): Promise<void> {
    await Promise.allSettled(Array.from({ length: KEYS }, (_, key) => this.one(key)));
  }
}

async function putAll(client: DynamoDBClient, version: number): Promise<void> {
  const puts = Array.from({ length: KEYS }, (_, key) =>
    client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: `key-${key}` }, version: { N: String(version) } } })),
  );
  await Promise.all(puts);
}

/** Stops everybody but one, for as long as `work` takes; they are really stopped when it begins. */
async function alone(cluster: ProcessCluster, name: StorageNodeName, work: () => Promise<void>): Promise<void> {
  const others = STORAGE_NODES.filter((node) => node !== name);
  await cluster.signal(others, 'SIGSTOP');
  try {
    await work();
  } finally {
    await cluster.signal(others, 'SIGCONT');
  }
}

/** The node that leads most partitions of tables. */
async function leadsMost(cluster: ProcessCluster): Promise<StorageNodeName> {
  return until('somebody leads', async () => {
    const leaders = [...(await cluster.leaders()).values()];
    const led = (name: StorageNodeName): number => leaders.filter((leader) => leader === name).length;
    return leaders.length === 0 ? undefined : [...STORAGE_NODES].sort((a, b) => led(b) - led(a))[0];
  });
}

async function untilServed(client: DynamoDBClient, version: string): Promise<void> {
  await until('all keys are served again', async () => {
    const reads = new StrongReads(client);
    await reads.all();
    assert.ok(reads.answered.every((read) => read.version === version));
    return reads.answered.length === KEYS;
  });
}

/**
 * Stops the node that leads most until others lead and have changed everything, sends it strong reads, and lets it go on: they are
 * the first thing that it sees of a world in which it leads no more.
 */
async function assertPausedLeaderIsSilent(cluster: ProcessCluster): Promise<void> {
  const client = cluster.client(5);
  await putAll(client, 1);
  const paused = await leadsMost(cluster);
  const groups = [...(await cluster.leaders())].filter(([, leader]) => leader === paused).map(([group]) => group);
  const { ports } = await cluster.status(paused);
  const stream = await cluster.transport.open(`127.0.0.1:${ports.grpc}`, 'requests', TIMEOUT_MS);
  const responses: StorageResponse[] = [];
  stream.onFrame = (frame) => {
    responses.push(...frame.responses);
  };
  const requests: StorageRequest[] = [];
  for (const group of groups) {
    for (let key = 0; key < KEYS; key++) {
      const bytes = encodeKey({ partition: { name: 'pk', type: 'S' } }, { pk: { S: `key-${key}` } }, nodeDigest);
      const operation = { kind: 'get', key: bytes, consistent: true } as const;
      requests.push({ id: requests.length + 1, group, deadlineMs: TIMEOUT_MS, operation });
    }
  }
  await cluster.signal([paused], 'SIGSTOP');
  try {
    await until('others lead', () =>
      putAll(client, 2).then(
        () => true,
        () => false,
      ),
    );
    stream.send({ requests });
  } finally {
    await cluster.signal([paused], 'SIGCONT');
  }
  await until('each read is answered', async () => responses.length === requests.length);
  stream.close();
  const old = responses.filter(({ item }) => item !== undefined && Buffer.from(item).toString().includes('"version":{"N":"1"}'));
  assert.deepEqual(old, [], 'a strong read shows what was overwritten before it began');
  assert.ok(responses.some(({ status }) => status !== 'wrong-range'));
  await untilServed(client, '2');
}

describe('strong reads under leases', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  test('a leader alone answers none once its leases are over', { timeout: TIMEOUT_MS }, async () => {
    const client = cluster.client();
    await putAll(client, 1);
    const leader = await leadsMost(cluster);
    const reads = new StrongReads(client);
    const { leaseMs, clockDrift, leaseMarginMs } = DEFAULT_PAXOS_OPTIONS;
    let stoppedAtMs = 0;
    await alone(cluster, leader, async () => {
      stoppedAtMs = performance.now();
      // The last heartbeat that was answered was sent before that; from then on the lease counts.
      await reads.again(stoppedAtMs + 2 * leaseMs);
    });
    const endsAtMs = stoppedAtMs + leaseMs * (1 - 2 * clockDrift) - leaseMarginMs;
    const late = reads.answered.filter(({ askedAtMs }) => askedAtMs > endsAtMs);
    assert.deepEqual(late, [], 'a read that began after the lease was answered before the others went on');
    assert.ok(reads.refused > 0);
    await untilServed(client, '1');
  });

  test('a read that is held meanwhile is answered when the others go on', { timeout: TIMEOUT_MS }, async () => {
    const client = cluster.client();
    await until('held reads that are answered inside their deadline', async () => {
      const reads = new StrongReads(client);
      const leader = await leadsMost(cluster);
      let held: Promise<void> = Promise.resolve();
      await alone(cluster, leader, async () => {
        await until(`${leader} leads nothing`, async () => (await cluster.metric(leader, 'stator_storage_node_groups_led')) === 0);
        held = reads.all();
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(reads.answered.length, 0);
      });
      await held;
      await untilServed(client, '1');
      return reads.answered.length === KEYS;
    });
  });

  test('a leader that was paused shows nothing old', { timeout: TIMEOUT_MS }, () => assertPausedLeaderIsSilent(cluster));
});

describe('strong reads without leases', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start({ STATOR_LEASE: 'off' });
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  test('a leader that is killed takes no acknowledged write along, and no read is stale', { timeout: TIMEOUT_MS }, async () => {
    const load = new CheckedLoad(cluster.client(), TABLE, 'no-leases', CONNECTIONS);
    await load.during(async () => {
      await load.more(STRETCH);
      await cluster.kill(await leadsMost(cluster));
      await load.everyClientWrites();
      load.restMs = REST_MS;
      await cluster.startMissing();
      await load.everyClientWrites();
    });
    await load.verify(cluster.client(5));
  });

  test('a leader alone answers nothing', { timeout: TIMEOUT_MS }, async () => {
    const client = cluster.client();
    await putAll(client, 1);
    const reads = new StrongReads(client);
    await alone(cluster, await leadsMost(cluster), async () => {
      await reads.all();
      assert.deepEqual(reads.answered, []);
    });
    await untilServed(client, '1');
  });

  test('a leader that was paused shows nothing old', { timeout: TIMEOUT_MS }, () => assertPausedLeaderIsSilent(cluster));
});
