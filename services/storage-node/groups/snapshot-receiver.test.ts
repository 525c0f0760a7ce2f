import assert from 'node:assert/strict';
import { beforeEach, it } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import type { SnapshotMessage, TransferMessage } from '../../shared/wire/frames.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import { BALLOT, chunkOf, IDENTITY, ReplicaWorld, stateAt, successorOf } from './replica-world.fixture.ts';
import { type ReceiverLinks, SnapshotReceiver, type SnapshotRoom } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SoleCopies } from './sole-copies.ts';

const NUMBERS = [0, 1, 2, 3];
const ITEM_BYTES = 2000;
const TRANSFER = { group: IDENTITY.group, transfer: 4 };

/** What the receiver sent to the sender. */
let answers: TransferMessage[];
/** Of the receiver's disk. */
let room: { -readonly [Key in keyof SnapshotRoom]: SnapshotRoom[Key] };

beforeEach(() => {
  answers = [];
  room = { fullness: 0, spareBytes: ITEM_BYTES };
});

async function receiverOf(world: ReplicaWorld): Promise<SnapshotReceiver> {
  await world.create();
  const { environment, pages } = world;
  const links: ReceiverLinks = { flush: () => undefined, sendSnapshot: (_node, message) => void answers.push(message as TransferMessage) };
  const parts = { environment, pages, links, room, rememberRequestsMs: REMEMBER_REQUESTS_MS, replaced: () => Promise.resolve() };
  return new SnapshotReceiver(parts);
}

function sendAll(receiver: SnapshotReceiver, world: ReplicaWorld, identity = IDENTITY, slot = 10): void {
  const transfer = { ...TRANSFER, transfer: TRANSFER.transfer + slot - 10 };
  const state = encodeGroupMeta(identity, stateAt(slot));
  const begin = { kind: 'begin' as const, from: 1, to: 2, ballot: BALLOT, slot, state, itemBytes: ITEM_BYTES };
  receiver.onMessage('node-1', world.group, { ...transfer, ...begin });
  receiver.onMessage('node-1', world.group, { ...transfer, kind: 'chunk', index: 0, entries: chunkOf(NUMBERS, slot) });
  receiver.onMessage('node-1', world.group, { ...transfer, kind: 'end', chunks: 1, items: NUMBERS.length });
}

it('puts a snapshot in place', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  sendAll(receiver, world);
  await world.timers.settle();
  assert.deepEqual([receiver.installed, world.group.state.applied, world.group.tree.items], [1, 10, NUMBERS.length]);
});

it('takes the members from a snapshot, unless it knows of later ones', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  const { members } = successorOf(9);
  sendAll(receiver, world, successorOf(9));
  await world.timers.settle();
  assert.deepEqual([world.group.identity.configuration, world.group.identity.members], [2, members]);
  assert.deepEqual(world.group.paxos.configuration, { number: 2, since: 9, members: [1, 2, 4], logReplicas: [] });
  // Of a sender that has not applied the Swap, whatever it knows to be chosen.
  sendAll(receiver, world, IDENTITY, 20);
  await world.timers.settle();
  assert.deepEqual([receiver.installed, world.group.state.applied, world.group.identity.members], [2, 20, members]);
  await world.restart();
  assert.equal(world.group.identity.configuration, 2);
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

it('says again what came of a transfer, and what it has taken', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  sendAll(receiver, world);
  await world.timers.settle();
  const installed = { ...TRANSFER, kind: 'installed', slot: 10 };
  assert.deepEqual(answers.at(-1), installed);
  answers = [];
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'end', chunks: 1, items: NUMBERS.length });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'chunk', index: 0, entries: chunkOf(NUMBERS, 10) });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, transfer: 5, kind: 'end', chunks: 1, items: NUMBERS.length });
  receiver.onMessage('node-3', world.group, { ...TRANSFER, kind: 'end', chunks: 1, items: NUMBERS.length });
  receiver.onMessage('node-3', world.group, { ...TRANSFER, kind: 'abort', reason: 'the receiver gave up' });
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['installed', 'installed', 'abort', 'abort'],
  );
});

it('ends the transfer though each kind of answer is lost once', async () => {
  const timers = new ManualTimers();
  const [from, to] = [new ReplicaWorld(timers), new ReplicaWorld(timers)];
  await from.create();
  await from.install(3000, 10);
  await from.restart();
  const receiver = await receiverOf(to);
  const links = {
    connected: () => true,
    flush: () => undefined,
    sendSnapshot: (_node: string, message: SnapshotMessage): void => receiver.onMessage('node-1', to.group, message as TransferMessage),
  };
  room.spareBytes = from.group.tree.itemBytes;
  const copies = new SoleCopies(timers);
  const sender = new SnapshotSender({ environment: from.environment, links, checkpoint: () => Promise.resolve(), copies });
  // The fixture's replica plays both ends.
  sender.start(from.group, { replica: IDENTITY.replica, ballot: BALLOT, position: 0, bySnapshot: true });
  const lost = new Set<string>();
  while (sender.sendingTo(IDENTITY.replica) && timers.monotonicMs() < 15_000) {
    const arrived = answers.splice(0);
    for (const message of arrived) {
      const isLast = message.kind === 'chunk' && message.index === 5;
      const word = isLast ? 'chunk' : message.kind;
      if ((isLast || message.kind === 'installed') && !lost.has(word)) lost.add(word);
      else sender.onAnswer('node-2', message);
    }
    await timers.advance(100);
  }
  assert.deepEqual([...lost], ['chunk', 'installed']);
  assert.equal(sender.sendingTo(IDENTITY.replica), false);
  assert.deepEqual([receiver.installed, to.group.tree.items], [1, 3000]);
});

it('begins no snapshot for which the disk has no room above its reserve', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  room.spareBytes = ITEM_BYTES - 1;
  sendAll(receiver, world);
  await world.timers.settle();
  assert.deepEqual(answers[0], { ...TRANSFER, kind: 'abort', reason: 'the disk is nearly full' });
  assert.deepEqual([receiver.installed, world.group.state.applied], [0, 0]);
  room.spareBytes = ITEM_BYTES;
  sendAll(receiver, world);
  await world.timers.settle();
  assert.deepEqual([receiver.installed, world.group.state.applied], [1, 10]);
});

it('gives a snapshot up once the disk is as full as it may be, and leaves nothing of it behind', async () => {
  const world = new ReplicaWorld();
  const receiver = await receiverOf(world);
  await world.group.checkpoint();
  const before = world.treeStore.contents().length;
  const state = encodeGroupMeta(IDENTITY, stateAt(10));
  const begin = { kind: 'begin' as const, from: 1, to: 2, ballot: BALLOT, slot: 10, state, itemBytes: ITEM_BYTES };
  const many = Array.from({ length: 5000 }, (_, number) => number);
  const more = many.map((number) => number + many.length);
  receiver.onMessage('node-1', world.group, { ...TRANSFER, ...begin });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'chunk', index: 0, entries: chunkOf(many, 10) });
  await world.timers.settle();
  assert.ok(world.treeStore.contents().length > before, 'pages are staged');
  room.fullness = 2;
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'chunk', index: 1, entries: chunkOf(more, 10) });
  await world.timers.settle();
  assert.deepEqual(answers.at(-1), { ...TRANSFER, kind: 'abort', reason: 'Error: the disk is nearly full' });
  receiver.onMessage('node-1', world.group, { ...TRANSFER, kind: 'end', chunks: 2, items: many.length * 2 });
  await world.timers.advance(60_000);
  assert.deepEqual([receiver.installed, world.group.state.applied, world.treeStore.contents().length], [0, 0, before]);
});
