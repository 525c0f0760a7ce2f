import type { ReplicaId, Slot } from '../base/ids.ts';
import { KIB, MIB } from '../base/units.ts';

/** Times and bounds of a group, the same for every group of a cluster. Times in milliseconds of the monotonic clock. */
export interface PaxosOptions {
  /** False: nobody grants or holds leases; strong reads confirm leadership by a heartbeat round (read-index). */
  readonly leases: boolean;
  /** What a grant binds its giver for, counted from the receipt of the heartbeat. */
  readonly leaseMs: number;
  /** Greatest relative difference of two monotonic clocks (NTP slews at most 5e-4). */
  readonly clockDrift: number;
  /** Taken off the leader's view of its lease, for what the drift does not cover. */
  readonly leaseMarginMs: number;
  /** The preferred successor stands at once, the replica after it so much later, and so on. */
  readonly successorDelayMs: number;
  /** A candidate that has not won by then gives up and waits for its next turn. */
  readonly candidacyMs: number;
  /** How long unanswered phase-1 and phase-2 messages wait before they are repeated. */
  readonly retryMs: number;
  /** More uncommitted record bytes than this and the leader takes no new ones. */
  readonly uncommittedBytesMax: number;
  /** Chosen records kept in memory for followers that are a little behind, bytes. */
  readonly windowBytesMax: number;
  /** Record bytes sent to one follower and not yet answered. */
  readonly inFlightBytesMax: number;
  /** Record bytes of one message; a single record may be larger. */
  readonly messageBytesMax: number;
  /** A follower that lacks more than this is first brought near by Learn messages or a snapshot, bytes. */
  readonly syncBytesMax: number;
}

/** Values of architecture.md 4.2; garbage collection alone was seen to stall a large process for 0.7 s, hence 2 s. */
export const DEFAULT_PAXOS_OPTIONS: PaxosOptions = {
  leases: true,
  leaseMs: 2000,
  clockDrift: 1e-3,
  leaseMarginMs: 200,
  successorDelayMs: 300,
  candidacyMs: 1000,
  retryMs: 500,
  uncommittedBytesMax: 8 * MIB,
  windowBytesMax: 4 * MIB,
  inFlightBytesMax: 4 * MIB,
  messageBytesMax: 512 * KIB,
  syncBytesMax: 12 * MIB,
};

/** A group's replicas under one number. Order matters: the successor of a leader is the next in the ring. */
export interface Configuration {
  readonly number: number;
  /** The Swap record that made it; 0 for the one that the group was created with. */
  readonly since: Slot;
  /** Who votes. */
  readonly members: readonly ReplicaId[];
  /** Members that keep the log alone: they vote, and neither lead nor serve. */
  readonly logReplicas: readonly ReplicaId[];
}

/** The configuration that a group is created with. */
export function firstConfiguration(members: readonly ReplicaId[]): Configuration {
  return { number: 1, since: 0, members, logReplicas: [] };
}

/** Votes that make a majority of the configuration. */
export function quorumSize(configuration: Configuration): number {
  return Math.floor(configuration.members.length / 2) + 1;
}

/**
 * Why `next` may not follow on `current`; undefined when it may. One step replaces one member by another, or changes what one
 * of them keeps, so that the leader that proposes it stays a member (architecture.md 4.2, Membership).
 */
export function wrongSuccession(current: Configuration, next: Configuration, leader: ReplicaId): string | undefined {
  if (next.number !== current.number + 1) return `configuration ${next.number} does not follow on ${current.number}`;
  if (new Set(next.members).size !== next.members.length) return 'a replica is named twice';
  if (next.members.length !== current.members.length) return 'a configuration keeps its number of members';
  if (!next.members.includes(leader) || next.logReplicas.includes(leader)) return 'the leader that proposes it must be able to lead it';
  if (!next.logReplicas.every((replica) => next.members.includes(replica))) return 'a log replica that is no member';
  // Two full copies must be left, or one lost disk could take the last.
  if (next.logReplicas.length > 1) return 'more than one log replica';
  const newcomers = next.members.filter((replica) => !current.members.includes(replica));
  const changed = next.members.filter(
    (replica) => current.members.includes(replica) && current.logReplicas.includes(replica) !== next.logReplicas.includes(replica),
  );
  return newcomers.length + changed.length === 1 ? undefined : 'exactly one member changes in one step';
}
