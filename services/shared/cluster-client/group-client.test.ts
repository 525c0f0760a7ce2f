import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { FakeGroup } from '../../../test/harness/fake-group.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { HELD_REQUESTS_MAX } from '../limits/cluster-client-limits.ts';
import type { PartitionRecord } from '../placement/catalog-records.ts';
import type { StorageRequest, StorageResponse } from '../wire/storage-operations.ts';
import { GroupClient } from './group-client.ts';
import type { RequestedOperation } from './operations.ts';

const GROUP = 2;
const LIFE = 77;

let timers: ManualTimers;
let cluster: FakeCluster;
let group: FakeGroup;
let partition: PartitionRecord;
/** What the client's map says now. */
let mapped: PartitionRecord | undefined;
let client: GroupClient;
/** `node kind` of every request that reached a node. */
let seen: string[];

beforeEach(() => {
  timers = new ManualTimers();
  cluster = new FakeCluster(timers);
  partition = holdGroup(GROUP, '', '');
  group = cluster.group(GROUP);
  mapped = partition;
  seen = [];
  cluster.onRequest = (node, request) => {
    seen.push(`${node} ${request.operation.kind}`);
    return 'execute';
  };
  client = newClient('b');
});

/** Places a group on all three nodes; the first leads. */
function holdGroup(id: number, low: string, high: string): PartitionRecord {
  const made = new FakeGroup(id, 't', Buffer.from(low, 'hex'), Buffer.from(high, 'hex'));
  made.leader = 'node-a';
  cluster.groups.set(id, made);
  const replicas = [...cluster.nodes.values()].map(({ name, az }, at) => ({ replica: id * 10 + at, node: name, az }));
  for (const node of cluster.nodes.values()) {
    const bounds = { low: made.low, high: made.high };
    const ids = { group: id, replica: 1, tableId: 't', partitionId: id, preferredLeader: 1 };
    node.replicas.set(id, { kind: 'create-replica', ...ids, ...bounds, members: [], late: false });
  }
  return { tableId: 't', partitionId: id, group: id, generation: 1, epoch: 1, low, high, configuration: 1, replicas };
}

function newClient(az: string): GroupClient {
  const routes = { partition: () => mapped, address: (node: string) => cluster.nodes.get(node)?.address };
  return new GroupClient(testEnvironment(timers), cluster.network.transport('router:1', 'router-1', LIFE), routes, az);
}

function put(key: string): RequestedOperation & { kind: 'put' } {
  const item = Buffer.from(JSON.stringify({ k: { S: key } }));
  return { kind: 'put', key: Buffer.from(key), item, itemSize: item.length, returnOld: false, returnOldOnFailure: false };
}

function get(key: string, consistent = true): RequestedOperation & { kind: 'get' } {
  return { kind: 'get', key: Buffer.from(key), consistent };
}

function start(operation: RequestedOperation, deadlineMs = 5000): Promise<StorageResponse> {
  const key = operation.kind === 'range' ? operation.low : operation.kind === 'apply-changes' ? Buffer.alloc(0) : operation.key;
  return client.execute(mapped ?? partition, key, operation, deadlineMs);
}

const run = (operation: RequestedOperation, deadlineMs?: number): Promise<StorageResponse> => timers.until(start(operation, deadlineMs));

const countOf = (text: string): number => seen.filter((line) => line === text).length;

test('a write goes to the preferred leader, a redirect is followed and remembered', async () => {
  group.leader = 'node-c';
  assert.equal((await run(put('one'))).status, 'ok');
  assert.deepEqual(seen, ['node-a put', 'node-c put']);
  assert.equal((await run(get('one'))).item?.toString(), '{"k":{"S":"one"}}');
  assert.deepEqual(seen.slice(2), ['node-c get']);
  assert.equal(client.statistics().redirects, 1);
});

test('each write has a number of its own in the life of the process', async () => {
  await Promise.all([run(put('one')), run(put('two'))]);
  await run(put('one'));
  assert.deepEqual(group.executed, [`${LIFE}:1`, `${LIFE}:2`, `${LIFE}:3`]);
});

test('eventually consistent reads go to the replica in the own AZ, then to the others', async () => {
  await run(put('one'));
  seen = [];
  await run(get('one', false));
  cluster.node('node-b').kill();
  await run(get('one', false));
  assert.deepEqual(seen, ['node-b get', 'node-c get']);
  seen = [];
  cluster.onRequest = (node) => {
    seen.push(node);
    return node === 'node-a' ? 'execute' : { status: 'not-ready' };
  };
  await run(get('one', false));
  assert.deepEqual(seen, ['node-c', 'node-a']);
});

test('the leader dies with a write under way: it is held and repeated under its number, and is carried out once', async () => {
  await run(put('warm'));
  cluster.onRequest = (node) => (node === 'node-a' ? 'execute-silently' : 'execute');
  const pending = start(put('one'));
  await timers.advance(10);
  cluster.node('node-a').kill();
  group.leader = undefined;
  timers.after(2000, () => {
    group.leader = 'node-c';
  });
  assert.equal((await timers.until(pending)).status, 'ok');
  assert.deepEqual(group.executed, [`${LIFE}:1`, `${LIFE}:2`]);
});

test('a leader that is not ready for a moment is asked again soon, one that is not for long less and less often', async () => {
  await run(put('warm'));
  let asked = 0;
  let ready = false;
  cluster.onRequest = () => {
    asked += 1;
    return ready ? 'execute' : { status: 'not-ready' };
  };
  timers.after(10, () => {
    ready = true;
  });
  const begunAtMs = timers.monotonicMs();
  assert.equal((await run(put('one'))).status, 'ok');
  assert.ok(timers.monotonicMs() - begunAtMs <= 60, `${timers.monotonicMs() - begunAtMs} ms`);
  ready = false;
  asked = 0;
  assert.equal((await run(put('two'), 4000)).status, 'unavailable');
  assert.ok(asked > 30 && asked < 120, `${asked} times`);
});

test('a leader that lost leadership says so: the write is repeated at the next one', async () => {
  cluster.onRequest = (node) => (node === 'node-a' ? { status: 'unknown-outcome' } : 'execute');
  group.leader = 'node-b';
  assert.equal((await run(put('one'))).status, 'ok');
  assert.deepEqual(group.executed, [`${LIFE}:1`]);
});

test('while a group has no leader one request looks for it and all others wait', async () => {
  await run(put('warm'));
  cluster.node('node-a').kill();
  group.leader = undefined;
  seen = [];
  const pending = Array.from({ length: 200 }, (_, at) => start(put(`key ${at}`)));
  await timers.advance(2000);
  assert.ok(seen.length < 200, `${seen.length} requests were sent while there was no leader`);
  assert.equal(client.statistics().held, 200);
  group.leader = 'node-b';
  const answers = await timers.until(Promise.all(pending));
  assert.ok(answers.every(({ status }) => status === 'ok'));
  assert.equal(group.executed.length, 201);
  assert.equal(client.statistics().held, 0);
});

test('the followers still name the dead leader: nothing is sent in circles', async () => {
  await run(put('warm'));
  cluster.node('node-a').kill();
  seen = [];
  const pending = start(put('one'));
  await timers.advance(1000);
  assert.ok(seen.length >= 10 && seen.length < 60, `${seen.length} requests in a second`);
  group.leader = 'node-b';
  assert.equal((await timers.until(pending)).status, 'ok');
});

test('two replicas that name each other: redirects are bounded, and the truth is found later', async () => {
  cluster.onRequest = (node) => {
    seen.push(node);
    if (node === 'node-c') return 'execute';
    return { status: 'not-leader', leader: node === 'node-a' ? 'node-b' : 'node-a' };
  };
  group.leader = 'node-a';
  const pending = start(put('one'));
  await timers.advance(500);
  assert.ok(seen.length < 80, `${seen.length} requests in half a second`);
  group.leader = 'node-c';
  cluster.onRequest = () => 'execute';
  assert.equal((await timers.until(pending)).status, 'ok');
});

test('a leader that stands still is left for its successor, the connection not being broken', async () => {
  await run(put('warm'));
  cluster.network.freeze('node-a:7000');
  const pending = [start(put('one')), start(get('warm'))];
  timers.after(2200, () => {
    group.leader = 'node-b';
  });
  const answers = await timers.until(Promise.all(pending));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['ok', 'ok'],
  );
  cluster.network.thaw('node-a:7000');
  await timers.advance(100);
  assert.deepEqual(group.executed, [`${LIFE}:1`, `${LIFE}:2`]);
});

test('a leader that is not ready yet is asked again until it is', async () => {
  group.ready = false;
  const pending = start(put('one'));
  await timers.advance(1000);
  group.ready = true;
  assert.equal((await timers.until(pending)).status, 'ok');
  assert.equal(group.executed.length, 1);
});

test('at the deadline: unknown for a write that was sent, unavailable for what surely did not happen', async () => {
  await run(put('warm'));
  cluster.onRequest = (node) => (node === 'node-a' ? 'execute-silently' : { status: 'not-ready' });
  const [write, read] = await Promise.all([run(put('one'), 900), run(get('one'), 900)]);
  assert.equal(write.status, 'unknown-outcome');
  assert.equal(read.status, 'unavailable');
  assert.equal(client.statistics().expired, 2);
  group.leader = undefined;
  cluster.onRequest = () => 'execute';
  const before = group.executed.length;
  assert.equal((await run(put('two'), 900)).status, 'unavailable');
  group.leader = 'node-a';
  await timers.advance(5000);
  assert.equal(group.executed.length, before, 'nothing is sent after the deadline');
});

test('a write of unknown outcome whose repetitions are all refused stays unknown', async () => {
  let first = true;
  cluster.onRequest = () => {
    const status = first ? 'unknown-outcome' : 'not-ready';
    first = false;
    return { status };
  };
  assert.equal((await run(put('one'))).status, 'unknown-outcome');
});

test('once a write may have happened, a refusal of a repetition does not make it "not done"', async () => {
  await run(put('warm'));
  cluster.onRequest = (node) => (node === 'node-a' ? 'execute-silently' : { status: 'overloaded' });
  const pending = start(put('one'), 3000);
  await timers.advance(10);
  cluster.network.breakStreams('router:1', 'node-a:7000');
  group.leader = 'node-b';
  assert.equal((await timers.until(pending)).status, 'unknown-outcome');
});

test('a replica without a copy is left for the others; when all of them have none, the client is told at once', async () => {
  const without = new Set(['node-a', 'node-b']);
  cluster.onRequest = (node) => (without.has(node) ? { status: 'no-copy' } : 'execute');
  group.leader = 'node-c';
  assert.equal((await run(put('one'), 3000)).status, 'ok');
  without.add('node-c');
  const beganAtMs = timers.monotonicMs();
  assert.equal((await run(put('two'), 3000)).status, 'no-copy');
  assert.ok(timers.monotonicMs() - beganAtMs < 1000, 'the deadline is not waited for');
});

test('a write that meets a full disk is refused at once, unless an earlier copy may have been carried out', async () => {
  cluster.onRequest = () => ({ status: 'no-room' });
  assert.equal((await run(put('one'), 3000)).status, 'no-room');
  cluster.onRequest = (node) => (node === 'node-a' ? 'execute-silently' : { status: 'no-room' });
  const pending = start(put('two'), 3000);
  await timers.advance(10);
  cluster.network.breakStreams('router:1', 'node-a:7000');
  group.leader = 'node-b';
  assert.equal((await timers.until(pending)).status, 'unknown-outcome');
});

test('nor does it when its table is gone meanwhile', async () => {
  await run(put('warm'));
  cluster.onRequest = (node) => (node === 'node-a' ? 'execute-silently' : { status: 'no-such-group' });
  const pending = start(put('one'), 3000);
  await timers.advance(10);
  mapped = undefined;
  cluster.network.breakStreams('router:1', 'node-a:7000');
  for (const node of cluster.nodes.values()) node.replicas.delete(GROUP);
  assert.equal((await timers.until(pending)).status, 'unknown-outcome');
});

test('a repetition that changed nothing is not called failed, nor done, while an earlier copy may still arrive', async () => {
  await run(put('warm'));
  for (const answer of [{ status: 'condition-failed' }, { status: 'ok', oldSize: 0, newSize: 0 }] as const) {
    group.leader = 'node-a';
    await run(put('warm again'));
    cluster.onRequest = (node) => (node === 'node-a' ? 'swallow' : answer);
    const pending = start(put('one'), 3000);
    await timers.advance(10);
    cluster.network.breakStreams('router:1', 'node-a:7000');
    group.leader = 'node-b';
    assert.equal((await timers.until(pending)).status, 'unknown-outcome');
    cluster.onRequest = () => 'execute';
  }
});

test('a refusal of a first try is passed on at once', async () => {
  cluster.onRequest = () => ({ status: 'overloaded' });
  assert.equal((await run(put('one'))).status, 'overloaded');
  cluster.onRequest = () => ({ status: 'validation', message: 'wrong' });
  assert.deepEqual(await run(put('one')), { id: 2, status: 'validation', message: 'wrong' });
  cluster.onRequest = () => ({ status: 'number-refused' });
  assert.equal((await run(put('one'))).status, 'number-refused');
});

test('an old map: the request waits for the newer one and goes there, under the same number', async () => {
  const left = holdGroup(3, '', '80');
  const right = holdGroup(4, '80', '');
  cluster.groups.delete(GROUP);
  cluster.groups.set(GROUP, new FakeGroup(GROUP, 't', Buffer.from('ff', 'hex'), Buffer.from('ff', 'hex')));
  cluster.group(GROUP).leader = 'node-a';
  const pending = start(put('one'));
  await timers.advance(300);
  assert.ok(countOf('node-a put') <= 3, 'asked again at a slow pace');
  mapped = left;
  assert.equal((await timers.until(pending)).status, 'ok');
  assert.deepEqual(cluster.group(left.group).executed, [`${LIFE}:1`]);
  assert.deepEqual(cluster.group(right.group).executed, []);
});

test('nodes that do not hold the group any more: the other replicas are asked, then the newer map is awaited', async () => {
  for (const node of ['node-a', 'node-b']) cluster.node(node).replicas.delete(GROUP);
  group.leader = 'node-c';
  assert.equal((await run(put('one'))).status, 'ok');
  cluster.node('node-c').replicas.delete(GROUP);
  const pending = start(put('two'));
  await timers.advance(500);
  mapped = holdGroup(5, '', '');
  assert.equal((await timers.until(pending)).status, 'ok');
  assert.equal(cluster.group(5).executed.length, 1);
});

test('a table that is gone: surely nothing was done', async () => {
  for (const node of cluster.nodes.values()) node.replicas.delete(GROUP);
  mapped = undefined;
  assert.equal((await run(put('one'))).status, 'unavailable');
});

test('a range whose partition changed is handed back to be cut anew', async () => {
  group.leader = 'node-a';
  cluster.onRequest = () => ({ status: 'wrong-range' });
  const range = {
    kind: 'range',
    low: Buffer.alloc(0),
    reverse: false,
    consistent: true,
    limit: 0,
    byteLimit: 1000,
    countOnly: false,
  } as const;
  assert.equal((await run(range)).status, 'wrong-range');
});

test('held requests are bounded, and stopping answers them all', async () => {
  group.leader = undefined;
  cluster.onRequest = () => ({ status: 'not-ready' });
  const pending = Array.from({ length: HELD_REQUESTS_MAX }, () => start(get('one')));
  assert.equal((await run(get('one'))).status, 'overloaded');
  assert.equal(client.statistics().overloaded, 1);
  client.stop();
  const answers = await timers.until(Promise.all(pending));
  assert.ok(answers.every(({ status }) => status === 'unavailable'));
  assert.equal((await run(get('one'))).status, 'unavailable');
});

test('all requests of one turn leave in one frame for each node', async () => {
  await run(put('warm'));
  let frames = 0;
  cluster.network.onSend = ({ from, kind }) => {
    if (from === 'router:1' && kind === 'requests') frames += 1;
  };
  await timers.until(Promise.all(Array.from({ length: 50 }, (_, at) => start(put(`key ${at}`)))));
  assert.equal(frames, 1);
});

test('the time left travels with each repetition', async () => {
  const left: number[] = [];
  cluster.onRequest = (_node, request: StorageRequest) => {
    left.push(request.deadlineMs);
    return left.length < 5 ? { status: 'not-ready' } : 'execute';
  };
  await run(get('one'), 1000);
  assert.deepEqual(
    [...left].sort((a, b) => b - a),
    left,
  );
  assert.ok((left[0] ?? 0) <= 1000 && (left.at(-1) ?? 0) < (left[0] ?? 0));
});

test('a request under which nodes die is not carried from one to the next: after two of them nobody gets it any more', async () => {
  await Promise.all([run(put('warm')), run(get('warm', false))]);
  for (const [operation, status, leaders] of [
    [put('poison'), 'unknown-outcome', ['node-a', 'node-b', 'node-c']],
    // A read changes nothing, whatever became of it.
    [get('poison', false), 'unavailable', ['node-b', 'node-c', 'node-a']],
  ] as const) {
    const died: string[] = [];
    cluster.onRequest = (node, request) => {
      if (!('key' in request.operation) || Buffer.from(request.operation.key).toString() !== 'poison') return 'execute';
      died.push(node);
      timers.after(1, () => {
        cluster.node(node).kill();
        group.leader = leaders[died.length];
      });
      return 'swallow';
    };
    assert.equal((await run(operation)).status, status);
    assert.equal(died.length, 2);
    await timers.advance(6000);
    assert.equal(died.length, 2, 'it comes back');
    for (const node of died) cluster.node(node).start();
    group.leader = 'node-a';
    await timers.advance(2000);
  }
  assert.equal(client.statistics().givenUp, 2);
  cluster.onRequest = () => 'execute';
  assert.equal((await run(get('warm'))).status, 'ok');
});
