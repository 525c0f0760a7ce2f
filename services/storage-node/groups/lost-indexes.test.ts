import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INDEX_LAG_MS_MAX, INDEX_MOVE_PAUSE_MS } from '../../shared/limits/index-limits.ts';
import { IndexCursors } from '../core/index-cursors.ts';
import { FedIndexWorld, LOG_BYTES_MAX, REBUILD_AFTER_MS, settingsOf, untilDelivered, writeSome } from './fed-index.fixture.ts';
import { IDENTITY } from './replica-world.fixture.ts';

describe('indexes that cannot catch up', () => {
  it('are fed by another replica when the log here does not reach back to what they need', async () => {
    const world = await worldWithoutLog();
    await world.pass(2500);
    assert.deepEqual(world.handedOverTo, [], 'it leads for a while first');
    await world.pass(2000);
    assert.deepEqual(world.handedOverTo, [3], 'the next one in the succession, as long as nobody has said anything');
    const { group } = world.world;
    group.logStarts.heard(3, missing(world));
    group.logStarts.heard(1, missing(world) - 1);
    await world.pass(3500);
    assert.deepEqual(world.handedOverTo, [3, 1], 'the one that has it');
    assert.deepEqual(world.world.indexes?.lost(), []);
  });

  it('are given up once no replica has the log that they lack, and not before', async () => {
    const world = await worldWithoutLog();
    const { group, indexes } = world.world;
    // Words from before it was known what is looked for count for nothing.
    assert.deepEqual(indexes?.lost(), []);
    group.logStarts.heard(3, missing(world));
    await world.pass(50);
    assert.deepEqual(indexes?.lost(), []);
    group.logStarts.heard(1, missing(world));
    await world.pass(50);
    assert.deepEqual(indexes?.lost(), [{ group: IDENTITY.group, indexId: 'x', loss: 'log-gone' }]);
    const before = world.handedOverTo.length;
    await world.pass(7000);
    assert.equal(world.handedOverTo.length, before, 'nobody can do better');
    // Another index, under another name: made anew from what the table has.
    await world.tell(settingsOf(2, [], false));
    await world.pass(50);
    assert.deepEqual(indexes?.lost(), []);
    assert.equal(group.ownFloor, group.checkpointSlot, 'no log is kept for it any more');
    await world.tell(settingsOf(3, ['x'], true));
    for (const entries of world.entries.values()) entries.clear();
    for (const partition of world.cursors.keys()) world.cursors.set(partition, new IndexCursors());
    await untilDelivered(world);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('are given up when they take nothing for too long beyond the allowance, whoever leads meanwhile, and the table goes on', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    world.fate = () => 'lost';
    const large = { y: { S: 'y'.repeat(300_000) } };
    for (let count = 0; count * 300_000 < LOG_BYTES_MAX; count++) {
      world.put(`item-${count}`, { a: { S: 'a' }, ...large });
      await world.pass(20);
    }
    await world.pass(INDEX_LAG_MS_MAX + 1000);
    assert.deepEqual(world.write('item-none', undefined), [{ status: 'index-behind', message: 'x' }], 'nothing at all is taken');
    await world.pass(REBUILD_AFTER_MS / 2);
    assert.deepEqual(world.world.indexes?.lost(), []);
    world.world.group.paxos.stepDown(world.world.timers.monotonicMs());
    world.world.group.pump();
    await world.pass(500);
    while (!world.world.group.paxos.serves) await world.pass(50);
    await world.pass(REBUILD_AFTER_MS / 2 + 1000);
    assert.deepEqual(world.world.indexes?.lost(), [{ group: IDENTITY.group, indexId: 'x', loss: 'silent' }]);
    await world.tell(settingsOf(2, [], false));
    const answers = world.write('item-1', { S: 'b' });
    await world.pass(100);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['ok'],
    );
    assert.deepEqual(world.world.indexes?.lost(), []);
  });

  it('are given up when writes are refused for them for too long, however little log is kept', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    world.fate = () => 'lost';
    world.write('item-1', { S: 'a' });
    await world.pass(INDEX_LAG_MS_MAX + 1000);
    assert.deepEqual(world.write('item-1', { S: 'b' }), [{ status: 'index-behind', message: 'x' }]);
    await world.pass(REBUILD_AFTER_MS - 2000);
    assert.deepEqual(world.world.indexes?.lost(), []);
    await world.pass(3000);
    assert.deepEqual(world.world.indexes?.lost(), [{ group: IDENTITY.group, indexId: 'x', loss: 'silent' }]);
  });

  it('are not given up as long as they get on, however slowly', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    world.fate = () => 'lost';
    for (let count = 0; count < 20; count++) {
      world.put(`item-${count}`, { a: { S: 'a' }, y: { S: 'y'.repeat(300_000) } });
      await world.pass(20);
    }
    const { group } = world.world;
    for (let part = 0; part < 4; part++) {
      await world.pass(REBUILD_AFTER_MS / 2);
      assert.deepEqual(world.world.indexes?.lost(), []);
      // Each half of the index comes one record further.
      for (const cursors of world.cursors.values()) {
        const previous = cursors.of(group.id) ?? 0;
        cursors.advance({ source: group.id, previous, slot: previous + 1, opens: false });
      }
      // They say so, and take nothing else.
      world.fate = () => 'answered';
      await world.pass(2 * INDEX_MOVE_PAUSE_MS);
      world.fate = () => 'lost';
    }
  });

  it('are not held up for time in which the process stood still', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    world.fate = () => 'lost';
    world.write('item-1', { S: 'a' });
    await world.pass(1000);
    // No tick comes.
    await world.world.timers.advance(60_000);
    await world.pass(10);
    const [sender] = [...(world.world.indexes?.all() ?? [])];
    assert.ok(sender && sender.sender.lagMs() < 2000, `a lag of ${sender?.sender.lagMs()} ms`);
    const taken = world.write('item-1', { S: 'b' });
    await world.pass(100);
    assert.deepEqual(
      taken.map(({ status }) => status),
      ['ok'],
    );
    await world.pass(INDEX_LAG_MS_MAX);
    assert.deepEqual(world.write('item-1', { S: 'c' }), [{ status: 'index-behind', message: 'x' }]);
  });
});

/** A replica of three that leads, and lacks log that its index needs. */
async function worldWithoutLog(): Promise<FedIndexWorld> {
  const world = new FedIndexWorld();
  await world.create();
  await world.tell(settingsOf(1, ['x'], false));
  await world.pass(500);
  world.fate = () => 'lost';
  writeSome(world, 30);
  await world.pass(500);
  await world.world.group.checkpoint();
  // As if this copy had come by a snapshot.
  world.world.group.trim(world.world.group.checkpointSlot);
  writeSome(world, 5);
  await world.pass(500);
  world.world.indexes?.stop();
  await world.world.restart();
  await world.lead();
  const { group } = world.world;
  // It is chosen by itself alone, and only looks for others.
  Object.defineProperty(group, 'identity', { value: { ...group.identity, members: IDENTITY.members } });
  for (const replica of [1, 3]) group.logStarts.heard(replica, Number.MAX_SAFE_INTEGER);
  world.fate = () => 'taken';
  for (let ms = 0; [...(world.world.indexes?.all() ?? [])].some(({ sender }) => sender.missing === undefined); ms += 10) {
    assert.ok(ms < 1000, 'the log is there');
    await world.pass(10);
  }
  return world;
}

function missing(world: FedIndexWorld): number {
  const [led] = [...(world.world.indexes?.all() ?? [])];
  return led?.sender.missing ?? assert.fail('nothing is missing');
}
