import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import type { DurableState } from './durable-state.ts';
import type { PaxosMessage } from './messages.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration } from './options.ts';
import { PaxosReplica } from './replica.ts';

const MEMBERS: readonly ReplicaId[] = [1, 2, 3];
const BALLOT = { configuration: 1, round: 1, replica: 3 };

/** All of what it holds is chosen and applied. */
function replicaOf(self: ReplicaId, last: number): PaxosReplica {
  const durable: DurableState = { promised: BALLOT, accepted: BALLOT, last, commit: last, trimmed: 0, abstains: false };
  const configuration = firstConfiguration(MEMBERS);
  const start = { self, configuration, options: DEFAULT_PAXOS_OPTIONS, durable, records: [], restarted: false, abstention: 1 };
  const replica = new PaxosReplica(start, 0);
  replica.appliedUpTo(last);
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
