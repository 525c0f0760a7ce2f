import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import { ZERO_BALLOT } from './ballot.ts';
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
      if (persist !== undefined) replica.persisted(persist.token, nowMs);
      for (const { to, message } of messages) replicas.get(to)?.step(from, message, nowMs);
      busy ||= persist !== undefined || messages.length > 0;
    }
  }
}

test('after a jump of the clocks only heartbeats that leave later bring the lease back', () => {
  const replicas = new Map(MEMBERS.map((member) => [member, newReplica(member)]));
  const leader = replicas.get(1);
  assert(leader);
  leader.tick(0);
  settle(replicas, 0);
  const ballot = leader.leading;
  assert(ballot !== undefined && leader.heartbeat(100) !== undefined);
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
  const prepare = { kind: 'prepare', ballot: { configuration: 1, round: 1, replica: 2 }, released: ZERO_BALLOT, rejoin: 0 } as const;
  const { leaseMs } = DEFAULT_PAXOS_OPTIONS;
  replica.step(2, prepare, leaseMs - 1);
  assert.deepEqual(
    replica.ready(leaseMs - 1).messages.map(({ message }) => message.kind),
    ['refusal'],
  );
  replica.step(2, prepare, leaseMs + 1);
  const { persist } = replica.ready(leaseMs + 1);
  assert(persist !== undefined);
  replica.persisted(persist.token, leaseMs + 1);
  assert.deepEqual(
    replica.ready(leaseMs + 1).messages.map(({ message }) => message.kind),
    ['promise'],
  );
});

test('a grant goes only to the ballot that is promised, and never comes from a replica that abstains', () => {
  const promised = { configuration: 1, round: 2, replica: 2 };
  const news = { ballot: promised, commit: 0, reachesQuorum: true };
  const durable = { ...DURABLE, promised };
  assert(newReplica(1, true, durable).onHeartbeat(news, 0));
  assert(!newReplica(1, true, durable).onHeartbeat({ ...news, ballot: { configuration: 1, round: 1, replica: 3 } }, 0));
  assert(!newReplica(1, true, { ...durable, abstains: true }).onHeartbeat(news, 0));
});
