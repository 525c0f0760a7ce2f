import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import { type Ballot, openingBallot, ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import type { PaxosMessage } from './messages.ts';
import { type Configuration, DEFAULT_PAXOS_OPTIONS, firstConfiguration } from './options.ts';
import { PaxosReplica } from './replica.ts';

const DURABLE: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };
const FIRST = firstConfiguration([1, 2, 3]);
const NEXT: Configuration = { number: 2, since: 1, members: [1, 2, 4], logReplicas: [] };
const { leaseMs } = DEFAULT_PAXOS_OPTIONS;

function newReplica(self: ReplicaId, configuration = FIRST, durable = DURABLE): PaxosReplica {
  const start = { self, configuration, options: DEFAULT_PAXOS_OPTIONS, durable, records: [], restarted: false, abstention: 1 };
  return new PaxosReplica(start, 0);
}

/** Every write is made at once; what is said then. */
function said(replica: PaxosReplica, nowMs: number): { to: ReplicaId; message: PaxosMessage }[] {
  const all: { to: ReplicaId; message: PaxosMessage }[] = [];
  for (;;) {
    const { persist, messages } = replica.ready(nowMs);
    all.push(...messages);
    if (persist === undefined) return all;
    replica.persisted(persist.token, nowMs);
  }
}

/** Has a replica stand that hears nobody. */
function stand(replica: PaxosReplica, nowMs: number): void {
  const { promised } = replica;
  replica.step(2, { kind: 'nominate', ballot: promised, leaseGivenUp: false }, nowMs);
  said(replica, nowMs);
}

function promise(ballot: Ballot, last = 0): PaxosMessage {
  return { kind: 'promise', ballot, accepted: ZERO_BALLOT, last, commit: last, trimmed: 0, abstention: 0 };
}

/** Replica 1 leads, with the promise of replica 2. */
function newLeader(): PaxosReplica {
  const leader = newReplica(1);
  stand(leader, 0);
  leader.step(2, promise(leader.promised), 0);
  said(leader, 0);
  assert(leader.leading !== undefined);
  return leader;
}

test('a grant of a learner proves nothing', () => {
  const leader = newLeader();
  const ballot = leader.promised;
  leader.addLearner(4, 0);
  leader.heartbeat(100);
  leader.onHeartbeatAnswer(4, ballot, 100, true, 110);
  assert.deepEqual([leader.leaseValid(120), leader.confirmedAtMs(120)], [false, Number.NEGATIVE_INFINITY]);
  leader.onHeartbeatAnswer(2, ballot, 100, true, 120);
  assert.deepEqual([leader.leaseValid(120), leader.confirmedAtMs(120)], [true, 100]);
});

test('a promise of somebody who is no member makes nobody a leader', () => {
  const candidate = newReplica(1);
  stand(candidate, 0);
  candidate.step(4, promise(candidate.promised), 0);
  assert.equal(candidate.role, 'candidate');
  candidate.step(3, promise(candidate.promised), 0);
  assert.equal(candidate.role, 'leader');
});

test('a member that keeps the log alone votes, and never stands', () => {
  const replica = newReplica(3, { ...FIRST, logReplicas: [3] });
  stand(replica, 0);
  assert.equal(replica.role, 'follower');
  replica.step(1, { kind: 'prepare', ballot: { configuration: 1, round: 1, replica: 1 }, released: ZERO_BALLOT, rejoin: 0 }, 0);
  assert.deepEqual(
    said(replica, 0).map(({ message }) => message.kind),
    ['promise'],
  );
});

test('with a Swap its configuration is closed: older ballots are refused, and who asks is told how it ended', () => {
  const old = { configuration: 1, round: 1, replica: 1 };
  const follower = newReplica(2, FIRST, { ...DURABLE, promised: old, accepted: old, last: 0 });
  const record = Buffer.from('swap');
  follower.step(1, { kind: 'accept', ballot: old, first: 1, records: [record], commit: 1 }, leaseMs);
  follower.appliedUpTo(1);
  follower.appliedSwap(NEXT, leaseMs);
  const { persist } = follower.ready(leaseMs);
  assert(persist !== undefined);
  // After a restart it must know its configuration to take part in it.
  const { promised, commit } = persist.change.header;
  assert.deepEqual([promised, commit], [openingBallot(2), 1]);
  follower.persisted(persist.token, leaseMs);
  said(follower, leaseMs);
  const refused = { configuration: 1, round: 7, replica: 3 };
  follower.step(3, { kind: 'prepare', ballot: refused, released: ZERO_BALLOT, rejoin: 0 }, leaseMs);
  assert.deepEqual(said(follower, leaseMs), [{ to: 3, message: { kind: 'refusal', promised: openingBallot(2), refused } }]);
  follower.step(3, { kind: 'learned', ballot: openingBallot(2), last: 0 }, leaseMs);
  const end = { kind: 'learn', ballot: openingBallot(2), first: 1, records: [record], commit: 1 };
  assert.deepEqual(said(follower, leaseMs), [{ to: 3, message: end }]);
});

test('the end of a configuration is not taken by whoever does not know what was chosen before it, whatever its own log holds there', () => {
  const old = { configuration: 1, round: 1, replica: 1 };
  const durable = { ...DURABLE, promised: old, accepted: old, last: 2 };
  const start = { self: 2, configuration: FIRST, options: DEFAULT_PAXOS_OPTIONS, durable, restarted: false, abstention: 1 };
  const follower = new PaxosReplica({ ...start, records: [Buffer.from('x1'), Buffer.from('x2')] }, 0);
  const swap = Buffer.from('swap');
  const ballot = openingBallot(2);
  follower.step(4, { kind: 'learn', ballot, first: 3, records: [swap], commit: 3 }, 0);
  assert.deepEqual(said(follower, 0), [{ to: 4, message: { kind: 'learned', ballot, last: 0 } }]);
  assert.deepEqual([follower.promised, follower.last, follower.commit], [old, 2, 0]);
  const records = [Buffer.from('x1'), Buffer.from('y2'), swap];
  follower.step(4, { kind: 'learn', ballot, first: 1, records, commit: 3 }, 0);
  said(follower, 0);
  assert.deepEqual([follower.promised, follower.last, follower.commit], [ballot, 3, 3]);
  assert.equal(Buffer.from(follower.recordAt(2) ?? []).toString(), 'y2');
});

test('a grant to a leader of one configuration does not delay the election of the next', () => {
  const old = { configuration: 1, round: 1, replica: 1 };
  const candidate = { configuration: 2, round: 1, replica: 4 };
  const follower = newReplica(2, FIRST, { ...DURABLE, promised: old, accepted: old, last: 1, commit: 1, trimmed: 1 });
  assert(follower.onHeartbeat({ ballot: old, commit: 1, reachesQuorum: true }, 0));
  // Whoever stands need not know that the old leader has stopped.
  const prepare: PaxosMessage = { kind: 'prepare', ballot: candidate, released: ZERO_BALLOT, rejoin: 0 };
  follower.step(4, prepare, leaseMs / 4);
  assert.deepEqual(said(follower, leaseMs / 4), [{ to: 4, message: { kind: 'learned', ballot: openingBallot(2), last: 1 } }]);
  follower.appliedSwap(NEXT, leaseMs / 2);
  assert.deepEqual(
    said(follower, leaseMs / 2).map(({ to, message }) => [to, message.kind]),
    [[4, 'promise']],
  );
});
