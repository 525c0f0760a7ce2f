import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { Promise_ } from './messages.ts';

/** One attempt to lead: a ballot, and the promises for it. */
export interface Candidacy {
  readonly ballot: Ballot;
  /** Not 0: the abstaining replica of this number may be synced anew under this ballot. */
  readonly rejoin: number;
  readonly startedAtMs: number;
  promptedAtMs: number;
  readonly promises: Map<ReplicaId, Promise_>;
  /** Promises of abstaining replicas: they count for nothing, but say from where to sync. */
  readonly abstentions: Map<ReplicaId, Promise_>;
  /** The replica whose tail is being fetched. */
  fetchingFrom: ReplicaId | undefined;
}

export function newCandidacy(ballot: Ballot, rejoin: number, nowMs: number): Candidacy {
  return {
    ballot,
    rejoin,
    startedAtMs: nowMs,
    promptedAtMs: nowMs,
    promises: new Map(),
    abstentions: new Map(),
    fetchingFrom: undefined,
  };
}

/**
 * Whose log must be adopted whole: the greatest (accepted, last) of the quorum. Among equals the candidate itself, since it
 * lacks nothing then.
 */
export function greatestLog(self: ReplicaId, promises: ReadonlyMap<ReplicaId, Promise_>): readonly [ReplicaId, Promise_] {
  let best: readonly [ReplicaId, Promise_] = [self, must(promises.get(self), 'a candidate without its own promise')];
  for (const [replica, promise] of promises) {
    const order = compareBallots(promise.accepted, best[1].accepted) || promise.last - best[1].last;
    if (order > 0) best = [replica, promise];
  }
  for (const promise of promises.values()) {
    assert(best[1].last >= promise.commit, () => `a chosen slot ${promise.commit} is missing from the log to adopt (${best[1].last})`);
  }
  return best;
}

/** The question "does anyone hear the leader", before an election. */
export interface Question {
  readonly number: number;
  readonly askedAtMs: number;
  /** Who does not hear it, this replica included. */
  readonly deaf: Set<ReplicaId>;
}

/** The first slot that a replica lacks of another's log, given both ends. */
export function firstLacking(own: { accepted: Ballot; last: Slot; commit: Slot }, other: Promise_): Slot {
  return compareBallots(own.accepted, other.accepted) === 0 ? own.last + 1 : own.commit + 1;
}
