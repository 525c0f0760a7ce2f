import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Ballot } from './ballot.ts';
import type { LogWindow } from './log-window.ts';
import type { Accepted, PaxosMessage, Promise_ } from './messages.ts';
import { type Configuration, type PaxosOptions, quorumSize } from './options.ts';
import { arrived, type Follower, newFollower, reachedByQuorum, sendFrom, sent } from './progress.ts';

/** So often at most the time is doubled for which a follower is waited for that acknowledges nothing: to eight times the retry time. */
const PATIENCE_DOUBLED_MAX = 3;

/** A request to bring a follower near by Learn messages from the WAL, or by a snapshot when the WAL is trimmed. */
export interface CatchUp {
  readonly replica: ReplicaId;
  readonly ballot: Ballot;
  /** The follower's log is chosen, and equal to everyone's, up to here. */
  readonly position: Slot;
  /** Only a snapshot will do, whatever the WAL holds. */
  readonly bySnapshot: boolean;
}

/** The adopted log and the ballot it was adopted under; the follower's promises that are known already. */
export interface AdoptedLog {
  readonly ballot: Ballot;
  /** Ballot under which the adopted log was accepted before. */
  readonly accepted: Ballot;
  readonly last: Slot;
}

/**
 * A leader's half of the protocol in one ballot: brings followers to its log, counts acknowledgements, holds the lease.
 * It lives as long as the ballot leads in this life of the process, and is dropped whole at a step-down.
 */
export class Leadership {
  readonly adopted: AdoptedLog;
  /** Not 0: the abstaining replica of this number was known before the ballot was prepared, so it may be synced anew. */
  readonly rejoin: number;
  /** Last slot of the leader's own log that is durable with accepted = its ballot; 0: not even the adoption yet. */
  durableLast: Slot = 0;
  /** Set while leadership is handed over: nothing new is proposed. */
  handingOverTo: ReplicaId | undefined;
  /** The slot of the Swap that this leader proposed: the last slot of its ballot. */
  closingAt: Slot | undefined;
  readonly #configuration: Configuration;
  readonly #options: PaxosOptions;
  readonly #window: LogWindow;
  readonly #followers = new Map<ReplicaId, Follower>();
  /** Members that hold the adopted log durably under this ballot; what they accepted, no other ballot takes back. */
  readonly #holders = new Set<ReplicaId>();
  readonly #self: ReplicaId;
  /** Since when a quorum's answers are awaited: the election, or the last jump of the clocks. */
  #awaitedSinceMs: number;
  /** Answers to heartbeats sent up to here count for nothing. */
  #droppedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    parts: {
      self: ReplicaId;
      configuration: Configuration;
      options: PaxosOptions;
      window: LogWindow;
      adopted: AdoptedLog;
      rejoin: number;
    },
    nowMs: number,
  ) {
    this.#self = parts.self;
    this.#configuration = parts.configuration;
    this.#options = parts.options;
    this.#window = parts.window;
    this.adopted = parts.adopted;
    this.rejoin = parts.rejoin;
    this.#awaitedSinceMs = nowMs;
    for (const replica of parts.configuration.members) {
      if (replica !== parts.self) this.#followers.set(replica, newFollower(replica, nowMs));
    }
  }

  /** Members and learners. */
  get followers(): IterableIterator<Follower> {
    return this.#followers.values();
  }

  /** A replica that is to become a member is brought to this leader's log; it has no vote meanwhile. */
  addLearner(replica: ReplicaId, nowMs: number): Follower {
    const follower = newFollower(replica, nowMs);
    this.#followers.set(replica, follower);
    return follower;
  }

  removeLearner(replica: ReplicaId): void {
    if (!this.votes(replica)) this.#followers.delete(replica);
  }

  votes(replica: ReplicaId): boolean {
    return this.#configuration.members.includes(replica);
  }

  follower(replica: ReplicaId): Follower | undefined {
    return this.#followers.get(replica);
  }

  /** A promise of our ballot says where the follower's log stands: sync it, or have it brought near first. */
  onPromise(replica: ReplicaId, promise: Promise_, commit: Slot, nowMs: number): PaxosMessage | CatchUp | undefined {
    const follower = must(this.#followers.get(replica));
    follower.activeAtMs = nowMs;
    follower.abstention = promise.abstention;
    if (follower.phase === 'syncing' || follower.phase === 'synced') follower.acknowledged = 0;
    return this.#bringNear(follower, this.#commonPrefix(promise), commit, nowMs);
  }

  /** The follower learned chosen records or installed a snapshot up to `position`. */
  onLearned(replica: ReplicaId, position: Slot, commit: Slot, nowMs: number): PaxosMessage | CatchUp | undefined {
    const follower = must(this.#followers.get(replica));
    follower.activeAtMs = nowMs;
    if (follower.phase !== 'behind' || position < follower.position) return undefined;
    return this.#bringNear(follower, position, commit, nowMs);
  }

  /** Equal accepted ballots mean that one log is a prefix of the other; otherwise only what is chosen is surely common. */
  #commonPrefix(promise: Promise_): Slot {
    const { accepted } = this.adopted;
    const sameBallot = (ballot: Ballot): boolean =>
      promise.accepted.round === ballot.round &&
      promise.accepted.replica === ballot.replica &&
      promise.accepted.configuration === ballot.configuration;
    if (sameBallot(this.adopted.ballot)) return Math.min(promise.last, this.#window.last);
    if (sameBallot(accepted)) return Math.max(promise.commit, Math.min(promise.last, this.adopted.last));
    return promise.commit;
  }

  #bringNear(follower: Follower, position: Slot, commit: Slot, nowMs: number): PaxosMessage | CatchUp {
    const { first, last } = this.#window;
    follower.activeAtMs = nowMs;
    follower.position = position;
    const reachable = position + 1 >= first;
    const bytesMax = this.#options.syncBytesMax;
    // What is not chosen yet can only travel in the Sync, whatever its size.
    if (!reachable || (position < commit && this.#window.bytesBetween(position + 1, last) > bytesMax)) {
      follower.phase = 'behind';
      return { replica: follower.replica, ballot: this.adopted.ballot, position: Math.min(position, commit), bySnapshot: false };
    }
    follower.phase = 'syncing';
    follower.toldCommit = commit;
    const records = this.#window.slice(position + 1, last, Number.POSITIVE_INFINITY);
    sendFrom(follower, position + 1);
    sent(follower, records);
    return { kind: 'sync', ballot: this.adopted.ballot, from: position, records, commit };
  }

  /**
   * Cumulative acknowledgement; false when it changes nothing. A snapshot may have brought the follower chosen records that it was not
   * sent yet under this ballot.
   */
  onAccepted(replica: ReplicaId, message: Accepted, commit: Slot, nowMs: number): boolean {
    const follower = must(this.#followers.get(replica));
    if (follower.phase !== 'syncing' && follower.phase !== 'synced') return false;
    follower.phase = 'synced';
    follower.abstention = 0;
    const known = Math.max(follower.next - 1, commit);
    assert(message.last <= known, () => `slot ${message.last} acknowledged, sent or chosen up to ${known}`);
    arrived(follower, message.last);
    if (message.last >= follower.next) sendFrom(follower, message.last + 1);
    if (this.votes(replica)) this.#holds(replica, message.last);
    if (message.last <= follower.acknowledged) return false;
    follower.acknowledged = message.last;
    follower.activeAtMs = nowMs;
    follower.startedOver = 0;
    return true;
  }

  /** The own log is durable up to `last` under this ballot. */
  durableUpTo(last: Slot): void {
    this.durableLast = Math.max(this.durableLast, last);
    this.#holds(this.#self, last);
  }

  #holds(member: ReplicaId, last: Slot): void {
    if (last >= this.adopted.last) this.#holders.add(member);
  }

  /**
   * A quorum holds the adopted log under this ballot, so that no later leader adopts another one in its place. As long as that is not
   * so, records that an earlier leader proposed and nobody here knows of may yet be chosen, be everything that is known here chosen
   * already: a repeated write must not be judged without them.
   */
  get prevails(): boolean {
    return this.#holders.size >= quorumSize(this.#configuration);
  }

  /** The greatest slot that a quorum holds durably under this ballot; 0 while there is none. */
  chosen(): Slot {
    const slots = [this.durableLast];
    for (const { replica, acknowledged } of this.#followers.values()) if (this.votes(replica)) slots.push(acknowledged);
    return Math.max(0, reachedByQuorum(slots, quorumSize(this.#configuration)));
  }

  /** What to send next to a synced follower: new records, and with them how far they are chosen. Undefined: nothing, for now. */
  nextAccept(follower: Follower, commit: Slot, nowMs: number): PaxosMessage | undefined {
    if (follower.phase !== 'synced' && follower.phase !== 'syncing') return undefined;
    const { first, last } = this.#window;
    if (follower.next > last) return undefined;
    if (follower.next < first) {
      follower.phase = 'preparing';
      return undefined;
    }
    const room = this.#options.inFlightBytesMax - follower.inFlightBytes;
    if (room <= 0) return undefined;
    const records = this.#window.slice(follower.next, last, Math.min(room, this.#options.messageBytesMax));
    const message: PaxosMessage = { kind: 'accept', ballot: this.adopted.ballot, first: follower.next, records, commit };
    if (follower.inFlight.length === 0) follower.activeAtMs = nowMs;
    sent(follower, records);
    follower.toldCommit = commit;
    return message;
  }

  /** Starts over with every follower that has been silent too long with something to answer. */
  startOverWithSilent(nowMs: number): ReplicaId[] {
    const silent: ReplicaId[] = [];
    for (const follower of this.#followers.values()) {
      const waiting = follower.phase !== 'synced' || follower.acknowledged + 1 < follower.next;
      if (!waiting || nowMs - follower.activeAtMs < this.#patienceMs(follower)) continue;
      const startedOver = follower.phase === 'preparing' ? follower.startedOver : Math.min(follower.startedOver + 1, PATIENCE_DOUBLED_MAX);
      this.startOver(follower, nowMs);
      follower.startedOver = startedOver;
      silent.push(follower.replica);
    }
    return silent;
  }

  /**
   * Streams lose nothing unless they break, so whoever is silent is most often busy: with what it was sent, which would only be more
   * if all of it were soon sent again. Prepare is small, and repeated steadily.
   */
  #patienceMs({ phase, startedOver }: Follower): number {
    const { retryMs } = this.#options;
    if (phase === 'preparing') return retryMs;
    return phase === 'behind' ? retryMs * 10 : retryMs * 2 ** startedOver;
  }

  /** The follower's log position is unknown again: its stream broke, or it fell silent. */
  startOver(follower: Follower, nowMs: number): void {
    follower.phase = 'preparing';
    follower.acknowledged = 0;
    sendFrom(follower, follower.next);
    follower.activeAtMs = nowMs;
    follower.startedOver = 0;
  }

  /** The follower granted what was asked at `sentAtMs`. */
  granted(follower: Follower, sentAtMs: number): void {
    if (sentAtMs > this.#droppedAtMs) follower.heartbeatSentAtMs = Math.max(follower.heartbeatSentAtMs, sentAtMs);
  }

  /** No grant so far counts any more, nor does one that is still on its way. The leader has a lease time to win a quorum's anew. */
  dropGrants(nowMs: number): void {
    this.#droppedAtMs = nowMs;
    this.#awaitedSinceMs = nowMs;
    for (const follower of this.#followers.values()) follower.heartbeatSentAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Sending time of the latest heartbeat that a quorum (with ourselves) granted; -Infinity: none in this ballot. */
  confirmedAtMs(nowMs: number): number {
    const times = [nowMs];
    for (const { replica, heartbeatSentAtMs } of this.#followers.values()) if (this.votes(replica)) times.push(heartbeatSentAtMs);
    return reachedByQuorum(times, quorumSize(this.#configuration));
  }

  /**
   * Until when nobody else can lead: a quorum's grants counted from our sending, less what two clocks may differ, less a margin.
   * A follower counts from its receipt, which is later, so it is bound for longer than we believe.
   */
  leaseEndsAtMs(nowMs: number): number {
    // Grants of this configuration count for nothing in the next, which may begin any time once its Swap is proposed.
    if (!this.#options.leases || this.closingAt !== undefined) return Number.NEGATIVE_INFINITY;
    const { leaseMs, clockDrift, leaseMarginMs } = this.#options;
    return this.confirmedAtMs(nowMs) + leaseMs * (1 - 2 * clockDrift) - leaseMarginMs;
  }

  /** A leader that no quorum answered for a lease time must stop: others may not hear it either. */
  lostQuorum(nowMs: number): boolean {
    return nowMs - Math.max(this.#awaitedSinceMs, this.confirmedAtMs(nowMs)) > this.#options.leaseMs;
  }
}
