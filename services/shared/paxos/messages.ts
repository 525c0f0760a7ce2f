import type { Slot } from '../base/ids.ts';
import type { Ballot } from './ballot.ts';

/**
 * Messages between the replicas of one group (architecture.md 4.2). Heartbeats are not here: they travel once for each pair
 * of nodes, for all groups together (`heartbeat.ts`).
 *
 * A log record is opaque to consensus: bytes that end in their own CRC-32 (wal/log-record.ts).
 */
export type PaxosMessage = ElectionMessage | MessageToFollower | MessageToLeader;

/** Of a candidacy, the receiver's own or the one that it is asked to begin or to help. */
export type ElectionMessage = AskLeader | LeaderHeard | Promise_ | Refusal | FetchTail | Tail | Nominate;

/** From whoever leads, or wants to. Learn comes from others, too. */
export type MessageToFollower = Prepare | Sync | Accept | Learn;

/** From followers and learners. Learned comes from others, too. */
export type MessageToLeader = Accepted | Learned;

/** Before an election: has anyone heard a leader that itself reaches a quorum? */
export interface AskLeader {
  readonly kind: 'ask-leader';
  /** Numbers the question, so that late answers to an earlier one do not count. */
  readonly question: number;
}

export interface LeaderHeard {
  readonly kind: 'leader-heard';
  readonly question: number;
  readonly heard: boolean;
}

/** Phase 1 of a candidate. */
export interface Prepare {
  readonly kind: 'prepare';
  readonly ballot: Ballot;
  /** Lease grants for this ballot bind nobody any more: its leader handed over. ZERO_BALLOT: none. */
  readonly released: Ballot;
  /** Repeats the number by which the receiver said that it abstains; 0: none known. */
  readonly rejoin: number;
}

/** The answer, once durable: no values, only how far the log goes. */
export interface Promise_ {
  readonly kind: 'promise';
  readonly ballot: Ballot;
  /** The ballot whose leader last synced this log. */
  readonly accepted: Ballot;
  readonly last: Slot;
  readonly commit: Slot;
  /** Slots up to here are trimmed from the log. */
  readonly trimmed: Slot;
  /**
   * Not 0: the replica is damaged and abstains. The answer counts for no quorum; it only says from where the replica wants to
   * be synced anew. It takes a Sync only from a ballot whose Prepare repeated this number: one that was prepared by the
   * others after the damage, since the damaged replica may have forgotten promises.
   */
  readonly abstention: number;
}

/** A message of a lower ballot than promised, or one that a lease grant forbids for now. Of a later configuration: the ballot's is closed. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly promised: Ballot;
  /** The ballot that is refused. */
  readonly refused: Ballot;
}

/** A candidate asks the replica with the greatest (accepted, last) for what it lacks. */
export interface FetchTail {
  readonly kind: 'fetch-tail';
  readonly ballot: Ballot;
  /** The first slot wanted. */
  readonly first: Slot;
}

export interface Tail {
  readonly kind: 'tail';
  readonly ballot: Ballot;
  readonly first: Slot;
  readonly records: readonly Uint8Array[];
}

/** "Stand for election yourself": from a candidate that lacks too much, and from a leader that hands over. */
export interface Nominate {
  readonly kind: 'nominate';
  /** Ballot of the sender; the nominee takes a greater one. */
  readonly ballot: Ballot;
  /** A leader that hands over gave up its lease: grants for its ballot bind nobody any more. */
  readonly leaseGivenUp: boolean;
}

/** Phase 2 begins for one follower: cut above `from`, write the tail and set accepted = ballot, in one synced batch. */
export interface Sync {
  readonly kind: 'sync';
  readonly ballot: Ballot;
  readonly from: Slot;
  readonly records: readonly Uint8Array[];
  readonly commit: Slot;
}

/** New records in slot order, only to a replica with accepted = ballot. */
export interface Accept {
  readonly kind: 'accept';
  readonly ballot: Ballot;
  readonly first: Slot;
  readonly records: readonly Uint8Array[];
  readonly commit: Slot;
}

/** Cumulative: everything up to `last` is durable here with accepted = ballot. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly ballot: Ballot;
  readonly last: Slot;
}

/**
 * Chosen records for a replica that is far behind. They do not count as accepted; receiving them promises `ballot`. With the
 * opening ballot of a configuration they come from anyone who applied its Swap, and end with that record.
 */
export interface Learn {
  readonly kind: 'learn';
  readonly ballot: Ballot;
  readonly first: Slot;
  readonly records: readonly Uint8Array[];
  /** At least first + records.length - 1. */
  readonly commit: Slot;
}

/**
 * The answer to Learn, once durable, and what a replica says after it installed a snapshot. With the opening ballot of a
 * configuration: "I know what is chosen up to `last`, and want to know the rest up to the Swap that made this configuration".
 */
export interface Learned {
  readonly kind: 'learned';
  readonly ballot: Ballot;
  readonly last: Slot;
}
