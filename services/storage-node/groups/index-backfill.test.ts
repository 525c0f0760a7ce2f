import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import type { IndexProgress } from '../../shared/wire/admin.ts';
import { dueSeconds } from '../../shared/item/expiry.ts';
import { INDEX_LAG_MS_MAX } from '../../shared/limits/index-limits.ts';
import { FedIndexWorld, keyOf, settingsOf } from './fed-index.fixture.ts';

function progressOf({ world }: FedIndexWorld): IndexProgress {
  const [progress] = world.indexes?.progress(world.group) ?? [];
  assert.ok(progress);
  return progress;
}

/** Items with so many bytes each beside their key, which are in the index. */
async function filled(count: number, bytes: number, a = 'a'): Promise<FedIndexWorld> {
  const world = new FedIndexWorld();
  await world.create();
  for (let at = 0; at < count; at++) {
    world.put(`item-${at}`, { a: { S: a }, x: { S: 'x'.repeat(bytes) } });
    if (at % 20 === 19) await world.world.timers.settle();
  }
  await world.world.timers.settle();
  return world;
}

async function untilBuilt(world: FedIndexWorld): Promise<void> {
  for (let rounds = 0; !progressOf(world).delivered; rounds++) {
    assert.ok(rounds < 500, 'the index is never built');
    await world.pass(100);
  }
}

describe('a backfill', () => {
  it('waits, as long as nobody knows where a partition of the index is, before much of it is in the log', async () => {
    const world = await filled(600, 10, 'a'.repeat(2000));
    world.fate = () => 'lost';
    await world.tell(settingsOf(1, ['x'], true));
    await world.pass(5000);
    assert.ok(progressOf(world).itemsDone < 500, 'the whole table is in the log, and nothing of it can go');
    world.fate = () => 'taken';
    await untilBuilt(world);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('looks at few items at a time when these are large, whatever their entries are', async () => {
    const world = await filled(40, 20_000);
    world.fate = () => 'lost';
    const { group, timers } = world.world;
    group.changeSettings(settingsOf(1, ['x'], true), timers.monotonicMs() + 5000, () => undefined);
    const looks: number[] = [];
    const propose = group.proposeBackfill.bind(group);
    group.proposeBackfill = (...parameters) => {
      const step = propose(...parameters);
      looks.push(step.items);
      return step;
    };
    await world.pass(2000);
    assert.equal(progressOf(world).backfilled, true);
    assert.ok(Math.max(...looks) <= 8, `a look at ${Math.max(...looks)} items of 20 KB`);
  });

  it('reads pages before it writes a chunk, and makes a chunk of what fits into memory', async () => {
    const world = await filled(100, 2000);
    await world.world.group.checkpoint();
    await world.world.restart();
    await world.lead();
    const { group, timers } = world.world;
    group.changeSettings(settingsOf(1, ['x'], true), timers.monotonicMs() + 5000, () => undefined);
    let chunks = 0;
    const propose = group.proposeBackfill.bind(group);
    group.proposeBackfill = (...parameters) => {
      const step = propose(...parameters);
      if (step.slot !== undefined) chunks += 1;
      return step;
    };
    await world.pass(5000);
    await untilBuilt(world);
    assert.ok(chunks <= 30, `${chunks} chunks for 100 items`);
    assert.deepEqual(world.held(), await world.expected());
  });

  it('tells how many items there are without what is derived from them', async () => {
    const world = await filled(0, 0);
    await world.tell({ ...settingsOf(1, [], true), ttlAttribute: 'e' });
    for (let at = 0; at < 10; at++) world.put(`item-${at}`, { a: { S: 'a' }, e: { N: '9000000000' } });
    await world.pass(100);
    await world.tell({ ...settingsOf(2, ['x'], true), ttlAttribute: 'e' });
    await untilBuilt(world);
    const { items, itemsDone } = progressOf(world);
    assert.deepEqual({ items, itemsDone }, { items: 10, itemsDone: 10 });
  });

  it('ends with its replica when the tree has ended, and takes nothing else with it', async () => {
    const world = await filled(5, 10);
    const { group } = world.world;
    group.tree.scan = () => {
      throw new PageDamagedError(1, 2, 'checksum');
    };
    group.changeSettings(settingsOf(1, ['x'], true), world.world.timers.monotonicMs() + 5000, () => undefined);
    await world.pass(100);
    assert.ok(group.stopped);
    assert.deepEqual(world.world.damaged, [group]);
  });
});

describe('items that expire under an index that cannot keep up', () => {
  it('stay until it can, if they are in it', async () => {
    const world = new FedIndexWorld();
    await world.create();
    await world.tell({ ...settingsOf(1, ['x'], false), ttlAttribute: 'e' });
    const { group, timers } = world.world;
    const due = dueSeconds(timers.wallMs() + 100_000);
    const e = { N: String(due.high - 10) };
    world.put('indexed', { a: { S: 'a' }, e });
    world.put('other', { e });
    await world.pass(500);
    world.fate = () => 'lost';
    world.write('item-1', { S: 'a' });
    await world.pass(INDEX_LAG_MS_MAX + 1000);
    assert.equal(group.deleteExpired(keyOf('indexed'), due), undefined);
    assert.ok(group.deleteExpired(keyOf('other'), due));
    world.fate = () => 'taken';
    await world.pass(2000);
    assert.ok(group.deleteExpired(keyOf('indexed'), due));
  });
});
