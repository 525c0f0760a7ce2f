import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeCluster } from '../../../test/harness/fake-cluster.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { type TestEnvironment, testEnvironment } from '../../../test/harness/test-environment.ts';
import type { Sending } from '../../../test/harness/fake-transport.ts';
import { WATCH_SILENCE_MS } from '../limits/cluster-client-limits.ts';
import type { WatchFrame } from '../wire/frames.ts';
import { CatalogWatcher } from './catalog-watcher.ts';

let timers: ManualTimers;
let cluster: FakeCluster;
let environment: TestEnvironment;
let watcher: CatalogWatcher;

beforeEach(() => {
  timers = new ManualTimers();
  cluster = new FakeCluster(timers);
  environment = testEnvironment(timers);
  watcher = new CatalogWatcher(environment, cluster.network.transport('router:1', 'router-1', 1), cluster.seeds);
});

function addNode(name: string): void {
  cluster.putRecord(`node/${name}`, { node: name, az: 'a', address: `${name}:7000`, incarnation: 1, generation: 1 });
}

const names = (): string[] => [...watcher.view.nodes()].map(({ node }) => node);

/** Names of the nodes that the watcher subscribed at, in order. */
function subscriptions(): string[] {
  const subscribed: string[] = [];
  cluster.network.onSend = ({ from, to, kind, content }: Sending) => {
    if (from === 'router:1' && kind === 'watch' && (content as WatchFrame).kind === 'subscribe') subscribed.push(to);
  };
  return subscribed;
}

test('a snapshot of several pages, then changes as they come', async () => {
  addNode('one');
  addNode('two');
  let changes = 0;
  watcher.onChange(() => {
    changes += 1;
  });
  watcher.start();
  assert.equal(watcher.ready, false);
  await timers.advance(100);
  assert.equal(watcher.ready, true);
  assert.deepEqual(names(), ['one', 'two']);
  addNode('three');
  await timers.advance(10);
  assert.deepEqual(names(), ['one', 'two', 'three']);
  cluster.putRecord('node/one', undefined);
  await timers.advance(10);
  assert.deepEqual(names(), ['two', 'three']);
  assert.equal(watcher.view.slot, cluster.catalog.slot);
  assert.equal(changes, 3);
});

test('a half-received snapshot is never shown', async () => {
  addNode('one');
  addNode('two');
  let pages = 0;
  cluster.network.onSend = ({ content }) => {
    const frame = content as WatchFrame;
    if (frame.kind === 'snapshot' && frame.done && pages++ === 0) return { kind: 'changes', slot: 0, records: [] };
    return undefined;
  };
  watcher.start();
  await timers.advance(1000);
  assert.equal(watcher.ready, false);
  assert.deepEqual(names(), []);
});

test('a replica that sends everything anew on the same stream is believed', async () => {
  addNode('one');
  watcher.start();
  await timers.advance(100);
  const subscribed = subscriptions();
  addNode('two');
  cluster.putRecord('node/one', undefined);
  for (const node of cluster.nodes.values()) node.resendCatalog();
  await timers.advance(10);
  assert.deepEqual(names(), ['two']);
  assert.equal(subscribed.length, 0);
});

test('a replica that dies is replaced by another, and changes made meanwhile are seen', async () => {
  const subscribed = subscriptions();
  watcher.start();
  await timers.advance(100);
  cluster.nodes.forEach((node) => {
    if (node.address === subscribed[0]) node.kill();
  });
  addNode('one');
  await timers.advance(1000);
  assert.deepEqual(names(), ['one']);
  assert.equal(subscribed.length, 2);
  assert.notEqual(subscribed[1], subscribed[0]);
});

test('a replica that falls silent is left', async () => {
  const subscribed = subscriptions();
  watcher.start();
  await timers.advance(100);
  cluster.network.freeze(subscribed[0] ?? '');
  await timers.advance(WATCH_SILENCE_MS + 2000);
  assert.equal(subscribed.length, 2);
  addNode('one');
  await timers.advance(100);
  assert.deepEqual(names(), ['one']);
});

test('with nobody answering the last copy goes on serving, and all come back', async () => {
  addNode('one');
  watcher.start();
  await timers.advance(100);
  for (const node of cluster.nodes.values()) node.kill();
  await timers.advance(60_000);
  assert.deepEqual(names(), ['one']);
  addNode('two');
  for (const node of cluster.nodes.values()) node.start();
  await timers.advance(3000);
  assert.deepEqual(names(), ['one', 'two']);
});

test('a replica that is behind is followed unseen: the copy never goes back', async () => {
  addNode('one');
  const subscribed = subscriptions();
  watcher.start();
  await timers.advance(100);
  // Every snapshot of the other replicas is as of before the first record.
  let behind = true;
  cluster.network.onSend = ({ content, kind }) => {
    const frame = content as WatchFrame;
    if (kind === 'watch' && frame.kind !== 'subscribe' && behind) return { ...frame, slot: 0, records: [] };
    return undefined;
  };
  cluster.nodes.forEach((node) => {
    if (node.address === subscribed[0]) node.kill();
  });
  await timers.advance(2500);
  assert.deepEqual(names(), ['one']);
  assert.equal(watcher.view.slot, 1);
  behind = false;
  cluster.network.onSend = ({ content, kind }) => {
    const frame = content as WatchFrame;
    const late = kind === 'watch' && frame.kind === 'changes' && frame.slot === 2;
    return late
      ? { ...frame, records: [...cluster.records()].map(([key, record]) => ({ key, value: Buffer.from(JSON.stringify(record)) })) }
      : undefined;
  };
  addNode('two');
  await timers.advance(10);
  assert.deepEqual(names().sort(), ['one', 'two']);
  assert.equal(watcher.view.slot, 2);
});

test('waiting for a slot: resolved by it, or by the deadline; a replica that does not come along is left', async () => {
  watcher.start();
  await timers.advance(100);
  addNode('one');
  assert.equal(await timers.until(watcher.caughtUpTo(1, 1000)), true);
  assert.equal(await timers.until(watcher.caughtUpTo(1, 1000)), true);
  assert.equal(await timers.until(watcher.caughtUpTo(2, 400)), false);
  const subscribed = subscriptions();
  for (const node of cluster.nodes.values()) node.watchPaused = true;
  addNode('two');
  assert.equal(await timers.until(watcher.caughtUpTo(2, 5000)), true);
  assert.equal(subscribed.length, 1, 'the snapshot of another replica holds it');
});

test('a record that cannot be read is logged and the rest is taken', async () => {
  watcher.start();
  await timers.advance(100);
  cluster.putRecord('node/bad', { holder: '', renewal: 0, generation: 1 });
  addNode('one');
  await timers.advance(10);
  assert.deepEqual(names(), ['one']);
  assert.deepEqual(
    environment.lines.filter(({ level }) => level === 'error').map(({ event }) => event),
    ['catalog-record-malformed'],
  );
});

test('stopping ends all waiting', async () => {
  watcher.start();
  await timers.advance(100);
  const waiting = watcher.caughtUpTo(99, 60_000);
  watcher.stop();
  assert.equal(await timers.until(waiting, 1), false);
});
