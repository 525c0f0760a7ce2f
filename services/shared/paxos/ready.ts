import type { Outgoing, Persist } from './acceptor.ts';
import type { DurableState } from './durable-state.ts';
import type { CatchUp } from './leadership.ts';
import type { Configuration, PaxosOptions } from './options.ts';
import type { ReplicaId } from '../base/ids.ts';

/**
 * What the caller must do now. The messages may leave at once: whatever needs a durable write first is held back inside
 * until `persisted(token)`. `persist` must be written atomically and synced, in the order of the tokens.
 */
export interface Ready {
  readonly persist: Persist | undefined;
  /** To be read before anything else is called: what follows from that may be added here, too. */
  readonly messages: readonly Outgoing[];
  /** Followers to bring near from the WAL or by a snapshot. */
  readonly catchUps: readonly CatchUp[];
}

export interface ReplicaStart {
  readonly self: ReplicaId;
  readonly configuration: Configuration;
  readonly options: PaxosOptions;
  readonly durable: DurableState;
  /** The durable records above durable.commit. */
  readonly records: readonly Uint8Array[];
  /** A life before this one may have granted leases; false only for a replica that is being created. */
  readonly restarted: boolean;
  /** A number other than 0, new in each life, under which the replica abstains if it must. */
  readonly abstention: number;
}

export type Role = 'follower' | 'candidate' | 'leader';
