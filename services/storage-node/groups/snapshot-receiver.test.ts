import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FakeNetwork } from '../../../test/harness/fake-transport.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import { PeerLinks } from './peer-links.ts';
import { BALLOT, chunkOf, IDENTITY, ReplicaWorld, stateAt } from './replica-world.fixture.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';

const NUMBERS = [0, 1, 2, 3];
const TRANSFER = { group: IDENTITY.group, transfer: 4 };

async function receiverOf(world: ReplicaWorld): Promise<SnapshotReceiver> {
  await world.create();
  const { environment, timers, pages } = world;
  const transport = new FakeNetwork(timers).transport('host-2:1', 'node-2', 1);
  const links = new PeerLinks(environment, transport, {
    onControl: () => undefined,
    onBulk: () => undefined,
    onConnected: () => undefined,
  });
  const parts = { environment, pages, links, rememberRequestsMs: REMEMBER_REQUESTS_MS, replaced: () => Promise.resolve() };
  return new SnapshotReceiver(parts);
}

function sendAll(receiver: SnapshotReceiver, world: ReplicaWorld): void {
  const state = encodeGroupMeta(IDENTITY, stateAt(10));
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'begin', from: 1, to: 2, ballot: BALLOT, slot: 10, state });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'chunk', index: 0, entries: chunkOf(NUMBERS, 10) });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'end', chunks: 1, items: NUMBERS.length });
}

it('puts a snapshot in place', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  sendAll(receiver, world);
  await world.timers.settle();
  assert.deepEqual([receiver.installed, world.group.state.applied, world.group.tree.items], [1, 10, NUMBERS.length]);
});

it('leaves no tree behind of a replica that is removed while its snapshot arrives', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  world.group.holdApplying();
  sendAll(receiver, world);
  await world.timers.settle();
  world.group.stop();
  const forgotten = receiver.forget(world.group);
  await world.timers.advance(10);
  await forgotten;
  await world.pages.removeTree(IDENTITY.replica);
  world.group.resumeApplying();
  await world.timers.advance(10);
  assert.deepEqual([receiver.installed, world.pages.trees().size], [0, 0]);
});
