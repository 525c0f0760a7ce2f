import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { CatalogRefresh } from './catalog-refresh.ts';
import { CatalogWatcher } from './catalog-watcher.ts';

let timers: ManualTimers;
let cluster: FakeCluster;
let watcher: CatalogWatcher;
let refresh: CatalogRefresh;
let calls: number;

beforeEach(async () => {
  timers = new ManualTimers();
  cluster = new FakeCluster(timers);
  const transport = cluster.network.transport('router:1', 'router-1', 1);
  watcher = new CatalogWatcher(testEnvironment(timers), transport, cluster.seeds);
  refresh = new CatalogRefresh(timers, transport, watcher, cluster.seeds);
  calls = 0;
  cluster.network.onSend = ({ kind }) => {
    if (kind === 'call') calls += 1;
  };
  watcher.start();
  await timers.advance(100);
});

function addNode(name: string): void {
  cluster.putRecord(`node/${name}`, { node: name, az: 'a', address: `${name}:7000`, incarnation: 1, generation: 1 });
}

test('what was chosen before the call is seen after it', async () => {
  for (const node of cluster.nodes.values()) node.watchPaused = true;
  addNode('one');
  assert.equal(watcher.view.node('one'), undefined);
  assert.equal(await timers.until(refresh.refresh(5000)), true);
  assert.notEqual(watcher.view.node('one'), undefined);
});

test('one replica may be down; without a majority the deadline ends it', async () => {
  cluster.node('node-b').kill();
  addNode('one');
  assert.equal(await timers.until(refresh.refresh(5000)), true);
  cluster.node('node-c').kill();
  assert.equal(await timers.until(refresh.refresh(5000), 6000), false);
  assert.notEqual(watcher.view.node('one'), undefined);
});

test('many callers share: one refresh is under way and one follows', async () => {
  const all = Array.from({ length: 100 }, () => refresh.refresh(5000));
  await timers.until(Promise.all(all));
  assert.equal(calls, 6);
  await timers.until(refresh.refresh(5000));
  assert.equal(calls, 9);
});
