import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import { type Ballot, ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration } from './options.ts';
import { PaxosReplica } from './replica.ts';

const MEMBERS: readonly ReplicaId[] = [1, 2, 3];
const DURABLE: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

function newReplica(self: ReplicaId, restarted = false, durable = DURABLE): PaxosReplica {
  const configuration = firstConfiguration(MEMBERS);
  const start = { self, configuration, options: DEFAULT_PAXOS_OPTIONS, durable, records: [], restarted, abstention: 1 };
  return new PaxosReplica(start, 0);
}

/** Carries out what the replicas ask for, every write and message at once, until nothing is left. */
function settle(replicas: ReadonlyMap<ReplicaId, PaxosReplica>, nowMs: number): void {
  for (let busy = true; busy; ) {
    busy = false;
    for (const [from, replica] of replicas) {
      const { persist, messages } = replica.ready(nowMs);
      for (const { to, message } of messages) replicas.get(to)?.step(from, message, nowMs);
      if (persist !== undefined) replica.persisted(persist.token, nowMs);
      busy ||= persist !== undefined || messages.length > 0;
    }
  }
}

/** Replica 1 leads, and all have its log. */
function newLeader(): { leader: PaxosReplica; ballot: Ballot } {
  const replicas = new Map(MEMBERS.map((member) => [member, newReplica(member)]));
  const leader = replicas.get(1);
  assert(leader);
  leader.tick(0);
  settle(replicas, 0);
  const ballot = leader.leading;
  assert(ballot !== undefined);
  return { leader, ballot };
}

/** What becomes of a Prepare: a promise, once that is written, or a refusal. */
function answerTo(replica: PaxosReplica, ballot: Ballot, released: Ballot, nowMs: number): string[] {
  replica.step(ballot.replica, { kind: 'prepare', ballot, released, rejoin: 0 }, nowMs);
  const { persist, messages } = replica.ready(nowMs);
  const kinds = messages.map(({ message }) => message.kind);
  if (persist === undefined) return kinds;
  replica.persisted(persist.token, nowMs);
  return [...kinds, ...replica.ready(nowMs).messages.map(({ message }) => message.kind)];
}

test('a lease ends before the earliest moment at which a grant may, by a clock that runs fast against the leader’s', () => {
  const { leader, ballot } = newLeader();
  assert(leader.heartbeat(100) !== undefined);
  leader.onHeartbeatAnswer(2, ballot, 100, true, 110);
  const { leaseMs, clockDrift, leaseMarginMs } = DEFAULT_PAXOS_OPTIONS;
  // Received when it was sent, and counted by a clock that runs fast while the leader's runs slow.
  const endsAtMs = 100 + (leaseMs * (1 - clockDrift)) / (1 + clockDrift);
  assert(leader.leaseValid(endsAtMs - leaseMarginMs - 1));
  assert(!leader.leaseValid(endsAtMs - leaseMarginMs));
});

test('a grant binds its giver until its time is over, or its leader has released that very ballot', () => {
  const granted = { configuration: 1, round: 2, replica: 2 };
  const other = { configuration: 1, round: 1, replica: 3 };
  const wanted = { configuration: 1, round: 3, replica: 3 };
  const { leaseMs } = DEFAULT_PAXOS_OPTIONS;
  const giver = (): PaxosReplica => {
    const replica = newReplica(1, false, { ...DURABLE, promised: granted });
    assert(replica.onHeartbeat({ ballot: granted, commit: 0, reachesQuorum: true }, 50));
    return replica;
  };
  const replica = giver();
  assert.deepEqual(answerTo(replica, wanted, ZERO_BALLOT, 60), ['refusal']);
  assert.deepEqual(answerTo(replica, wanted, other, 50 + leaseMs - 1), ['refusal']);
  assert.deepEqual(answerTo(replica, wanted, ZERO_BALLOT, 50 + leaseMs), ['promise']);
  assert.deepEqual(answerTo(giver(), wanted, granted, 60), ['promise']);
});

test('a leader that hands over leads no more from then on, though its lease has not run out', () => {
  const { leader, ballot } = newLeader();
  assert(leader.heartbeat(100) !== undefined);
  leader.onHeartbeatAnswer(2, ballot, 100, true, 110);
  assert(leader.leaseValid(120) && leader.serves);
  assert(leader.handOver(2, 120));
  assert.deepEqual([leader.role, leader.leading, leader.serves, leader.leaseValid(121)], ['follower', undefined, false, false]);
  assert.equal(leader.heartbeat(121), undefined);
  assert.deepEqual(leader.ready(121).messages, [{ to: 2, message: { kind: 'nominate', ballot, leaseGivenUp: true } }]);
});

test('after a jump of the clocks only heartbeats that leave later bring the lease back', () => {
  const { leader, ballot } = newLeader();
  assert(leader.heartbeat(100) !== undefined);
  leader.onHeartbeatAnswer(2, ballot, 100, true, 110);
  assert(leader.leaseValid(120));
  leader.dropLease(120);
  assert(!leader.leaseValid(120));
  // A grant for the first heartbeat that was under way when the clocks jumped.
  leader.onHeartbeatAnswer(3, ballot, 100, true, 130);
  assert(!leader.leaseValid(130));
  assert(leader.heartbeat(400) !== undefined);
  leader.onHeartbeatAnswer(3, ballot, 400, true, 410);
  assert(leader.leaseValid(410));
});

test('a restarted replica promises nothing until what its earlier life may have granted has run out', () => {
  const replica = newReplica(1, true);
  const ballot = { configuration: 1, round: 1, replica: 2 };
  const { leaseMs } = DEFAULT_PAXOS_OPTIONS;
  assert.deepEqual(answerTo(replica, ballot, ZERO_BALLOT, leaseMs - 1), ['refusal']);
  assert.deepEqual(answerTo(replica, ballot, ZERO_BALLOT, leaseMs + 1), ['promise']);
});

test('a grant goes only to the ballot that is promised, and never comes from a replica that abstains', () => {
  const promised = { configuration: 1, round: 2, replica: 2 };
  const news = { ballot: promised, commit: 0, reachesQuorum: true };
  const durable = { ...DURABLE, promised };
  assert(newReplica(1, true, durable).onHeartbeat(news, 0));
  assert(!newReplica(1, true, durable).onHeartbeat({ ...news, ballot: { configuration: 1, round: 1, replica: 3 } }, 0));
  assert(!newReplica(1, true, { ...durable, abstains: true }).onHeartbeat(news, 0));
});
