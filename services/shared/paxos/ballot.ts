import type { ReplicaId } from '../base/ids.ts';

/** (configuration number, round, replica id), compared in that order. No ballot is ever used twice, not by a restarted process either. */
export interface Ballot {
  readonly configuration: number;
  readonly round: number;
  readonly replica: ReplicaId;
}

/** Less than every ballot in use: what a new replica has promised. */
export const ZERO_BALLOT: Ballot = { configuration: 0, round: 0, replica: 0 };

/** A group is created with it: nothing was chosen before. */
const FIRST_CONFIGURATION = 1;

/**
 * Comes with a configuration, before all ballots of its replicas: whoever applied the Swap that made it promises and accepts
 * nothing of earlier configurations any more, and holds exactly what was chosen in them (architecture.md 4.2, Membership).
 */
export function openingBallot(configuration: number): Ballot {
  return configuration <= FIRST_CONFIGURATION ? ZERO_BALLOT : { configuration, round: 0, replica: 0 };
}

/** Negative, zero or positive. */
export function compareBallots(a: Ballot, b: Ballot): number {
  return a.configuration - b.configuration || a.round - b.round || a.replica - b.replica;
}

export function greaterBallot(a: Ballot, b: Ballot): Ballot {
  return compareBallots(a, b) >= 0 ? a : b;
}

export function equalBallots(a: Ballot, b: Ballot): boolean {
  return a.round === b.round && a.replica === b.replica && a.configuration === b.configuration;
}

/** `configuration.round.replica`, for logs and golden files. */
export function formatBallot(ballot: Ballot): string {
  return `${ballot.configuration}.${ballot.round}.${ballot.replica}`;
}
