import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import type { SnapshotMessage } from '../../shared/wire/frames.ts';
import { BALLOT, IDENTITY, ReplicaWorld } from './replica-world.fixture.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SoleCopies } from './sole-copies.ts';

const CATCH_UP = { replica: IDENTITY.replica, ballot: BALLOT, position: 0, bySnapshot: true };

it('gives up what is under way when the node stops, and reads nothing of a tree after that', async () => {
  const timers = new ManualTimers();
  const world = new ReplicaWorld(timers);
  await world.create();
  await world.install(3000, 10);
  await world.restart();
  const sent: SnapshotMessage[] = [];
  const links = {
    connected: () => true,
    flush: () => undefined,
    sendSnapshot: (_node: string, message: SnapshotMessage) => void sent.push(message),
  };
  const parts = { environment: world.environment, links, checkpoint: () => Promise.resolve(), copies: new SoleCopies(timers) };
  const sender = new SnapshotSender(parts);
  const { tree } = world.group;
  let open = 0;
  const pinned = tree.pinned.bind(tree);
  tree.pinned = async () => {
    const view = await pinned();
    const close = view.close.bind(view);
    open += 1;
    view.close = async () => {
      // What is read at that moment has to end first.
      await timers.sleep(10);
      await close();
      open -= 1;
    };
    return view;
  };
  sender.start(world.group, CATCH_UP);
  // The receiver says nothing: so many chunks are sent ahead, then an answer is waited for.
  await timers.advance(10_000);
  assert.equal(open, 1);
  await timers.until(sender.stop());
  assert.equal(open, 0, 'the view of the tree is closed');
  assert.equal(sender.sendingTo(IDENTITY.replica), false);
  const before = sent.length;
  sender.start(world.group, CATCH_UP);
  await timers.advance(2000);
  assert.deepEqual([sent.length, open], [before, 0], 'nothing begins any more');
});
