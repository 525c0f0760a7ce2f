import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMarkFile } from '../../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../../test/harness/memory-store.ts';
import { openWal } from '../../../test/harness/wal-workload.ts';
import { AssertionError, must } from '../base/assert.ts';
import type { GroupId, Slot } from '../base/ids.ts';
import { KIB, MIB } from '../base/units.ts';
import type { BatchOperation } from '../env/key-value-store.ts';
import { type GroupHeader, WalDamagedError, WalGroupUnknownError, WalTrimmedError } from './wal-types.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

const BALLOT = { configuration: 1, round: 1, replica: 1 };
const EMPTY: GroupHeader = { promised: BALLOT, accepted: BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

/** Lets everything run that waits for nothing but the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

/** A disk that does one thing after the other, each only when it is told to. */
class Gates {
  readonly waiting: { readonly name: string; readonly open: () => void }[] = [];
  enabled = false;

  readonly pass = (name: string): Promise<void> => {
    if (!this.enabled) return Promise.resolve();
    return new Promise((open) => this.waiting.push({ name, open }));
  };

  names(): string[] {
    return this.waiting.map(({ name }) => name);
  }

  async open(name: string): Promise<void> {
    const at = this.waiting.findIndex((gate) => gate.name === name);
    assert.ok(at >= 0, `${name} is not under way, but ${this.names()}`);
    must(this.waiting.splice(at, 1)[0]).open();
    await settle();
  }
}

interface Fixture {
  readonly log: WriteAheadLog;
  readonly store: ObservedStore;
  readonly mark: MemoryMarkFile;
  readonly gates: Gates;
  /** The time that the log sees, milliseconds. */
  readonly time: { now: number };
}

class ObservedStore extends MemoryStore {
  readonly batches: (readonly BatchOperation[])[] = [];
  readonly compactions: { readonly low: Uint8Array; readonly high: Uint8Array }[] = [];

  override write(batch: readonly BatchOperation[], options: { sync: boolean }): Promise<void> {
    assert.ok(options.sync, 'every write to the store of the log is synced');
    this.batches.push(batch);
    return super.write(batch, options);
  }

  override compact(low?: Uint8Array, high?: Uint8Array): Promise<void> {
    this.compactions.push({ low: must(low), high: must(high) });
    return super.compact();
  }
}

/** A log with these groups, all empty; the disk is not gated yet. */
async function opened(groups: readonly GroupId[], onFailure?: (error: unknown) => void): Promise<Fixture> {
  const gates = new Gates();
  const store = new ObservedStore({ delay: gates.pass });
  const mark = new MemoryMarkFile(undefined, () => gates.pass('mark'));
  const time = { now: 0 };
  const clock = { monotonicMs: () => time.now, wallMs: () => time.now };
  const log = await openWal(store, mark, undefined, onFailure, clock);
  for (const group of groups) log.createGroup(group, group, EMPTY, () => undefined);
  await settle();
  store.batches.length = 0;
  return { log, store, mark, gates, time };
}

function append(log: WriteAheadLog, group: GroupId, first: Slot, records: readonly Uint8Array[], done = (): void => undefined): void {
  log.append({ group, header: { ...EMPTY, last: first + records.length - 1 }, first, records }, done);
}

function texts(records: readonly Uint8Array[]): string[] {
  return records.map((record) => Buffer.from(record).toString());
}

const RECORD = Buffer.from('record');

describe('An answer of the write-ahead log', () => {
  it('waits for the sync and then for the mark', async () => {
    const { log, gates } = await opened([1]);
    gates.enabled = true;
    let answered = false;
    append(log, 1, 1, [RECORD], () => {
      answered = true;
    });
    assert.equal(log.queuedBytes(), RECORD.length);
    await settle();
    await gates.open('write');
    assert.deepEqual(await log.read(1, 1, 1, 100), [], 'not durable yet');
    assert.deepEqual(gates.names(), ['sync']);
    assert.equal(answered, false);
    await gates.open('sync');
    assert.deepEqual(gates.names(), ['mark']);
    assert.equal(answered, false);
    assert.equal(log.queuedBytes(), RECORD.length);
    await gates.open('mark');
    assert.equal(answered, true);
    assert.equal(log.queuedBytes(), 0);
  });

  it('shares its batch with all that came while the one before was written, and its mark likewise', async () => {
    const { log, store, mark, gates } = await opened([1, 2]);
    gates.enabled = true;
    const answers: string[] = [];
    const marksBefore = mark.writes;
    append(log, 1, 1, [RECORD], () => answers.push('first'));
    await settle();
    for (let slot = 2; slot <= 5; slot++) append(log, 1, slot, [RECORD], () => answers.push(`1/${slot}`));
    append(log, 2, 1, [RECORD, RECORD], () => answers.push('2/2'));
    await settle();
    assert.equal(store.batches.length, 1);
    await gates.open('write');
    await gates.open('sync');
    assert.equal(store.batches.length, 2, 'the next batch leaves while the mark is written');
    append(log, 2, 3, [RECORD], () => answers.push('2/3'));
    await gates.open('write');
    await gates.open('sync');
    await gates.open('write');
    await gates.open('sync');
    assert.deepEqual(gates.names(), ['mark']);
    assert.deepEqual(answers, []);
    await gates.open('mark');
    assert.deepEqual(answers, ['first']);
    await gates.open('mark');
    assert.deepEqual(answers, ['first', '1/2', '1/3', '1/4', '1/5', '2/2', '2/3']);
    assert.equal(mark.writes, marksBefore + 2);
  });

  it('comes with a batch of bounded size, however much waits for the disk', async () => {
    const { log, store, gates } = await opened([1, 2]);
    gates.enabled = true;
    const answers: string[] = [];
    append(log, 1, 1, [RECORD], () => answers.push('first'));
    await settle();
    const large = Buffer.alloc(3 * MIB);
    for (let slot = 1; slot <= 5; slot++) {
      // What one turn appends stays together.
      append(log, 2, slot, [large], () => answers.push(`large ${slot}`));
      append(log, 1, slot + 1, [RECORD], () => answers.push(`small ${slot}`));
      await settle();
    }
    gates.enabled = false;
    await gates.open('write');
    const sizes = store.batches.map((batch) =>
      batch.reduce((sum, operation) => sum + (operation.kind === 'put' ? operation.value.length : 0), 0),
    );
    assert.deepEqual(
      sizes.map((bytes) => Math.floor(bytes / MIB)),
      [0, 6, 6, 3],
    );
    assert.deepEqual(answers, ['first', ...[1, 2, 3, 4, 5].flatMap((slot) => [`large ${slot}`, `small ${slot}`])]);
    assert.equal(log.queuedBytes(), 0);
  });

  it('comes with a batch that knows of no group of a later one', async () => {
    const { log, store, mark, gates } = await opened([1]);
    gates.enabled = true;
    append(log, 1, 1, [RECORD]);
    await settle();
    log.createGroup(2, 2, EMPTY, () => undefined);
    append(log, 2, 1, [Buffer.alloc(5 * MIB)]);
    await settle();
    log.createGroup(3, 3, EMPTY, () => undefined);
    void log.removeGroup(1);
    await settle();
    for (let batches = 0; batches < 2; batches++) {
      await gates.open('write');
      await gates.open('sync');
    }
    // The third batch is with the disk, and nothing of it is durable.
    const again = await openWal(
      store.crash(() => 0),
      mark.crash(true),
    );
    assert.deepEqual(
      [...again.recovered()].map(([group, { header, damage }]) => [group, header.last, damage]),
      [
        [1, 1, undefined],
        [2, 1, undefined],
      ],
    );
  });

  it('is missed by whoever asks how long the disk is silent, be it about the batch or the mark', async () => {
    const { log, gates, time } = await opened([1]);
    gates.enabled = true;
    assert.equal(log.syncAgeMs(), 0);
    time.now = 100;
    append(log, 1, 1, [RECORD]);
    await settle();
    time.now = 130;
    assert.equal(log.syncAgeMs(), 30);
    await gates.open('write');
    await gates.open('sync');
    assert.equal(log.syncAgeMs(), 0);
    time.now = 170;
    append(log, 1, 2, [RECORD]);
    await settle();
    time.now = 175;
    assert.equal(log.syncAgeMs(), 45, 'the mark is the older one');
    await gates.open('mark');
    assert.equal(log.syncAgeMs(), 5);
    assert.equal(log.stats().syncSeconds, 0.03);
    assert.equal(log.stats().markSeconds, 0.045);
  });

  it('is one chunk and one header for each group of a batch', async () => {
    const { log, store } = await opened([1, 2, 3, 4]);
    for (let slot = 1; slot <= 16; slot++) for (let group = 1; group <= 4; group++) append(log, group, slot, [RECORD]);
    await settle();
    assert.deepEqual(
      store.batches.map((batch) => batch.length),
      [8],
    );
    const { batches, records } = log.stats();
    assert.deepEqual({ batches, records }, { batches: 2, records: 64 });
  });

  it('never comes after a failed write, sync or mark', async () => {
    for (const where of ['store', 'mark'] as const) {
      const failures: unknown[] = [];
      const { log, store, mark } = await opened([1], (error) => failures.push(error));
      (where === 'store' ? store : mark).failNextWrite(new Error('no space left on device'));
      let answers = 0;
      append(log, 1, 1, [RECORD], () => {
        answers += 1;
      });
      await settle();
      append(log, 1, 2, [RECORD], () => {
        answers += 1;
      });
      await settle();
      assert.equal(failures.length, 1, where);
      assert.equal(answers, 0);
      await log.close();
    }
  });

  it('that throws ends the log: what it did not do is not done', async () => {
    const failures: unknown[] = [];
    const { log } = await opened([1], (error) => failures.push(error));
    append(log, 1, 1, [RECORD], () => {
      throw new Error('a mistake');
    });
    append(log, 1, 2, [RECORD], () => assert.fail('answered after a failure'));
    await settle();
    assert.equal((failures[0] as Error).message, 'a mistake');
  });
});

describe('Reading the write-ahead log', () => {
  it('gives what fits, but at least one record', async () => {
    const { log } = await opened([1]);
    const records = Array.from({ length: 10 }, (_, slot) => Buffer.alloc(10, String(slot)));
    append(log, 1, 1, records.slice(0, 4));
    await settle();
    append(log, 1, 5, records.slice(4));
    await settle();
    const all = texts(records);
    assert.deepEqual(texts(await log.read(1, 1, 10, 1000)), all);
    assert.deepEqual(texts(await log.read(1, 3, 6, 1000)), all.slice(2, 6));
    assert.deepEqual(texts(await log.read(1, 4, 100, 1000)), all.slice(3));
    assert.deepEqual(texts(await log.read(1, 2, 10, 45)), all.slice(1, 5));
    assert.deepEqual(texts(await log.read(1, 2, 10, 0)), all.slice(1, 2));
    assert.deepEqual(await log.read(1, 11, 20, 1000), []);
  });

  it('tells trimmed, unknown and damaged apart', async () => {
    const failures: unknown[] = [];
    const { log, store } = await opened([1], (error) => failures.push(error));
    append(log, 1, 1, [RECORD, RECORD, RECORD]);
    await settle();
    log.trim(1, 2);
    await assert.rejects(log.read(1, 2, 3, 100), WalTrimmedError);
    assert.deepEqual(await log.read(1, 3, 3, 100), [RECORD]);
    await assert.rejects(log.read(2, 1, 1, 100), WalGroupUnknownError);
    const [key, value] = must(store.contents().find(([entryKey]) => entryKey[0] === 0x30));
    value[value.length - 6] = must(value[value.length - 6]) ^ 1;
    store.tamper(key, value);
    await assert.rejects(log.read(1, 3, 3, 100), WalDamagedError);
    store.tamper(key, undefined);
    await assert.rejects(log.read(1, 3, 3, 100), WalDamagedError);
    assert.equal(failures.length, 0, 'its reader mends it: behind a checkpoint, or by abstaining');
  });

  it('looks again when a cut took away what it was reading', async () => {
    const { log, gates } = await opened([1]);
    append(log, 1, 1, [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
    await settle();
    gates.enabled = true;
    const read = log.read(1, 1, 3, 100);
    const other = { ...EMPTY, accepted: { ...BALLOT, round: 2 }, promised: { ...BALLOT, round: 2 } };
    log.append({ group: 1, header: { ...other, last: 2 }, cutAbove: 1, first: 2, records: [Buffer.from('x')] }, () => undefined);
    await settle();
    // The first read is the reader's, the second one that of the cut, which keeps a part of the chunk.
    assert.deepEqual(gates.names(), ['read', 'read']);
    must(gates.waiting.splice(1, 1)[0]).open();
    await settle();
    await gates.open('write');
    await gates.open('sync');
    await gates.open('read');
    gates.enabled = false;
    await gates.open('read');
    assert.deepEqual(texts(await read), ['a', 'x']);
  });

  it('waits for a cut that is in the store before the log was told', async () => {
    const { log, gates } = await opened([1]);
    append(log, 1, 1, [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
    await settle();
    const other = { ...EMPTY, accepted: { ...BALLOT, round: 2 }, promised: { ...BALLOT, round: 2 } };
    gates.enabled = true;
    log.append({ group: 1, header: { ...other, last: 1 }, cutAbove: 1, records: [] }, () => undefined);
    await settle();
    await gates.open('read');
    await gates.open('write');
    const read = log.read(1, 1, 1, 100);
    await gates.open('read');
    assert.deepEqual(gates.names(), ['sync']);
    gates.enabled = false;
    await gates.open('sync');
    assert.deepEqual(texts(await read), ['a']);
  });
});

describe('Chunks', () => {
  it('end at 256 KiB, unless one record alone is larger', async () => {
    const { log, store } = await opened([1]);
    const records = [100, 100, 100, 700, 10, 250].map((size) => Buffer.alloc(size * KIB, 1));
    append(log, 1, 1, records);
    await settle();
    const chunks = store.contents().filter(([key]) => key[0] === 0x30);
    const sizes = chunks.map(([, value]) => Math.floor(value.length / KIB));
    assert.deepEqual(sizes, [200, 100, 700, 10, 250]);
    assert.deepEqual(await log.read(1, 1, 6, 10 * MIB), records);
    assert.equal(
      log.groupBytes(1),
      chunks.reduce((sum, [key, value]) => sum + key.length + value.length, 0),
    );
  });

  it('are deleted after a trim, in batches that are synced like all others, and their range is compacted', async () => {
    const { log, store } = await opened([1, 2]);
    append(log, 2, 1, [RECORD]);
    for (let slot = 1; slot <= 300; slot++) {
      append(log, 1, slot, [Buffer.alloc(200 * KIB)]);
      if (slot % 20 === 0) await settle();
    }
    await settle();
    const before = log.groupBytes(2);
    assert.ok(log.groupBytes(1) > 58 * MIB);
    store.batches.length = 0;
    log.trim(1, 299);
    await settle();
    await settle();
    assert.ok(log.groupBytes(1) < 201 * KIB);
    assert.equal(log.totalBytes(), log.groupBytes(1) + before);
    assert.equal(log.groupBytes(2), before);
    assert.equal(store.contents().filter(([key]) => key[0] === 0x30).length, 2);
    assert.ok(
      store.batches.every((batch) => batch.length <= 130),
      'a few at a time',
    );
    assert.deepEqual(store.compactions.length, 1);
    assert.deepEqual(texts(await log.read(2, 1, 1, 100)), ['record']);
    await log.close();
  });

  it('of a removed or replaced group are never seen by the next group of that number', async () => {
    const { log, store, mark } = await opened([1]);
    append(log, 1, 1, [Buffer.from('old 1'), Buffer.from('old 2')]);
    await settle();
    const removed = log.removeGroup(1);
    log.createGroup(1, 1, EMPTY, () => undefined);
    append(log, 1, 1, [Buffer.from('new 1')]);
    await removed;
    await settle();
    assert.deepEqual(texts(await log.read(1, 1, 9, 100)), ['new 1']);
    await log.close();
    const again = await openWal(store, mark);
    assert.deepEqual(texts(await again.read(1, 1, 9, 100)), ['new 1']);
    await again.removeGroup(1);
    await settle();
    assert.deepEqual(
      store.contents().map(([key]) => key[0]),
      [0x10],
      'nothing but the list of groups is left',
    );
    assert.equal(again.recovered().get(1)?.header.last, 1);
    await again.close();
  });
});

describe('The log asserts what Paxos owes it', () => {
  it('no holes, no cut into what is trimmed, ballots that grow, a header that fits', async () => {
    const { log } = await opened([1]);
    append(log, 1, 1, [RECORD, RECORD]);
    log.trim(1, 1);
    const lower = { ...BALLOT, round: 0 };
    const wrong = [
      () => append(log, 1, 4, [RECORD]),
      () => append(log, 1, 2, [RECORD]),
      () => append(log, 2, 1, [RECORD]),
      () => log.append({ group: 1, header: { ...EMPTY, last: 0 }, cutAbove: 0, records: [] }, assert.fail),
      () => log.append({ group: 1, header: { ...EMPTY, last: 2, promised: lower, accepted: lower }, records: [] }, assert.fail),
      () =>
        log.append(
          { group: 1, header: { ...EMPTY, last: 2, promised: { ...BALLOT, round: 2 }, accepted: { ...BALLOT, round: 3 } }, records: [] },
          assert.fail,
        ),
      () => log.append({ group: 1, header: { ...EMPTY, last: 3 }, records: [] }, assert.fail),
      () => log.append({ group: 1, header: { ...EMPTY, last: 9, trimmed: 9 }, records: [] }, assert.fail),
      () => log.append({ group: 1, header: { ...EMPTY, last: 9, trimmed: 9 }, restartAfter: 8, records: [] }, assert.fail),
      () => log.createGroup(3, 3, { ...EMPTY, last: 1 }, assert.fail),
    ];
    for (const [number, call] of wrong.entries()) assert.throws(call, AssertionError, `call ${number}`);
  });
});
