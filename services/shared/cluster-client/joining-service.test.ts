import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeNetwork } from '../../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { Service } from '../env/environment.ts';
import { JoiningService } from './joining-service.ts';

let timers: ManualTimers;
let network: FakeNetwork;
/** What happened, in order. */
let events: string[];
/** What each seed says its cluster is; empty: none yet. */
let clusters: Record<string, string>;

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  events = [];
  clusters = {};
});

const inner: Service = {
  run: async () => void events.push('run'),
  drain: async () => void events.push('drain'),
  stop: async () => void events.push('stop'),
  notReady: () => 'not yet',
};

function seed(address: string, clusterId: string): void {
  clusters[address] = clusterId;
  void network.transport(address, address, 1).listen({
    admin: async () => {
      events.push(`asked ${address}`);
      return { kind: 'node-description', node: address, az: 'a', clusterId: clusters[address] ?? '', incarnation: 1, replicas: [] };
    },
  });
}

function joining(clusterId?: string): JoiningService {
  const transport = network.transport('router:1', 'router', 1);
  const onCluster = (id: string): void => void events.push(`joined ${id}`);
  return new JoiningService({
    environment: testEnvironment(timers),
    transport,
    seeds: ['one:1', 'two:1'],
    clusterId,
    onCluster,
    service: inner,
  });
}

test('the seeds are asked until one belongs to a cluster; only then the service runs', async () => {
  seed('two:1', '');
  const service = joining();
  const running = service.run();
  await timers.advance(3000);
  assert.match(service.notReady() ?? '', /stator init/);
  assert.deepEqual([...new Set(events)], ['asked two:1']);
  clusters['two:1'] = 'c1';
  await timers.until(running);
  assert.deepEqual(events.slice(-2), ['joined c1', 'run']);
  assert.equal(service.notReady(), 'not yet');
  await service.drain();
  await service.stop();
  assert.deepEqual(events.slice(-2), ['drain', 'stop']);
});

test('a cluster that is given is not asked for', async () => {
  seed('one:1', 'other');
  await timers.until(joining('c1').run());
  assert.deepEqual(events, ['joined c1', 'run']);
});

test('stopped before it joined: the service never runs', async () => {
  const service = joining();
  const running = service.run();
  await timers.advance(1000);
  await service.drain();
  await service.stop();
  await timers.until(running);
  assert.deepEqual(events, []);
});
