import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { ReplicaId } from '../base/ids.ts';
import { ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration } from './options.ts';
import { PaxosReplica } from './replica.ts';

const MEMBERS: readonly ReplicaId[] = [1, 2, 3];
const EMPTY: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };
/** Without leases any replica may stand at any time. */
const OPTIONS = { ...DEFAULT_PAXOS_OPTIONS, leases: false };
const NOW_MS = 60_000;

function newReplica(self: ReplicaId): PaxosReplica {
  const configuration = firstConfiguration(MEMBERS);
  const start = { self, configuration, options: OPTIONS, durable: EMPTY, records: [], restarted: false, abstention: 1 };
  return new PaxosReplica(start, NOW_MS);
}

/** These replicas talk until they have nothing more to say; all other messages are lost. Every write is made at once. */
function talk(...replicas: PaxosReplica[]): void {
  for (let rounds = 0, busy = true; busy; rounds++) {
    assert.ok(rounds < 100, 'they never come to an end');
    busy = false;
    for (const replica of replicas) {
      const { persist, messages } = replica.ready(NOW_MS);
      busy ||= persist !== undefined || messages.length > 0;
      for (const { to, message } of messages) replicas.find(({ self }) => self === to)?.step(replica.self, message, NOW_MS);
      if (persist !== undefined) replica.persisted(persist.token, NOW_MS);
    }
  }
}

/** Has the first of them stand with the voice of the others. */
function elect(candidate: PaxosReplica, ...voters: PaxosReplica[]): void {
  const [voter] = voters;
  assert(voter !== undefined);
  candidate.step(voter.self, { kind: 'nominate', ballot: candidate.promised, leaseGivenUp: false }, NOW_MS);
  talk(candidate, ...voters);
}

function propose(leader: PaxosReplica, ...records: string[]): void {
  assert(leader.serves, 'it does not serve');
  for (const record of records) leader.propose(Buffer.from(record));
}

function logOf(replica: PaxosReplica): string[] {
  return Array.from({ length: replica.last }, (_, at) => Buffer.from(replica.recordAt(at + 1) ?? []).toString());
}

describe('records that a leader had alone when the others chose what another one proposed', () => {
  let alone: PaxosReplica;
  let second: PaxosReplica;
  let third: PaxosReplica;

  beforeEach(() => {
    alone = newReplica(1);
    second = newReplica(2);
    third = newReplica(3);
    elect(alone, second);
    propose(alone, 'x1', 'x2', 'x3');
    talk(alone);
    elect(second, third);
    propose(second, 'y1', 'y2');
    talk(second, third);
    assert.deepEqual([logOf(alone), alone.commit], [['x1', 'x2', 'x3'], 0]);
    assert.deepEqual([logOf(second), second.commit, logOf(third)], [['y1', 'y2'], 2, ['y1', 'y2']]);
  });

  test('are gone, all of them, once it leads again: what it adopts takes their place from the first one that is not chosen', () => {
    elect(alone, second);
    assert.equal(alone.role, 'follower', 'the ballot of the same round was promised already');
    elect(alone, second);
    assert.equal(alone.role, 'leader');
    assert.deepEqual([logOf(alone), alone.commit], [['y1', 'y2'], 2]);
  });

  test('are gone, all of them, once it accepts the log of the next leader, which it has whole by then', () => {
    elect(third, alone);
    assert.equal(third.role, 'leader');
    assert.deepEqual([alone.accepted, logOf(alone)], [third.leading, ['y1', 'y2']]);
    assert.equal(third.commit, 2);
  });

  test('are gone, all of them, once it learns of a single slot that another record was chosen, and nothing counts as accepted by that', () => {
    const { accepted } = alone;
    elect(third, second);
    const ballot = third.leading;
    assert(ballot !== undefined);
    alone.step(3, { kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 }, NOW_MS);
    alone.step(3, { kind: 'learn', ballot, first: 1, records: [Buffer.from('y1')], commit: 2 }, NOW_MS);
    talk(alone);
    assert.deepEqual([alone.accepted, logOf(alone), alone.commit], [accepted, ['y1'], 1]);
  });

  test('are not taken for chosen before it has the log of the next leader, however much of that is', () => {
    elect(third, second);
    third.appliedUpTo(2);
    propose(third, 'z3', 'z4');
    talk(third, second);
    const ballot = third.leading;
    assert(ballot !== undefined && third.commit === 4);
    // It promises, and the Sync is lost, while heartbeats and an Accept get through.
    alone.step(3, { kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 }, NOW_MS);
    talk(alone);
    assert.deepEqual(alone.promised, ballot);
    assert.ok(alone.onHeartbeat({ ballot, commit: 4, reachesQuorum: true }, NOW_MS));
    alone.step(3, { kind: 'accept', ballot, first: 4, records: [Buffer.from('z4')], commit: 4 }, NOW_MS);
    talk(alone);
    assert.deepEqual([logOf(alone), alone.commit], [['x1', 'x2', 'x3'], 0]);
    third.reconnected(1, NOW_MS);
    talk(third, alone);
    assert.deepEqual([logOf(alone), alone.commit], [['y1', 'y2', 'z3', 'z4'], 4]);
  });
});
