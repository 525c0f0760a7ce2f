import type { ReplicaId, Slot } from '../base/ids.ts';

/**
 * How far a leader has brought one follower.
 * - `preparing`: it has not promised the leader's ballot in this round of messages; Prepare is repeated.
 * - `behind`: it promised, but lacks more than a Sync may carry; Learn messages or a snapshot bring it near.
 * - `syncing`: the Sync is under way.
 * - `synced`: its log is the leader's up to `acknowledged`; Accepts flow.
 */
export type FollowerPhase = 'preparing' | 'behind' | 'syncing' | 'synced';

/** A leader's book about one follower. */
export interface Follower {
  readonly replica: ReplicaId;
  phase: FollowerPhase;
  /** Everything up to here is durable there with accepted = the leader's ballot; 0 before it is synced. */
  acknowledged: Slot;
  /** Next slot to send. */
  next: Slot;
  /** Bytes of each record that was sent and is not acknowledged, up to the one before `next`: the log in memory may have forgotten it. */
  inFlight: number[];
  /** Sum of them. */
  inFlightBytes: number;
  /** For `behind`: the slot up to which its log is known to be chosen and equal to the leader's. */
  position: Slot;
  /** Greatest commit slot it was told. */
  toldCommit: Slot;
  /** When the last message of phase 1 or 2 went out, or an answer came in: silence longer than the retry time starts over. */
  activeAtMs: number;
  /** How often in a row it was started over, since it acknowledged nothing of what was sent, as far as that counts: each time it is waited for twice as long. */
  startedOver: number;
  /** Sending time of the latest heartbeat that it answered with a grant; -Infinity: none. */
  heartbeatSentAtMs: number;
  /** Not 0: it is damaged and abstains under this number. */
  abstention: number;
}

export function newFollower(replica: ReplicaId, nowMs: number): Follower {
  return {
    replica,
    phase: 'preparing',
    acknowledged: 0,
    next: 0,
    inFlight: [],
    inFlightBytes: 0,
    position: 0,
    toldCommit: 0,
    activeAtMs: nowMs,
    startedOver: 0,
    heartbeatSentAtMs: Number.NEGATIVE_INFINITY,
    abstention: 0,
  };
}

/** Records are sent, behind all that were. */
export function sent(follower: Follower, records: readonly Uint8Array[]): void {
  for (const { length } of records) {
    follower.inFlight.push(length);
    follower.inFlightBytes += length;
  }
  follower.next += records.length;
}

/** The records that were sent are acknowledged up to `last`. */
export function arrived(follower: Follower, last: Slot): void {
  const from = follower.next - follower.inFlight.length;
  const gone = Math.min(last - from + 1, follower.inFlight.length);
  if (gone <= 0) return;
  for (let at = 0; at < gone; at++) follower.inFlightBytes -= follower.inFlight[at] as number;
  if (gone === follower.inFlight.length) follower.inFlight = [];
  else follower.inFlight.splice(0, gone);
}

/** Nothing that was sent is waited for any more; the next slot to send is `next`. */
export function sendFrom(follower: Follower, next: Slot): void {
  follower.next = next;
  follower.inFlight = [];
  follower.inFlightBytes = 0;
}

/** The greatest value that at least `quorum` of them reach. There are as many as a group has members: sorting by hand is cheapest. */
export function reachedByQuorum(values: number[], quorum: number): number {
  for (let at = 1; at < values.length; at++) {
    const value = values[at] as number;
    let place = at;
    for (; place > 0 && (values[place - 1] as number) < value; place--) values[place] = values[place - 1] as number;
    values[place] = value;
  }
  return values[quorum - 1] ?? Number.NEGATIVE_INFINITY;
}
