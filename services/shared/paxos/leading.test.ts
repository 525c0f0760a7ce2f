import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import type { DurableState } from './durable-state.ts';
import type { PaxosMessage } from './messages.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration } from './options.ts';
import { PaxosReplica } from './replica.ts';

const MEMBERS: readonly ReplicaId[] = [1, 2, 3];
const BALLOT = { configuration: 1, round: 1, replica: 3 };

/** All of what it holds is chosen, and applied unless told otherwise. */
function replicaOf(self: ReplicaId, last: number, options = DEFAULT_PAXOS_OPTIONS, applied = last): PaxosReplica {
  const durable: DurableState = { promised: BALLOT, accepted: BALLOT, last, commit: last, trimmed: 0, abstains: false };
  const configuration = firstConfiguration(MEMBERS);
  const start = { self, configuration, options, durable, records: [], restarted: false, abstention: 1 };
  const replica = new PaxosReplica(start, 0);
  replica.appliedUpTo(applied);
  return replica;
}

/** What it sends once all its writes are done. */
function turn(replica: PaxosReplica, nowMs: number): { to: ReplicaId; message: PaxosMessage }[] {
  const sent: { to: ReplicaId; message: PaxosMessage }[] = [];
  for (;;) {
    const { persist, messages } = replica.ready(nowMs);
    sent.push(...messages);
    if (persist === undefined) return sent;
    replica.persisted(persist.token, nowMs);
  }
}

for (const last of [0, 2]) {
  test(`a leader that knows all of its ${last} records to be chosen serves only when a quorum holds them under its ballot`, () => {
    const leader = replicaOf(1, last);
    const follower = replicaOf(2, last);
    const nowMs = 60_000;
    leader.tick(nowMs);
    // The third one may hold records that it proposed under an earlier ballot, and only a quorum of this ballot buries them.
    const deliver = (from: PaxosReplica, to: PaxosReplica): string[] =>
      turn(from, nowMs).flatMap(({ to: id, message }) => {
        if (id !== to.self) return [];
        to.step(from.self, message, nowMs);
        return [message.kind];
      });
    for (let rounds = 0; leader.leading === undefined; rounds++) {
      assert.ok(rounds < 10, 'never elected');
      deliver(leader, follower);
      deliver(follower, leader);
    }
    assert.equal(leader.serves, false);
    assert.deepEqual(deliver(leader, follower), ['sync']);
    assert.equal(leader.serves, false, 'its own copy is none for a quorum');
    assert.deepEqual(deliver(follower, leader), ['accepted']);
    assert.equal(leader.serves, true);
  });
}

test('a leader serves only when all of the adopted log is applied', () => {
  const leader = replicaOf(1, 2, DEFAULT_PAXOS_OPTIONS, 1);
  const follower = replicaOf(2, 2);
  const nowMs = 60_000;
  leader.tick(nowMs);
  for (let rounds = 0; rounds < 10; rounds++) {
    for (const { to, message } of turn(leader, nowMs)) if (to === 2) follower.step(1, message, nowMs);
    for (const { to, message } of turn(follower, nowMs)) if (to === 1) leader.step(2, message, nowMs);
  }
  assert.ok(leader.leading);
  assert.equal(leader.serves, false, 'its last record is not applied yet');
  leader.appliedUpTo(2);
  assert.equal(leader.serves, true);
});

test('a follower that got chosen records by a snapshot acknowledges more than it was sent, and is sent what comes behind', () => {
  const options = { ...DEFAULT_PAXOS_OPTIONS, inFlightBytesMax: 1 };
  const leader = replicaOf(1, 2, options);
  const nowMs = 60_000;
  const others = [replicaOf(2, 2), replicaOf(3, 2)];
  const deliver = (kinds: ReadonlySet<string>): void => {
    for (const { to, message } of turn(leader, nowMs)) {
      const other = others.find(({ self }) => self === to);
      if (other === undefined || (to === 3 && !kinds.has(message.kind))) continue;
      other.step(1, message, nowMs);
      for (const answer of turn(other, nowMs)) leader.step(other.self, answer.message, nowMs);
    }
  };
  leader.tick(nowMs);
  for (let rounds = 0; !leader.serves; rounds++) {
    assert.ok(rounds < 10, 'it never serves');
    deliver(new Set(['prepare', 'sync']));
  }
  for (const record of ['a', 'b', 'c']) leader.propose(Buffer.from(record));
  // Replica 3 gets none of these; the budget allows one of them to be under way.
  for (let rounds = 0; rounds < 10; rounds++) deliver(new Set());
  assert.equal(leader.commit, 5);
  const ballot = leader.leading;
  assert.ok(ballot);
  leader.step(3, { kind: 'accepted', ballot, last: 5 }, nowMs);
  leader.propose(Buffer.from('d'));
  const sent = turn(leader, nowMs).filter(({ to }) => to === 3);
  assert.deepEqual(
    sent.map(({ message }) => message.kind === 'accept' && message.first),
    [6],
  );
  assert.throws(() => leader.step(3, { kind: 'accepted', ballot, last: 9 }, nowMs), /slot 9 acknowledged, sent or chosen up to 6/);
});

test('a follower that acknowledges nothing is sent its log again after twice the time, each time, and asked steadily meanwhile', () => {
  const leader = replicaOf(1, 2, DEFAULT_PAXOS_OPTIONS);
  const others = [replicaOf(2, 2), replicaOf(3, 2)];
  const syncedAtMs: number[] = [];
  let hearsRecords = true;
  const startMs = 60_000;
  const turnAt = (nowMs: number): void => {
    leader.tick(nowMs);
    for (let rounds = 0; rounds < 4; rounds++) {
      for (const { to, message } of turn(leader, nowMs)) {
        const other = others.find(({ self }) => self === to);
        if (to === 3 && message.kind === 'sync' && !hearsRecords) syncedAtMs.push(nowMs - startMs);
        if (other === undefined || (to === 3 && !hearsRecords && 'records' in message)) continue;
        other.step(1, message, nowMs);
        for (const answer of turn(other, nowMs)) leader.step(other.self, answer.message, nowMs);
      }
    }
    const news = leader.heartbeat(nowMs);
    if (news === undefined) return;
    for (const other of others) leader.onHeartbeatAnswer(other.self, news.ballot, nowMs, other.onHeartbeat(news, nowMs), nowMs);
  };
  turnAt(startMs);
  leader.appliedUpTo(2);
  assert.ok(leader.serves);
  hearsRecords = false;
  leader.propose(Buffer.from('a'));
  for (let nowMs = startMs; nowMs <= startMs + 20_000; nowMs += 50) turnAt(nowMs);
  assert.equal(leader.commit, 3);
  const pausesMs = syncedAtMs.map((atMs, at) => atMs - (syncedAtMs[at - 1] ?? 0));
  assert.deepEqual(pausesMs.slice(0, 6), [500, 1000, 2000, 4000, 4000, 4000]);
  // Once it acknowledges something it is waited for no longer than anybody else.
  hearsRecords = true;
  for (let nowMs = startMs + 20_050; nowMs <= startMs + 26_000; nowMs += 50) turnAt(nowMs);
  assert.equal(leader.acknowledgements().get(3), 3);
  hearsRecords = false;
  syncedAtMs.length = 0;
  leader.propose(Buffer.from('b'));
  for (let nowMs = startMs + 26_050; nowMs <= startMs + 28_000; nowMs += 50) turnAt(nowMs);
  assert.deepEqual(syncedAtMs, [26_550, 27_550]);
});

test('what is kept in memory of an applied log follows the limit that its node sets', () => {
  const leader = replicaOf(1, 0, DEFAULT_PAXOS_OPTIONS);
  const follower = replicaOf(2, 0, DEFAULT_PAXOS_OPTIONS);
  const nowMs = 60_000;
  const exchange = (): void => {
    for (let rounds = 0; rounds < 6; rounds++) {
      for (const { to, message } of turn(leader, nowMs)) if (to === 2) follower.step(1, message, nowMs);
      for (const { to, message } of turn(follower, nowMs)) if (to === 1) leader.step(2, message, nowMs);
    }
  };
  leader.tick(nowMs);
  exchange();
  for (let count = 0; count < 8; count++) leader.propose(Buffer.alloc(100));
  exchange();
  leader.appliedUpTo(6);
  leader.limitWindow(150);
  assert.equal(leader.recordAt(6) === undefined, true, 'applied');
  assert.equal(leader.recordAt(7) === undefined, false, 'not applied yet');
  leader.appliedUpTo(8);
  assert.deepEqual(
    [5, 6, 7, 8].map((slot) => leader.recordAt(slot) !== undefined),
    [false, false, false, true],
  );
});

test('what a follower was sent and has not acknowledged is bounded, and waited for, however little of the log is in memory', () => {
  const leader = replicaOf(1, 0, { ...DEFAULT_PAXOS_OPTIONS, windowBytesMax: 100, inFlightBytesMax: 1000, messageBytesMax: 300 });
  const follower = replicaOf(2, 0);
  const startMs = 60_000;
  let unanswered = 0;
  let prepares = 0;
  const turnAt = (nowMs: number): void => {
    leader.tick(nowMs);
    for (let rounds = 0; rounds < 4; rounds++) {
      for (const { to, message } of turn(leader, nowMs)) {
        if (to === 2) follower.step(1, message, nowMs);
        else if (message.kind === 'accept') for (const { length } of message.records) unanswered += length;
        else if (message.kind === 'prepare') prepares += 1;
      }
      for (const { to, message } of turn(follower, nowMs)) if (to === 1) leader.step(2, message, nowMs);
      leader.appliedUpTo(leader.commit);
    }
    const news = leader.heartbeat(nowMs);
    if (news !== undefined) leader.onHeartbeatAnswer(2, news.ballot, nowMs, follower.onHeartbeat(news, nowMs), nowMs);
  };
  turnAt(startMs);
  const ballot = leader.leading;
  assert.ok(ballot !== undefined && leader.serves);
  // The third one synced, and falls silent.
  leader.step(3, { kind: 'promise', ballot, accepted: BALLOT, last: 0, commit: 0, trimmed: 0, abstention: 0 }, startMs);
  turnAt(startMs);
  leader.step(3, { kind: 'accepted', ballot, last: 0 }, startMs);
  prepares = 0;
  for (let nowMs = startMs + 50; nowMs <= startMs + 450; nowMs += 50) {
    for (let count = 0; count < 10; count++) leader.propose(Buffer.alloc(150));
    turnAt(nowMs);
  }
  assert.equal(leader.commit, 90, 'the others go on');
  assert.ok(unanswered >= 1000 && unanswered < 1150, `${unanswered} bytes are on their way`);
  assert.equal(prepares, 0);
  for (let nowMs = startMs + 500; nowMs <= startMs + 1100; nowMs += 50) turnAt(nowMs);
  assert.ok(prepares > 0, 'it is asked anew');
  assert.ok(unanswered < 1150);
});
