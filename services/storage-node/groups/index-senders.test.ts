import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { dueSeconds } from '../../shared/item/expiry.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { must } from '../../shared/base/assert.ts';
import { KIB } from '../../shared/base/units.ts';
import { INDEX_LAG_MS_MAX, INDEX_STEP_BYTES, INDEX_WAITING_BYTES_NODE_MAX } from '../../shared/limits/index-limits.ts';
import { type Fate, FedIndexWorld, KEYS, NAMES, settingsOf, untilDelivered, writeSome } from './fed-index.fixture.ts';

const FATES: readonly Fate[] = ['taken', 'taken', 'taken', 'answer-lost', 'lost', 'twice'];

type Event = 'write' | 'write-many' | 'pass' | 'checkpoint' | 'depose' | 'restart' | 'index';

async function play(world: FedIndexWorld, event: Event, indexAt: number): Promise<void> {
  const { group, timers } = world.world;
  switch (event) {
    case 'write':
      return writeSome(world, 1);
    case 'write-many':
      return writeSome(world, 20);
    case 'pass':
      return world.pass(20 + world.random.below(200));
    case 'checkpoint':
      await timers.settle();
      if (group.checkpointable) await group.checkpoint();
      if (group.ownFloor > group.paxos.trimmed) group.trim(group.ownFloor);
      return;
    case 'depose':
      group.paxos.stepDown(timers.monotonicMs());
      group.pump();
      return world.lead();
    case 'restart':
      world.world.indexes?.stop();
      await world.world.restart();
      return world.lead();
    case 'index':
      await timers.settle();
      return world.tell(settingsOf(indexAt, ['x'], true));
  }
}

describe('the indexes of a partition that leads', () => {
  it('hold what follows from its items, those that were there before included, whatever is lost, repeated and deposed', async () => {
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.constant<Event>('write') },
      { weight: 2, arbitrary: fc.constant<Event>('write-many') },
      { weight: 5, arbitrary: fc.constant<Event>('pass') },
      { weight: 2, arbitrary: fc.constant<Event>('checkpoint') },
      { weight: 2, arbitrary: fc.constant<Event>('depose') },
      { weight: 1, arbitrary: fc.constant<Event>('restart') },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), fc.array(event, { maxLength: 25 }), fc.nat(), async (before, behind, seed) => {
        const world = new FedIndexWorld(seed);
        await world.create();
        world.fate = () => world.random.pick(FATES);
        for (const each of before) await play(world, each, 1);
        await play(world, 'index', 1);
        for (const each of behind) await play(world, each, 1);
        await world.world.timers.settle();
        await untilDelivered(world);
        assert.deepEqual(world.held(), await world.expected());
        assert.deepEqual(world.world.failures, []);
        // Nothing keeps the log any more once checkpoints are behind everything.
        const { group } = world.world;
        if (group.checkpointable) await group.checkpoint();
        await world.pass(3000);
        assert.equal(group.ownFloor, group.checkpointSlot);
        world.world.indexes?.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('get what is proposed behind the settings before these are applied', async () => {
    const world = new FedIndexWorld();
    await world.create();
    world.write('item-1', { S: 'a' });
    await world.world.timers.settle();
    world.world.group.changeSettings(settingsOf(1, ['x'], true), world.world.timers.monotonicMs() + 5000, () => undefined);
    world.write('item-1', { S: 'b' });
    world.write('item-2', { S: 'b' });
    world.write('item-2', { S: 'c' });
    await world.world.timers.settle();
    await untilDelivered(world);
    assert.deepEqual(world.held(), await world.expected());
    assert.equal(world.held().size, 2);
  });

  it('get an item of the backfill as it is in the log, not as it is in the tree', async () => {
    const world = new FedIndexWorld();
    await world.create();
    for (const name of NAMES) world.write(name, { S: 'a' });
    await world.world.timers.settle();
    world.fate = () => 'lost';
    world.world.group.changeSettings(settingsOf(1, ['x'], true), world.world.timers.monotonicMs() + 5000, () => undefined);
    await world.world.timers.settle();
    // These are under way when the backfill looks at the tree.
    const { group } = world.world;
    const backfill = group.state.indexFeeds.get('x')?.backfill;
    const [sender] = [...(world.world.indexes?.all() ?? [])];
    assert.ok(backfill && sender);
    if (backfill.next !== undefined) {
      for (const name of NAMES) world.write(name, { S: 'b' });
      group.proposeBackfill(sender.sender.entries, backfill, 0);
    }
    await world.world.timers.settle();
    await untilDelivered(world);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('are built once they have what the backfill brought into the log', async () => {
    const world = new FedIndexWorld();
    await world.create();
    for (const name of NAMES) world.write(name, { S: 'a' });
    await world.pass(100);
    await world.tell(settingsOf(1, ['x'], true));
    world.fate = () => 'lost';
    await world.pass(1000);
    const progress = () => world.world.indexes?.progress(world.world.group)[0];
    assert.deepEqual(progress(), { indexId: 'x', backfilled: true, delivered: false, itemsDone: NAMES.length, items: NAMES.length });
    await untilDelivered(world);
    assert.equal(progress()?.delivered, true);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('have the writes that touch them refused when they cannot keep up, and no others, until they can', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    world.fate = () => 'lost';
    world.write('item-1', { S: 'a' });
    await world.pass(INDEX_LAG_MS_MAX + 1000);
    assert.deepEqual(world.write('item-1', { S: 'b' }), [{ status: 'index-behind', message: 'x' }]);
    assert.deepEqual(world.write('item-2', { S: 'b' }), [{ status: 'index-behind', message: 'x' }]);
    const others = [world.write('item-3', undefined), world.write('item-4', undefined)];
    await world.pass(100);
    assert.deepEqual(
      others.flat().map(({ status }) => status),
      ['ok', 'ok'],
    );
    assert.equal(world.world.indexes?.counts.refused, 2);
    await untilDelivered(world);
    await world.pass(100);
    const again = world.write('item-1', { S: 'b' });
    await world.pass(100);
    assert.equal(again[0]?.status, 'ok');
    await untilDelivered(world);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('are spared the deletes of what has expired while they cannot keep up', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell({ ...settingsOf(1, ['x'], false), ttlAttribute: 'e' });
    const seconds = Math.floor(world.world.environment.clock.wallMs() / 1000) - 60;
    world.write('item-1', { S: 'a' }, { e: { N: String(seconds) } });
    world.fate = () => 'lost';
    await world.pass(INDEX_LAG_MS_MAX + 1000);
    const key = encodeKey(KEYS, { p: { S: 'item-1' } }, nodeDigest);
    const due = dueSeconds(world.world.environment.clock.wallMs());
    assert.equal(world.world.group.deleteExpired(key, due), undefined);
    await untilDelivered(world);
    await world.pass(100);
    assert.notEqual(world.world.group.deleteExpired(key, due), undefined);
    await untilDelivered(world);
    assert.deepEqual([world.held().size, (await world.expected()).size], [0, 0]);
  });

  it('keep the log until each of their partitions has what it needs of it', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    world.fate = () => 'lost';
    const { group } = world.world;
    writeSome(world, 30);
    await world.pass(500);
    await group.checkpoint();
    assert.ok(group.ownFloor < group.checkpointSlot, 'log goes that an index needs');
    assert.ok(group.sharedFloor < group.checkpointSlot, 'log goes from followers that an index needs');
    await untilDelivered(world);
    await world.pass(3000);
    assert.equal(group.ownFloor, group.checkpointSlot);
    // A leader that has not asked yet does not know.
    group.paxos.stepDown(world.world.timers.monotonicMs());
    group.pump();
    assert.equal(group.ownFloor, group.trimFloor.told);
    world.fate = () => 'lost';
    await world.lead();
    assert.equal(group.ownFloor, 0);
  });

  it('wait in memory as far as the node has room, but a message of each always', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    const { indexes } = world.world;
    const counts = must(indexes?.counts);
    const [fed] = [...must(indexes).all()];
    const waiting = (): number => must(fed).sender.waitingBytes;
    world.fate = () => 'lost';
    counts.waitingBytes += INDEX_WAITING_BYTES_NODE_MAX;
    for (let at = 0; at < 200; at++) world.write(`item-${at}`, { S: 'a'.repeat(1000) });
    await world.pass(200);
    assert.ok(waiting() >= INDEX_STEP_BYTES && waiting() < INDEX_STEP_BYTES + 2 * KIB, `${waiting()} bytes wait`);
    assert.equal(counts.waitingBytes, INDEX_WAITING_BYTES_NODE_MAX + waiting());
    counts.waitingBytes -= INDEX_WAITING_BYTES_NODE_MAX;
    await world.pass(200);
    assert.ok(waiting() > 200_000, 'all of it waits');
    await untilDelivered(world);
    assert.deepEqual(world.held(), await world.expected());
    assert.equal(counts.waitingBytes, 0);
    world.fate = () => 'lost';
    world.write('item-1', { S: 'b' });
    await world.pass(100);
    assert.ok(counts.waitingBytes > 0);
    indexes?.stop();
    assert.equal(counts.waitingBytes, 0);
  });

  it('are moved on when much of the log does not concern them, so that no leader reads it all again', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    const { group } = world.world;
    const large = { y: { S: 'y'.repeat(300_000) } };
    // None of it is in the index.
    for (let count = 0; count < 50; count++) {
      world.write(`item-${count}`, undefined, large);
      await world.pass(20);
    }
    await world.pass(3000);
    assert.ok(group.checkpointSlot < group.state.applied, 'nothing else asks for it');
    assert.ok(world.positions.every((slot) => slot !== undefined && slot > 10));
  });

  it('are fed a record that is chosen and not on the own disk yet a little later, and the loop goes on meanwhile', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell(settingsOf(1, ['x'], false));
    await world.pass(500);
    const { group, wal } = world.world;
    let reads = 0;
    // Consensus holds no applied record in memory any more, and the log is behind.
    group.paxos.recordAt = () => undefined;
    wal.read = () => {
      reads += 1;
      // Without an end to it the turn would have none.
      return reads < 1000 ? Promise.resolve([]) : Promise.reject(new Error('it looks again in the same turn'));
    };
    const { applied } = group.state;
    group.state.applied = applied + 1;
    await world.pass(500);
    assert.ok(reads > 2 && reads < 100, `looked for ${reads} times`);
    group.state.applied = applied;
    world.world.indexes?.stop();
  });
});
