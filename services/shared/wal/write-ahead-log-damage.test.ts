import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryMarkFile } from '../../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../../test/harness/memory-store.ts';
import { contentsOf, holdsAllOf, type ModelState, openWal, recordsOf, WalWorkload } from '../../../test/harness/wal-workload.ts';
import { must } from '../base/assert.ts';
import { equalBytes } from '../base/bytes.ts';
import { Prng } from '../base/prng.ts';
import type { BatchOperation } from '../env/key-value-store.ts';
import { WalDamagedError } from './wal-types.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

/** Remembers every entry that it ever held. */
class RememberingStore extends MemoryStore {
  readonly past: (readonly [Buffer, Buffer])[] = [];

  override write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void> {
    for (const operation of batch) {
      if (operation.kind === 'put') this.past.push([Buffer.from(operation.key), Buffer.from(operation.value)]);
    }
    return super.write(batch, options);
  }
}

/** A log after random steps, closed. */
async function grown(random: Prng): Promise<{ store: RememberingStore; mark: MemoryMarkFile; state: ModelState }> {
  const store = new RememberingStore();
  const mark = new MemoryMarkFile();
  const log = await openWal(store, mark);
  const workload = new WalWorkload(random, log);
  for (let steps = 5 + random.below(60); steps > 0; steps--) {
    workload.step();
    if (random.chance(0.5)) for (let turns = random.below(30); turns > 0; turns--) await Promise.resolve();
  }
  await log.close();
  return { store, mark, state: workload.state };
}

/** One entry is not what was written. Returns false when this kind of damage finds nothing to do. */
function damage(store: RememberingStore, random: Prng): boolean {
  const contents = store.contents();
  const [key, value] = random.pick(contents);
  switch (random.below(8)) {
    case 0:
      store.tamper(key, flipped(value, random));
      return true;
    case 1:
      store.tamper(key, undefined);
      store.tamper(flipped(key, random), value);
      return true;
    case 2:
      store.tamper(key, undefined);
      return true;
    case 3: {
      const older = store.past.filter(([pastKey, pastValue]) => equalBytes(pastKey, key) && !equalBytes(pastValue, value));
      if (older.length === 0) return false;
      store.tamper(key, random.pick(older)[1]);
      return true;
    }
    case 4: {
      const [otherKey, otherValue] = random.pick(contents);
      store.tamper(key, otherValue);
      store.tamper(otherKey, value);
      return !equalBytes(value, otherValue);
    }
    case 5: {
      const gone = store.past.filter(([pastKey]) => !contents.some(([present]) => equalBytes(present, pastKey)));
      if (gone.length === 0) return false;
      store.tamper(...random.pick(gone));
      return true;
    }
    case 6:
      store.tamper(key, value.subarray(0, random.below(value.length)));
      return true;
    default:
      store.tamper(key, Buffer.alloc(value.length));
      return true;
  }
}

function flipped(bytes: Buffer, random: Prng): Buffer {
  const changed = Buffer.from(bytes);
  const at = random.below(bytes.length);
  changed[at] = must(changed[at]) ^ (1 << random.below(8));
  return changed;
}

/** Each group of the model is whole or said to be damaged. Returns how many are damaged. */
async function assertNothingSilentlyLost(log: WriteAheadLog, state: ModelState, random: Prng): Promise<number> {
  let damaged = 0;
  for (const [group, model] of state) {
    const recovered = log.recovered().get(group);
    if (recovered === undefined) {
      assert.notEqual(log.storeDamage(), undefined, `group ${group} vanished`);
      damaged += 1;
    } else if (recovered.damage !== undefined) {
      await assert.rejects(log.read(group, 1, 1, 1), WalDamagedError);
      damaged += 1;
    } else {
      const records = await recordsOf(log, group, recovered.header, random);
      assert.ok(holdsAllOf({ header: recovered.header, records }, model), `group ${group} changed`);
    }
  }
  for (const [group, { damage: reason }] of log.recovered()) {
    if (reason === undefined) assert.ok(state.has(group), `group ${group} appeared`);
  }
  return damaged;
}

describe('Damage of one entry of the store', () => {
  it('is found, or has harmed nothing', async () => {
    let runs = 0;
    let found = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = new Prng(seed);
        const { store, mark, state } = await grown(random);
        if (!damage(store, random)) return;
        runs += 1;
        const log = await openWal(store, mark);
        if ((await assertNothingSilentlyLost(log, state, random)) > 0) found += 1;
        await log.close();
      }),
      { numRuns: 250 },
    );
    assert.ok(found > runs / 3, `${found} of ${runs} found`);
  });

  it('is still known at the next start, until the group is created anew', async () => {
    const random = new Prng(1);
    const { store, mark, state } = await grown(random);
    const headers = store.contents().filter(([key]) => key[0] === 0x40);
    for (const [key, value] of headers) store.tamper(key, flipped(value, random));
    const groups = [...state.keys()];
    const first = await openWal(store, mark);
    assert.deepEqual([...first.recovered().keys()].sort(), groups.sort());
    for (const { damage: reason } of first.recovered().values()) assert.match(must(reason), /header/);
    const [healed, ...others] = groups;
    const header = must(state.get(must(healed))).header;
    first.createGroup(must(healed), 1, { ...header, last: 7, commit: 7, trimmed: 7 }, () => undefined);
    await first.close();
    const second = await openWal(store, mark);
    assert.equal(second.recovered().get(must(healed))?.damage, undefined);
    for (const group of others) assert.match(must(second.recovered().get(group)?.damage), /header/);
    await second.close();
  });
});

describe('An entry that fell back to an older state', () => {
  const ballot = { configuration: 1, round: 1, replica: 1 };
  const header = { promised: ballot, accepted: ballot, last: 0, commit: 0, trimmed: 0, abstains: false };
  const higher = { ...ballot, round: 2 };
  const HEADER = 0x40;

  /** Changes a log of three records, puts back the first entry of this kind as it was before, and tells the damage. */
  async function damageAfter(kind: number, change: (log: WriteAheadLog) => void | Promise<void>): Promise<string | undefined> {
    const store = new MemoryStore();
    const mark = new MemoryMarkFile();
    const log = await openWal(store, mark);
    log.createGroup(1, 1, header, () => undefined);
    log.append({ group: 1, header: { ...header, last: 3 }, first: 1, records: [RECORD, RECORD, RECORD] }, () => undefined);
    await settle();
    const [key, older] = must(store.contents().find(([entryKey]) => entryKey[0] === kind));
    await change(log);
    await log.close();
    const newer = must(store.contents().find(([entryKey]) => equalBytes(entryKey, key)))[1];
    assert.ok(!equalBytes(older, newer), 'the entry did not change');
    store.tamper(key, older);
    const again = await openWal(store, mark);
    await again.close();
    return again.recovered().get(1)?.damage ?? again.storeDamage();
  }

  it('is found when it is a header', async () => {
    const append = { group: 1, header: { ...header, last: 4 }, first: 4, records: [RECORD] };
    assert.match(must(await damageAfter(HEADER, (log) => log.append(append, () => undefined))), /batch/);
    const promise = { group: 1, header: { ...header, last: 3, promised: higher }, records: [] };
    assert.match(must(await damageAfter(HEADER, (log) => log.append(promise, () => undefined))), /witness/);
    const cut = { group: 1, header, cutAbove: 0, records: [] };
    assert.match(must(await damageAfter(HEADER, (log) => log.append(cut, () => undefined))), /witness/);
    const snapshot = { group: 1, header: { ...header, last: 9, trimmed: 9 }, restartAfter: 9, records: [] };
    const lower = { group: 1, header: { ...header, last: 2, trimmed: 2 }, restartAfter: 2, records: [] };
    assert.match(must(await damageAfter(HEADER, (log) => log.append(snapshot, () => undefined))), /witness/);
    assert.match(must(await damageAfter(HEADER, (log) => log.append(lower, () => undefined))), /witness/);
    const abstains = { group: 1, header: { ...header, last: 3, abstains: true }, records: [] };
    assert.match(must(await damageAfter(HEADER, (log) => log.append(abstains, () => undefined))), /witness/);
    const emptied = (log: WriteAheadLog): void => {
      log.append(append, () => undefined);
      log.trim(1, 4);
    };
    assert.match(must(await damageAfter(HEADER, emptied)), /witness/);
    assert.match(must(await damageAfter(HEADER, (log) => log.createGroup(1, 1, header, () => undefined))), /life/);
  });

  it('is found when it is the list of groups', async () => {
    assert.match(must(await damageAfter(0x10, (log) => log.createGroup(2, 2, header, () => undefined))), /older/);
    assert.match(must(await damageAfter(0x10, (log) => log.createGroup(1, 1, header, () => undefined))), /life/);
  });

  it('is found when it is a chunk or a witness', async () => {
    const cut = { group: 1, header: { ...header, last: 2 }, cutAbove: 1, first: 2, records: [Buffer.from('other!')] };
    assert.match(must(await damageAfter(0x30, (log) => log.append(cut, () => undefined))), /missing|another|two|ends/);
    const promise = { group: 1, header: { ...header, last: 3, promised: higher }, records: [] };
    assert.match(must(await damageAfter(0x20, (log) => log.append(promise, () => undefined))), /ballots/);
  });

  it('is found when it is a chunk of the same slots', async () => {
    const same = { group: 1, header: { ...header, last: 3 }, cutAbove: 0, first: 1, records: [OTHER, OTHER, OTHER] };
    assert.match(must(await damageAfter(0x30, (log) => log.append(same, () => undefined))), /newest chunk/);
    const longer = (log: WriteAheadLog): Promise<void> => {
      log.append(same, () => undefined);
      return settle().then(() => log.append({ group: 1, header: { ...header, last: 4 }, first: 4, records: [RECORD] }, () => undefined));
    };
    assert.match(must(await damageAfter(0x30, longer)), /another one/);
  });
});

const RECORD = Buffer.from('record');
const OTHER = Buffer.from('wholly');

async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

describe('Damage of the store as a whole', () => {
  it('is a mark ahead of every batch: the disk lost what it had synced', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = new Prng(seed);
        const store = new MemoryStore();
        const mark = new MemoryMarkFile();
        const workload = new WalWorkload(random, await openWal(store, mark));
        for (let steps = 4; steps > 0; steps--) workload.step();
        while (workload.answered < workload.lastAnswerable) await Promise.resolve();
        const older = new MemoryStore({}, new Map(store.contents().map(([key, value]) => [key.toString('latin1'), value])));
        // A write that is answered, of whatever kind.
        workload.create(99);
        while (workload.answered < workload.lastAnswerable) await Promise.resolve();
        const log = await openWal(older, mark);
        assert.match(must(log.storeDamage()), /answered/);
        for (const { damage: reason } of log.recovered().values()) assert.match(must(reason), /answered/);
      }),
      { numRuns: 50 },
    );
  });

  it('is an empty store beside a mark, a missing or a damaged mark, a finding of the log scan', async () => {
    const random = new Prng(2);
    const { store, mark, state } = await grown(random);
    assert.ok(state.size > 0);
    const empty = await openWal(new MemoryStore(), mark.crash(false));
    assert.match(must(empty.storeDamage()), /missing/);
    const noMark = await openWal(
      store.crash(() => 0),
      new MemoryMarkFile(),
    );
    assert.match(must(noMark.storeDamage()), /mark file/);
    assert.ok([...noMark.recovered().values()].every(({ damage: reason }) => reason !== undefined));
    const bad = mark.crash(false);
    bad.damage();
    assert.match(
      must(
        (
          await openWal(
            store.crash(() => 0),
            bad,
          )
        ).storeDamage(),
      ),
      /mark file/,
    );
    const scanned = await openWal(
      store.crash(() => 0),
      mark.crash(false),
      '000003.log at 77: a record is torn or damaged',
    );
    assert.match(must(scanned.storeDamage()), /000003/);
    assert.equal([...scanned.recovered().values()].filter(({ damage: reason }) => reason === undefined).length, 0);
  });

  it('is known at later starts, when the mark agrees again', async () => {
    const random = new Prng(3);
    const { store, mark, state } = await grown(random);
    await (await openWal(store, mark, 'found by the scan')).close();
    const log = await openWal(store, mark);
    assert.equal(log.storeDamage(), 'found by the scan');
    assert.equal(await assertNothingSilentlyLost(log, state, random), state.size);
    for (const { damage: reason } of log.recovered().values()) assert.equal(reason, 'found by the scan');
    await log.close();
  });

  it('is over when every group has been created anew or removed, and another one is told as what it is', async () => {
    const random = new Prng(3);
    const { store, mark, state } = await grown(random);
    const log = await openWal(store, mark, 'found by the scan');
    const [kept, ...others] = [...state.keys()];
    assert.ok(kept !== undefined && others.length > 0);
    for (const group of others) void log.removeGroup(group);
    await settle();
    await log.close();
    const halfway = await openWal(store, mark);
    assert.equal(halfway.storeDamage(), 'found by the scan');
    halfway.createGroup(kept, 1, NEW_HEADER, () => undefined);
    await settle();
    await halfway.close();
    const healed = await openWal(store, mark);
    assert.equal(healed.storeDamage(), undefined);
    assert.equal(healed.recovered().get(kept)?.damage, undefined);
    await healed.close();
    const again = await openWal(store, new MemoryMarkFile());
    assert.match(must(again.storeDamage()), /mark file/);
    await again.close();
  });

  it('is not seen where there is none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = new Prng(seed);
        const { store, mark, state } = await grown(random);
        const log = await openWal(store, mark);
        assert.equal(log.storeDamage(), undefined);
        assert.deepEqual(new Map([...(await contentsOf(log, random))].sort()), new Map([...state].sort()));
        await log.close();
      }),
      { numRuns: 100 },
    );
  });

  it('is not seen after a crash in the very first batches', async () => {
    for (let turns = 0; turns < 40; turns++) {
      for (const survives of [false, true]) {
        const store = new MemoryStore();
        const mark = new MemoryMarkFile();
        const opening = openWal(store, mark).then((log) => log.createGroup(1, 1, must(NEW_HEADER), () => undefined));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        const survivor = store.crash((unsynced) => (survives ? unsynced : 0));
        const log = await openWal(survivor, mark.crash(survives));
        assert.equal(log.storeDamage(), undefined, `${turns} turns`);
        void opening;
      }
    }
  });
});

const NEW_HEADER = {
  promised: { configuration: 1, round: 0, replica: 0 },
  accepted: { configuration: 1, round: 0, replica: 0 },
  last: 0,
  commit: 0,
  trimmed: 0,
  abstains: false,
};
