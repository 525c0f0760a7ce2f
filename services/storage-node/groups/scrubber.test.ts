import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { MemoryStore } from '../../../test/harness/memory-store.ts';
import { MIB } from '../../shared/base/units.ts';
import { WalDamagedError } from '../../shared/wal/wal-types.ts';
import type { ScrubOptions } from '../core/options.ts';
import { Findings } from './findings.ts';
import { IDENTITY, recordOf, ReplicaWorld } from './replica-world.fixture.ts';
import { Scrubber } from './scrubber.ts';

const ITEMS = 60;
const OPTIONS: ScrubOptions = { bytesPerSecond: 64 * MIB, intervalMs: 1_000_000 };
/** First bytes of the keys of pages and of the log's chunks. */
const PAGE = 'p'.charCodeAt(0);
const CHUNK = 0x30;

let world: ReplicaWorld;
let findings: Findings;

beforeEach(async () => {
  world = new ReplicaWorld();
  findings = new Findings(world.timers, world.environment.logger);
  await world.create();
  // Several chunks, and several pages.
  await world.follow([], 0);
  for (let slot = 1; slot <= ITEMS; slot += 10) {
    const records = Array.from({ length: 10 }, (_, at) => recordOf(slot + at, slot + at));
    await world.step({ kind: 'accept', ballot: { configuration: 1, round: 1, replica: 1 }, first: slot, records, commit: slot + 9 });
  }
  assert.equal(world.group.state.applied, ITEMS);
});

function scrubber(options = OPTIONS, unknown: number[] = []): Scrubber {
  return new Scrubber({
    environment: world.environment,
    wal: world.wal,
    groups: () => [world.group],
    groupOf: (id) => (id === IDENTITY.group ? world.group : undefined),
    unknown: () => unknown,
    findings,
    checkpoint: async (group) => void (await group.checkpoint()),
    options,
  });
}

/** One pass, from its beginning to its end. */
async function pass(scrub: Scrubber, limitMs = 60_000): Promise<number> {
  const beganAtMs = world.timers.monotonicMs();
  scrub.start();
  while (scrub.running && world.timers.monotonicMs() - beganAtMs < limitMs) await world.timers.advance(1);
  return world.timers.monotonicMs() - beganAtMs;
}

function keysOf(store: MemoryStore, kind: number): Buffer[] {
  return store.contents().flatMap(([key]) => (key[0] === kind ? [key] : []));
}

function flipBit(store: MemoryStore, key: Buffer): void {
  const entry = store.contents().find(([other]) => other.equals(key));
  assert.ok(entry);
  const value = Buffer.from(entry[1]);
  const at = value.length >> 1;
  value[at] = (value[at] as number) ^ 1;
  store.tamper(key, value);
}

function found(): (readonly [string, boolean])[] {
  return findings.list.map(({ kind, repaired }) => [kind, repaired] as const);
}

describe('a scrub pass', () => {
  it('reads everything of a sound replica, finds nothing, and says when it ended', async () => {
    await world.group.checkpoint();
    const scrub = scrubber();
    assert.equal(scrub.lastCompleteMs, 0);
    await pass(scrub);
    assert.deepEqual([found(), world.group.stopped], [[], false]);
    assert.equal(scrub.passPages, keysOf(world.treeStore, PAGE).length);
    assert.ok(scrub.passBytes > ITEMS * 300 * 2, 'pages and log');
    assert.deepEqual([scrub.pass, scrub.replicasDone, scrub.running], [1, 1, false]);
    assert.ok(scrub.lastCompleteMs > 0);
  });

  it('finds a flipped bit in any page of the tree, and has the replica give it up', async () => {
    await world.group.checkpoint();
    for (const key of keysOf(world.treeStore, PAGE)) {
      const sound = world.treeStore.contents().find(([other]) => other.equals(key))?.[1];
      await world.restart();
      flipBit(world.treeStore, key);
      const before = world.damaged.length;
      await pass(scrubber());
      assert.equal(world.damaged.length, before + 1, 'the replica stopped because of its tree');
      world.treeStore.tamper(key, sound);
    }
  });

  it('finds a flipped bit in any chunk of the log, and lets the log go behind a checkpoint', async () => {
    for (const key of keysOf(world.walStore, CHUNK)) {
      flipBit(world.walStore, key);
    }
    await pass(scrubber());
    await world.timers.settle();
    assert.deepEqual(found(), [['log', true]]);
    assert.deepEqual([world.group.checkpointSlot, world.group.paxos.trimmed, world.group.stopped], [ITEMS, ITEMS, false]);
    await pass(scrubber());
    assert.equal(findings.total, 1, 'nothing is found again');
  });

  it('keeps log that is whole behind the damaged chunk', async () => {
    const [first] = keysOf(world.walStore, CHUNK);
    assert.ok(first);
    flipBit(world.walStore, first);
    await world.group.checkpoint();
    world.group.checkpointSlot = 10;
    await pass(scrubber());
    assert.deepEqual([found(), world.group.paxos.trimmed], [[['log', true]], 10]);
    assert.equal((await world.wal.read(IDENTITY.group, 11, ITEMS, MIB)).length, ITEMS - 10);
  });

  it('reads no faster than it may', async () => {
    await world.group.checkpoint();
    const scrub = scrubber({ ...OPTIONS, bytesPerSecond: 100_000 });
    const tookMs = await pass(scrub);
    assert.ok(tookMs >= ((scrub.passBytes - 65_536) / 100_000) * 1000, `${scrub.passBytes} bytes in ${tookMs} ms`);
  });

  it('says what it could not look at', async () => {
    world.group.state.halted = 5;
    await pass(scrubber(OPTIONS, [33]));
    assert.deepEqual(
      findings.list.map(({ group, kind }) => [group, kind]),
      [
        [33, 'incomplete'],
        [IDENTITY.group, 'incomplete'],
      ],
    );
  });

  it('ends when the node stops, and gives back what it holds of the store', async () => {
    await world.group.checkpoint();
    const scrub = scrubber({ ...OPTIONS, bytesPerSecond: 1000 });
    scrub.start();
    await world.timers.advance(10);
    const stopped = scrub.stop();
    await world.timers.advance(2000);
    await stopped;
    assert.equal(scrub.lastCompleteMs, 0);
    scrub.start();
    assert.equal(scrub.running, false);
    await world.pages.close();
    await world.treeStore.close();
  });

  it('lets no log go once the node stops, or the replica has: its log may be closed, or be that of another', async () => {
    await world.group.checkpoint();
    const damage = new WalDamagedError('a chunk is damaged');
    const stopping = scrubber();
    await stopping.stop();
    await stopping.logDamaged(world.group, 1, damage);
    assert.deepEqual([found(), world.group.paxos.trimmed], [[], 0]);
    world.group.stop();
    await scrubber().logDamaged(world.group, 1, damage);
    assert.deepEqual([found(), world.group.paxos.trimmed], [[['log', false]], 0]);
  });

  it('begins by itself within the interval, and again after it', async () => {
    const scrub = scrubber({ ...OPTIONS, intervalMs: 10_000 });
    for (let ms = 0; ms < 30_000; ms += 250) {
      await world.timers.advance(250);
      scrub.tick();
    }
    await world.timers.advance(250);
    assert.ok(scrub.pass === 3 || scrub.pass === 2, `${scrub.pass} passes`);
  });
});

describe('what was found', () => {
  it('is repaired once the replica that began anew has its tree again, or has left the node', () => {
    const replica = { group: 7, tableId: 't' };
    findings.add(replica, 'page', 'first');
    findings.add(replica, 'page', 'the same again');
    findings.add({ group: 8, tableId: 't' }, 'page', 'another replica');
    assert.equal(findings.total, 2);
    findings.follow(() => 'sound');
    assert.equal(findings.unrepaired, 2, 'nothing has begun anew');
    findings.rebuilt(7, 'log');
    findings.follow(() => 'sound');
    assert.equal(findings.unrepaired, 2, 'another part has begun anew');
    findings.rebuilt(7, 'tree');
    findings.follow((group) => (group === 7 ? 'unsound' : 'gone'));
    assert.deepEqual(found(), [
      ['page', false],
      ['page', true],
    ]);
    findings.follow(() => 'sound');
    assert.equal(findings.unrepaired, 0);
  });
});

describe('a replica that needs a damaged place of its own log', () => {
  it('stops, abstains with the tree that it has, and is synced anew', async () => {
    const chunks = keysOf(world.walStore, CHUNK);
    await world.restart();
    const last = chunks.at(-1);
    assert.ok(last);
    world.group.paxos.forgetChosen(ITEMS);
    flipBit(world.walStore, last);
    world.group.pump();
    await world.timers.settle();
    assert.deepEqual([world.group.stopped, world.logsDamaged], [true, [world.group]]);
    const abstaining = world.loader.abstain(world.group);
    await world.timers.advance(10);
    const again = await abstaining;
    assert.deepEqual(
      [again.paxos.abstains, again.paxos.trimmed, again.state.applied],
      [true, world.group.state.applied, world.group.state.applied],
    );
    assert.equal(again.tree.stateHash(), world.group.tree.stateHash());
  });
});
