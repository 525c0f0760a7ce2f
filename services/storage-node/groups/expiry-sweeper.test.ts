import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { expiryPlace } from '../../shared/item/expiry.ts';
import { EXPIRY_SPACE, LOCAL_SPACE_LOW, localSpaceEnd } from '../../shared/item/local-space.ts';
import { decodeLogRecord, type LogRecord } from '../../shared/wal/log-record.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { ExpiryWorld, keyOf, OPTIONS, settingsOf } from './expiry-world.fixture.ts';

let at: ExpiryWorld;

beforeEach(async () => {
  at = new ExpiryWorld();
  await at.begin();
});

function ttl(seconds: number): string {
  return `"ttl":{"N":"${seconds}"}`;
}

async function itemsLeft(): Promise<number[]> {
  const { items } = await at.contents();
  const numbers = [...items.values()].map((json) => Number((JSON.parse(json) as { readonly pk: { readonly S: string } }).pk.S));
  return numbers.sort((a, b) => a - b);
}

/** The attribute is named, and there is no item yet. */
async function enable(): Promise<void> {
  await at.settle(settingsOf(1, 'ttl'));
  await at.turns(3, true);
  assert.deepEqual(at.group.state.expiry?.derivedTo, LOCAL_SPACE_LOW);
}

/** A pass begins now, and proposes what it does before anything else happens. */
async function sweepAtOnce(): Promise<void> {
  at.world.timers.jump(OPTIONS.sweepIntervalMs);
  at.sweeper.tick([at.group], at.world.timers.monotonicMs());
  await new Promise(setImmediate);
}

/** Long enough for a pass. */
async function sweep(): Promise<void> {
  await at.turns((2 * OPTIONS.sweepIntervalMs) / 50, true);
}

async function recordsOfType(type: LogRecord['type']): Promise<LogRecord[]> {
  const { wal, environment } = at.world;
  const records = await wal.read(at.group.id, 1, at.group.paxos.last + 1, 1 << 20);
  return records.map((bytes) => decodeLogRecord(bytes, environment.digest)).filter((record) => record.type === type);
}

describe('the sweep', () => {
  it('deletes what is due, and nothing else', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    await at.write(2, ttl(at.nowSeconds + 10_000));
    await at.write(3, '');
    await at.write(4, `"ttl":{"S":"${at.nowSeconds - 10}"}`);
    await at.write(5, ttl(at.nowSeconds - 6 * 365 * 86_400));
    await at.write(6, `"ttl":{"N":"${at.nowSeconds - 10}.5"}`);
    await at.write(7, ttl(at.nowSeconds - 4 * 365 * 86_400));
    await at.write(8, `"other":{"N":"${at.nowSeconds - 10}"}`);
    await sweep();
    assert.deepEqual(await itemsLeft(), [2, 3, 4, 5, 8]);
    assert.equal(at.sweeper.deleted, 3);
    await at.assertEntries();
  });

  it('waits until the time has come', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds + 30));
    await sweep();
    assert.deepEqual(await itemsLeft(), [1]);
    await at.world.timers.advance(31_000);
    await sweep();
    assert.deepEqual(await itemsLeft(), []);
  });

  it('records the service as who deleted, and images where a global index asks for them', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    await sweep();
    const index = {
      name: 'g',
      indexId: 'g-1',
      keys: { partition: [{ name: 'x', type: 'S' as const }], sort: [] },
      projection: { kind: 'all' as const },
      backfill: false,
    };
    await at.settle({ ...settingsOf(2, 'ttl'), globalIndexes: [index] });
    await at.write(2, ttl(at.nowSeconds - 10));
    await sweep();
    const records = await recordsOfType('ttl-delete');
    assert.deepEqual(
      records.map(({ identity, change, oldSize, key, newValue }) => [identity, change, oldSize, Buffer.from(key), newValue]),
      [1, 2].map((number) => [{ kind: 'service', name: 'dynamodb.amazonaws.com' }, 'remove', 10, Buffer.from(keyOf(number)), undefined]),
    );
    assert.equal(records[0]?.oldImage, undefined);
    assert(records[1]?.oldImage !== undefined);
  });

  it('takes the entries of local indexes with the item', async () => {
    const localIndex = { name: 'l', number: 1, sort: { name: 'x', type: 'S' as const }, projection: { kind: 'all' as const } };
    await at.settle({ ...settingsOf(1, 'ttl'), localIndexes: [localIndex] });
    await at.write(1, `${ttl(at.nowSeconds + 5)},"x":{"S":"a"}`);
    assert.equal((await at.group.tree.rank(localSpaceEnd(EXPIRY_SPACE))).items, 3);
    await at.world.timers.advance(10_000);
    await sweep();
    assert.equal(at.sweeper.deleted, 1);
    assert.equal(at.group.tree.items, 0);
  });

  it('leaves what was written anew before its delete, though that is not applied', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    await at.write(2, ttl(at.nowSeconds - 10));
    at.propose(1, ttl(at.nowSeconds + 10_000));
    at.propose(2, undefined);
    await sweepAtOnce();
    await sweep();
    assert.deepEqual(await itemsLeft(), [1]);
    assert.equal(at.sweeper.deleted, 0);
    await at.assertEntries();
  });

  it('deletes once what is written while its delete is under way', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    await sweepAtOnce();
    assert.equal(at.sweeper.deleted, 1);
    at.propose(1, ttl(at.nowSeconds + 10_000));
    await sweep();
    assert.deepEqual(await itemsLeft(), [1]);
    assert.equal(at.sweeper.deleted, 1);
    await at.assertEntries();
  });

  it('does not follow log time, in which a clock was fast', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds + 3600));
    at.group.state.timeMs = (at.nowSeconds + 7200) * 1000;
    await sweep();
    assert.deepEqual(await itemsLeft(), [1]);
  });

  it('reads no more than what is due', async () => {
    await enable();
    for (let number = 0; number < 20; number++) await at.write(number, ttl(at.nowSeconds + (number < 3 ? -10 : 10_000)));
    await at.turns(5, true);
    let visited = 0;
    const { tree } = at.group;
    const { scan } = tree;
    tree.scan = (low, high, reverse, visitor, ahead) =>
      scan.call(
        tree,
        low,
        high,
        reverse,
        (key, value) => {
          if (Buffer.compare(key, LOCAL_SPACE_LOW) >= 0) visited += 1;
          return visitor(key, value);
        },
        ahead,
      );
    for (let number = 0; number < 4; number++) await at.write(number, ttl(at.nowSeconds - 10));
    await sweep();
    assert.equal(visited, 4);
  });

  it('deletes a few at a time in each partition, the next ones when those are applied', async () => {
    await enable();
    for (let number = 0; number < 100; number++) at.propose(number, ttl(at.nowSeconds - 60));
    await at.turns(5);
    await sweepAtOnce();
    const first = at.sweeper.deleted;
    assert(first > 0 && first < 50, `${first} deletes at once`);
    at.sweeper.tick([at.group], at.world.timers.monotonicMs() + 1000);
    await new Promise(setImmediate);
    assert.equal(at.sweeper.deleted, first);
  });

  it('deletes no more than it may in a second, and tells what is left', async () => {
    await enable();
    at.sweeper = new ExpirySweeper({ ...OPTIONS, deletesPerSecond: 100 }, at.world.environment);
    const seconds = at.nowSeconds - 60;
    for (let number = 0; number < 100; number++) at.propose(number, ttl(seconds));
    await at.turns(10);
    at.world.timers.jump(OPTIONS.sweepIntervalMs);
    await at.turns(1, true);
    // What is saved up is a tenth of a second's worth.
    assert.equal(at.sweeper.deleted, 10);
    assert.equal(at.sweeper.due, 90);
    assert(at.sweeper.lagSeconds >= 60);
    await at.turns(10, true);
    assert.equal(at.sweeper.deleted, 60);
    await at.turns(20, true);
    assert.equal(at.sweeper.deleted, 100);
    assert.deepEqual([at.sweeper.due, at.sweeper.lagSeconds], [0, 0]);
    assert.deepEqual(await itemsLeft(), []);
  });

  it('waits while settings are under way, which may name another attribute', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    at.group.changeSettings(settingsOf(2), at.world.timers.monotonicMs() + 5000, () => undefined);
    await sweepAtOnce();
    await sweep();
    assert.deepEqual(await itemsLeft(), [1]);
    assert.equal(at.sweeper.deleted, 0);
  });

  it('ends with the leadership, while pages are read for it, too', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    let bring: () => void = () => undefined;
    let asked = 0;
    at.group.fetchItem = () => {
      asked += 1;
      return asked > 1 ? undefined : new Promise((resolve) => (bring = resolve));
    };
    await sweepAtOnce();
    assert.equal(asked, 1);
    at.group.paxos.stepDown(at.world.timers.monotonicMs());
    bring();
    await at.world.timers.settle();
    assert.deepEqual([asked, at.sweeper.deleted], [2, 0]);
  });

  it('tells nothing of a group that is gone', async () => {
    await enable();
    for (let number = 0; number < 100; number++) at.propose(number, ttl(at.nowSeconds - 60));
    await at.turns(5);
    await sweepAtOnce();
    assert(at.sweeper.due > 0);
    at.sweeper.tick([], at.world.timers.monotonicMs() + 50);
    assert.deepEqual([at.sweeper.due, at.sweeper.lagSeconds], [0, 0]);
  });

  it('does not begin without the leadership', async () => {
    await enable();
    await at.write(1, ttl(at.nowSeconds - 10));
    at.group.paxos.stepDown(at.world.timers.monotonicMs());
    await sweepAtOnce();
    assert.equal(at.sweeper.deleted, 0);
  });
});

describe('an attribute named on a live table', () => {
  const EXPIRED = 1_600_000_000;

  it('takes in the items that were there', async () => {
    for (let number = 0; number < 700; number++) at.propose(number, number % 2 === 0 ? ttl(EXPIRED) : '');
    await at.turns(10);
    await at.settle(settingsOf(4, 'ttl'));
    await sweep();
    await at.turns(20, true);
    assert.equal((await itemsLeft()).length, 350);
    assert.equal(at.sweeper.deleted, 350);
    assert((await recordsOfType('expiry-range')).length >= 3, 'in one range');
    assert.deepEqual(at.group.state.expiry?.derivedTo, LOCAL_SPACE_LOW);
    await at.assertEntries();
  });

  it('takes the place of another one, of which nothing is left', async () => {
    await at.settle(settingsOf(1, 'ttl'));
    await at.write(1, ttl(at.nowSeconds + 1));
    await at.write(2, `${ttl(at.nowSeconds + 1)},"other":{"N":"${at.nowSeconds + 10_000}"}`);
    await at.write(3, `"other":{"N":"${EXPIRED}"}`);
    await at.settle(settingsOf(2));
    await at.settle(settingsOf(3, 'other'));
    await at.world.timers.advance(5000);
    await sweep();
    assert.deepEqual(await itemsLeft(), [1, 2]);
    await at.assertEntries();
    assert.deepEqual(at.group.state.expiry?.droppedTo, expiryPlace(3, 0));
  });

  it('is taken away with all its entries', async () => {
    await at.settle(settingsOf(1, 'ttl'));
    for (let number = 0; number < 300; number++) at.propose(number, ttl(at.nowSeconds + 1));
    await at.turns(10);
    await at.settle(settingsOf(2));
    await at.world.timers.advance(5000);
    await sweep();
    const { items, entries } = await at.contents();
    assert.deepEqual([items.size, entries.size], [300, 0]);
  });
});
