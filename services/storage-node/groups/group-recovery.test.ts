import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import { hashShareA, hashShareB, stateHashText } from '../../shared/btree/state-hash.ts';
import { storedChecksum } from '../../shared/item/stored-value.ts';
import { decodeLogRecord, encodeLogRecord } from '../../shared/wal/log-record.ts';
import { WalTrimmedError } from '../../shared/wal/wal-types.ts';
import type { RangeOperation } from '../../shared/wire/storage-operations.ts';
import { encodeStateHashRecord, NO_HASH, type StateHashRecord } from '../core/state-hash-record.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { RangeReader } from './range-reader.ts';
import { BALLOT, IDENTITY, keyOf, ownRecord, recordOf, ReplicaWorld, stateAt, successorOf } from './replica-world.fixture.ts';

function stateHashRecord(said: StateHashRecord): Buffer {
  return ownRecord('state-hash', encodeStateHashRecord(said));
}

const RANGE: RangeOperation = {
  kind: 'range',
  low: keyOf(0),
  reverse: false,
  consistent: false,
  limit: 0,
  byteLimit: 1 << 20,
  countOnly: true,
};

describe('a replica whose tree a snapshot replaces', () => {
  it('goes on when the process stopped before the log knew of the snapshot', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), recordOf(1, 2)], 2);
    await world.install(20, 10);
    await world.restart();
    assert.equal(world.group.paxos.applied, 10);
    await world.timers.advance(2000);
    const ballot = { ...BALLOT, round: 2 };
    await world.step({ kind: 'prepare', ballot, released: { configuration: 0, round: 0, replica: 0 }, rejoin: 0 });
    await world.step({ kind: 'sync', ballot, from: 10, records: [recordOf(21, 11)], commit: 11 });
    assert.deepEqual(world.sent.at(-1), { kind: 'accepted', ballot, last: 11 });
    await world.restart();
    assert.deepEqual([world.group.paxos.last, world.group.paxos.trimmed, world.group.paxos.abstains], [11, 10, false]);
    assert.deepEqual(world.failures, []);
  });

  it('counts nothing of its longer log at or below the snapshot, though the log knew nothing of it', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const records = Array.from({ length: 20 }, (_, at) => recordOf(at, at + 1));
    // Slots 3 to 20 were accepted, and may have been chosen otherwise since.
    await world.follow(records, 2);
    await world.install(20, 10);
    await world.restart();
    await world.timers.settle();
    const { paxos } = world.group;
    assert.deepEqual([paxos.applied, paxos.commit, paxos.trimmed, paxos.last], [10, 10, 10, 20]);
    await assert.rejects(world.wal.read(IDENTITY.group, 10, 20, 1 << 20), WalTrimmedError);
    assert.equal((await world.wal.read(IDENTITY.group, 11, 20, 1 << 20)).length, 10);
  });

  it('counts nothing of its longer log behind a snapshot of a later configuration', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const records = Array.from({ length: 20 }, (_, at) => recordOf(at, at + 1));
    await world.follow(records, 2);
    // The Swap in slot 9 ended the configuration in which the other records were accepted.
    await world.install(20, 10, successorOf(9));
    await world.restart();
    const { paxos } = world.group;
    assert.deepEqual([paxos.configuration.number, paxos.commit, paxos.last], [2, 10, 10]);
    assert.deepEqual(paxos.accepted, { configuration: 2, round: 0, replica: 0 });
  });

  it('does not stop because a read was waiting for a page of the old tree', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.install(2000, 10);
    await world.restart();
    await world.follow([], 10);
    world.heartbeat(10);
    let release = (): void => undefined;
    world.readsHeld = new Promise((resolve) => {
      release = resolve;
    });
    const answers = world.read(1500);
    await world.timers.settle();
    assert.deepEqual(answers, []);
    world.group.holdApplying();
    const tree = await world.install(20, 30);
    world.group.installed(tree, { identity: world.group.identity, state: stateAt(30) }, BALLOT);
    world.group.resumeApplying();
    release();
    await world.timers.settle();
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['not-ready'],
    );
    assert.equal(world.group.stopped, false);
  });
});

describe('a replica with a damaged page', () => {
  /** The tree was ended by whoever met the page first. */
  async function damaged(): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1)], 1);
    world.heartbeat(1);
    world.group.tree.end(new PageDamagedError(IDENTITY.replica, 5, 'checksum differs'));
    return world;
  }

  it('answers a read, and stops alone', async () => {
    const world = await damaged();
    const answers = world.read(0);
    await world.timers.settle();
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['not-ready'],
    );
    assert.equal(world.group.stopped, true);
  });

  it('answers a range read, and stops alone', async () => {
    const world = await damaged();
    const answers: Answer[] = [];
    const { clock } = world.environment;
    new RangeReader(world.environment).read(world.group, RANGE, clock.monotonicMs() + 5000, (answer) => void answers.push(answer));
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['not-ready'],
    );
    assert.equal(world.group.stopped, true);
  });

  it('stops alone when a record is to be applied', async () => {
    const world = await damaged();
    await world.step({ kind: 'accept', ballot: BALLOT, first: 2, records: [recordOf(1, 2)], commit: 2 });
    assert.equal(world.group.stopped, true);
  });
});

describe('a follower', () => {
  it('stops at a record that it cannot read, not at the sight of it', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.install(2000, 10);
    await world.restart();
    // The first record waits for its page, and those behind it are looked at meanwhile.
    await world.follow([recordOf(1500, 11), Buffer.from('of a later version')], 12);
    await world.timers.settle();
    assert.deepEqual([world.group.state.applied, world.group.stopped], [11, true]);
  });
});

/** The state hash of the tree, from every entry that it has. */
async function hashOfEntries(world: ReplicaWorld): Promise<string> {
  let hashA = 0;
  let hashB = 0;
  for (let low: Uint8Array | undefined = new Uint8Array(0); low !== undefined; ) {
    const step = world.group.tree.scan(low, undefined, false, (_key, value) => {
      hashA += hashShareA(storedChecksum(value));
      hashB += hashShareB(storedChecksum(value));
      return true;
    });
    low = step.next;
    await step.wait;
  }
  return stateHashText(hashA | 0, hashB | 0);
}

describe('the state hash of a replica', () => {
  const MARK = { kind: 'mark', slot: 0, hash: NO_HASH } as const;
  const records = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => recordOf(at % 7, at + 1));

  it('is that of its entries, after changes, restarts with and without a checkpoint, and a snapshot', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow(records(20), 20);
    const hash = world.group.tree.stateHash();
    assert.equal(hash, await hashOfEntries(world));
    await world.restart();
    world.group.pump();
    await world.timers.settle();
    assert.deepEqual([world.group.state.applied, world.group.tree.stateHash()], [20, hash], 'applied anew from the log');
    await world.group.checkpoint();
    await world.restart();
    assert.deepEqual([world.group.tree.stateHash(), await hashOfEntries(world)], [hash, hash], 'read from the tree');
    await world.install(30, 40);
    await world.restart();
    assert.notEqual(world.group.tree.stateHash(), hash);
    assert.equal(world.group.tree.stateHash(), await hashOfEntries(world));
  });

  it('that differs at a mark, when the log names this replica as the minority, makes it give its tree up', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const mark = stateHashRecord(MARK);
    const verdict = stateHashRecord({ kind: 'verdict', slot: 3, replica: IDENTITY.replica, hash: 'f'.repeat(16) });
    await world.follow([recordOf(0, 1), recordOf(1, 2), mark, recordOf(2, 4)], 4);
    assert.equal(world.group.stateHashes.last?.slot, 3);
    await world.step({ kind: 'accept', ballot: BALLOT, first: 5, records: [verdict], commit: 5 });
    assert.deepEqual([world.group.stopped, world.damaged], [true, [world.group]]);
  });

  it('refuses to answer when the log halts the group, and remembers it over a checkpoint and a restart', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), stateHashRecord({ kind: 'halt', slot: 1 })], 2);
    world.heartbeat(2);
    assert.deepEqual(
      world.read(0).map(({ status }) => status),
      ['no-copy'],
    );
    await world.group.checkpoint();
    await world.restart();
    assert.equal(world.group.state.halted, 2);
  });

  it('record of a kind that this version does not know stops the replica, and gives nothing up', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const payload = encodeStateHashRecord({ kind: 'halt', slot: 1 });
    payload[1] = 99;
    const record = { ...decodeLogRecord(stateHashRecord(MARK), nodeDigest), payload };
    await world.follow([recordOf(0, 1), encodeLogRecord(record, nodeDigest)], 2);
    assert.deepEqual([world.group.stopped, world.damaged], [true, []]);
  });
});

describe('a replica whose log is gone', () => {
  it('abstains, and goes on to in every later life: it may have accepted and promised more than its tree holds', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), recordOf(1, 2)], 1);
    await world.group.checkpoint();
    await world.restart({ loseLog: true });
    assert.deepEqual([world.group.paxos.abstains, world.group.state.applied], [true, 1]);
    await world.restart();
    assert.equal(world.group.paxos.abstains, true);
  });
});
