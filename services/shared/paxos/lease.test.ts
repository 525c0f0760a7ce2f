import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import { ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import { DEFAULT_PAXOS_OPTIONS } from './options.ts';
import { PaxosReplica } from './replica.ts';

const MEMBERS: readonly ReplicaId[] = [1, 2, 3];
const DURABLE: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

function newReplica(self: ReplicaId): PaxosReplica {
  const configuration = { number: 1, members: MEMBERS };
  const start = { self, configuration, options: DEFAULT_PAXOS_OPTIONS, durable: DURABLE, records: [], restarted: false, abstention: 1 };
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
