import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../base/bytes.ts';
import { CatalogUnavailableError } from './catalog-store.ts';
import { ClusterClient } from './cluster-client.ts';

let timers: ManualTimers;
let cluster: FakeCluster;
let client: ClusterClient;

beforeEach(() => {
  timers = new ManualTimers();
  cluster = new FakeCluster(timers);
  client = new ClusterClient(testEnvironment(timers), cluster.network.transport('admin:1', 'admin-1', 5), cluster.seeds, '');
});

const json = utf8('{"a":1}');

test('records are created once, replaced by generation and deleted by generation', async () => {
  const { catalog } = client;
  assert.equal(await timers.until(catalog.read('node/x')), undefined);
  assert.deepEqual(await timers.until(catalog.write('node/x', json, 1, undefined)), { outcome: 'written', slot: 1 });
  assert.deepEqual(await timers.until(catalog.write('node/x', json, 1, undefined)), { outcome: 'conflict' });
  assert.deepEqual(await timers.until(catalog.write('node/x', utf8('{"a":2}'), 2, 1)), { outcome: 'written', slot: 2 });
  assert.deepEqual(await timers.until(catalog.write('node/x', json, 2, 1)), { outcome: 'conflict' });
  const item = await timers.until(catalog.read('node/x'));
  assert.deepEqual([item?.generation, item?.slot, Buffer.from(item?.json ?? []).toString()], [2, 2, '{"a":2}']);
  assert.deepEqual(await timers.until(catalog.remove('node/x', 1)), { outcome: 'conflict' });
  assert.equal((await timers.until(catalog.remove('node/x', 2))).outcome, 'written');
  assert.equal((await timers.until(catalog.remove('node/x', 2))).outcome, 'written', 'it is gone already');
});

test('the leader is found at whatever seed it is', async () => {
  cluster.catalog.leader = 'node-c';
  assert.equal((await timers.until(client.catalog.write('node/x', json, 1, undefined))).outcome, 'written');
});

test('an unknown outcome is settled by reading back: done, or not', async () => {
  let lose = true;
  cluster.onRequest = (_node, { operation }) => (lose && operation.kind === 'put' ? 'execute-silently' : 'execute');
  const write = client.catalog.writeSettled('node/x', json, 1, undefined);
  assert.deepEqual(await timers.until(write), { outcome: 'written', slot: 1 });
  lose = false;
  cluster.onRequest = (_node, { operation }) => (operation.kind === 'put' ? 'swallow' : 'execute');
  assert.deepEqual(await timers.until(client.catalog.writeSettled('node/y', json, 1, undefined)), { outcome: 'unknown' });
  assert.deepEqual(await timers.until(client.catalog.write('node/y', json, 1, undefined)), { outcome: 'unknown' });
});

test('a record that another writer made alike counts as written only where that is asked for', async () => {
  await timers.until(client.catalog.write('node/x', json, 1, undefined));
  assert.deepEqual(await timers.until(client.catalog.writeSettled('node/x', json, 1, undefined)), { outcome: 'written', slot: 1 });
  assert.deepEqual(await timers.until(client.catalog.writeSettled('node/x', utf8('{}'), 1, undefined)), { outcome: 'conflict' });
});

test('a deletion whose answer was lost is settled too', async () => {
  await timers.until(client.catalog.write('node/x', json, 1, undefined));
  cluster.onRequest = (_node, { operation }) => (operation.kind === 'delete' ? 'execute-silently' : 'execute');
  assert.equal((await timers.until(client.catalog.remove('node/x', 1))).outcome, 'written');
});

test('a catalog without a leader is said to be unavailable', async () => {
  cluster.catalog.leader = undefined;
  await assert.rejects(timers.until(client.catalog.read('node/x')), CatalogUnavailableError);
  await assert.rejects(timers.until(client.catalog.write('node/x', json, 1, undefined)), CatalogUnavailableError);
});
