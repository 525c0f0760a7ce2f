import type { GroupId, ReplicaId, Slot } from '../base/ids.ts';
import type { Ballot } from '../paxos/ballot.ts';

/** What a replica has made durable besides its records; written with every batch that touches the group. */
export interface GroupHeader {
  readonly promised: Ballot;
  readonly accepted: Ballot;
  /** The newest record's slot; equal to `trimmed` when the log is empty. */
  readonly last: Slot;
  readonly commit: Slot;
  /** Slots up to here are forgotten. */
  readonly trimmed: Slot;
  /** The replica lost its log once and no leader has synced it anew since: it must not vote, in no life of the process. */
  readonly abstains: boolean;
}

/** One durable step of one group: everything in it becomes durable at once or not at all. */
export interface WalChange {
  readonly group: GroupId;
  /** The state after the change; `last` is that of the log after cutting and appending. */
  readonly header: GroupHeader;
  /** The log above this slot is cut first. */
  readonly cutAbove?: Slot;
  /** Instead of a cut: the whole log goes and starts again behind this slot, which is header.trimmed. A snapshot took its place. */
  readonly restartAfter?: Slot;
  /** Slot of records[0]; required with records. */
  readonly first?: Slot;
  /** Nobody changes the bytes once they are given here. */
  readonly records: readonly Uint8Array[];
}

export interface RecoveredGroup {
  /** Whose log it is; 0: not known. */
  readonly replica: ReplicaId;
  readonly header: GroupHeader;
  /** A guard failed: the replica must abstain until `createGroup` puts a synced state in place. Stays over restarts. */
  readonly damage?: string;
}

/** Sums since the log was opened. */
export interface WalStats {
  readonly batches: number;
  readonly records: number;
  /** Keys and values given to the store. */
  readonly bytes: number;
  /** Time between giving batches to the store and hearing that they are synced. */
  readonly syncSeconds: number;
  /** Time the mark file took. */
  readonly markSeconds: number;
}

/** Records that were durable are missing or changed: the replica must abstain. */
export class WalDamagedError extends Error {
  override readonly name = 'WalDamagedError';
}

/** The records asked for were trimmed: a snapshot is needed instead. */
export class WalTrimmedError extends Error {
  override readonly name = 'WalTrimmedError';
}

/** There is no such group in this log (any more). */
export class WalGroupUnknownError extends Error {
  override readonly name = 'WalGroupUnknownError';
}
