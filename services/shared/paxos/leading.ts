import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Acceptor } from './acceptor.ts';
import { type Ballot, equalBallots } from './ballot.ts';
import type { Elections } from './elections.ts';
import type { Grants } from './grants.ts';
import type { LeadershipNews } from './heartbeat.ts';
import type { Membership } from './membership.ts';
import type { Accepted, Learned, MessageToLeader } from './messages.ts';
import { type Configuration, type PaxosOptions, wrongSuccession } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { ReplicaParts } from './parts.ts';

/**
 * What a replica does while it leads, and answers when it is asked to and does not: proposes, brings followers and learners to
 * its log, counts what is chosen, hands over. The book about followers, which ends with the ballot, is its `Leadership`.
 * What is not explained here is explained where others call it, at the methods of `PaxosReplica`.
 */
export class Leading {
  readonly #options: PaxosOptions;
  readonly #acceptor: Acceptor;
  readonly #grants: Grants;
  readonly #membership: Membership;
  readonly #outbox: Outbox;
  readonly #elections: Elections;

  constructor(parts: ReplicaParts, elections: Elections) {
    this.#options = parts.options;
    this.#acceptor = parts.acceptor;
    this.#grants = parts.grants;
    this.#membership = parts.membership;
    this.#outbox = parts.outbox;
    this.#elections = elections;
  }

  // --- proposing ---------------------------------------------------------------------------------------------------

  /** A leader evaluates and serves nothing until the log that it adopted is chosen under its ballot, the end of it included, and applied. */
  get serves(): boolean {
    const { leadership } = this.#elections;
    if (leadership === undefined || leadership.handingOverTo !== undefined) return false;
    return this.#acceptor.applied >= leadership.adopted.last && leadership.prevails;
  }

  get closing(): boolean {
    return this.#elections.leadership?.closingAt !== undefined;
  }

  propose(record: Uint8Array): Slot {
    assert(this.serves && !this.closing, 'proposed without leading, or behind a Swap');
    this.#acceptor.append(record);
    return this.#acceptor.last;
  }

  proposeSwap(record: Uint8Array, next: Omit<Configuration, 'since'>): Slot {
    const leadership = must(this.#elections.leadership, 'a Swap is proposed by the leader');
    const { self, configuration } = this.#membership;
    const wrong = wrongSuccession(configuration, { ...next, since: this.#acceptor.last + 1 }, self);
    assert(wrong === undefined, () => `no configuration to propose: ${wrong}`);
    const slot = this.propose(record);
    leadership.closingAt = slot;
    return slot;
  }

  // --- leases and heartbeats ---------------------------------------------------------------------------------------

  leaseValid(nowMs: number): boolean {
    const { leadership } = this.#elections;
    return leadership !== undefined && nowMs < leadership.leaseEndsAtMs(nowMs);
  }

  confirmedAtMs(nowMs: number): number {
    const { leadership } = this.#elections;
    if (leadership === undefined) return Number.NEGATIVE_INFINITY;
    // Once its Swap is chosen, the next configuration may choose more without anybody who answers here.
    if (leadership.closingAt !== undefined && this.#acceptor.commit >= leadership.closingAt) return Number.NEGATIVE_INFINITY;
    return leadership.confirmedAtMs(nowMs);
  }

  /** The leader binds itself to what it asks the others to grant. */
  heartbeat(nowMs: number): LeadershipNews | undefined {
    const { leadership } = this.#elections;
    if (leadership === undefined) return undefined;
    const { ballot } = leadership.adopted;
    if (this.#options.leases) this.#grants.grant(ballot, nowMs + this.#options.leaseMs);
    const reachesQuorum = nowMs - leadership.confirmedAtMs(nowMs) < this.#options.leaseMs;
    return { ballot, commit: this.#acceptor.commit, reachesQuorum };
  }

  onHeartbeatAnswer(from: ReplicaId, answer: { ballot: Ballot; sentAtMs: number; granted: boolean }, nowMs: number): void {
    const { leadership } = this.#elections;
    const follower = leadership?.follower(from);
    if (leadership === undefined || follower === undefined || !equalBallots(answer.ballot, leadership.adopted.ballot)) return;
    if (answer.granted) leadership.granted(follower, answer.sentAtMs);
    else if (follower.phase === 'synced' && nowMs - follower.activeAtMs >= this.#options.retryMs) this.reconnected(from, nowMs);
  }

  // --- followers and learners --------------------------------------------------------------------------------------

  /** How far each of those that vote, or of those that do not, is known to hold the leader's log; 0 for those that are not synced. */
  acknowledged(voting: boolean): ReadonlyMap<ReplicaId, Slot> {
    const slots = new Map<ReplicaId, Slot>();
    const { leadership } = this.#elections;
    for (const { replica, acknowledged } of leadership?.followers ?? []) {
      if (leadership?.votes(replica) === voting) slots.set(replica, acknowledged);
    }
    return slots;
  }

  addLearner(replica: ReplicaId, nowMs: number): void {
    const { leadership } = this.#elections;
    if (leadership === undefined || leadership.follower(replica) !== undefined) return;
    leadership.addLearner(replica, nowMs);
    this.#outbox.send(replica, this.#elections.prepare(leadership.adopted.ballot, 0));
  }

  reconnected(replica: ReplicaId, nowMs: number): void {
    const { leadership } = this.#elections;
    const follower = leadership?.follower(replica);
    if (leadership === undefined || follower === undefined) return;
    leadership.startOver(follower, nowMs);
    this.#outbox.send(replica, this.#elections.prepare(leadership.adopted.ballot, leadership.rejoin));
  }

  /** For a replica that leads. */
  tick(nowMs: number): void {
    const leadership = must(this.#elections.leadership);
    if (leadership.lostQuorum(nowMs)) {
      this.#elections.becomeFollower(nowMs);
      return;
    }
    const prepare = this.#elections.prepare(leadership.adopted.ballot, leadership.rejoin);
    for (const replica of leadership.startOverWithSilent(nowMs)) this.#outbox.send(replica, prepare);
  }

  /** Whatever the followers may be sent by now. */
  sendAccepts(nowMs: number): void {
    const { leadership } = this.#elections;
    if (leadership === undefined) return;
    const { commit } = this.#acceptor;
    for (const follower of leadership.followers) {
      for (let message = leadership.nextAccept(follower, commit, nowMs); message !== undefined; ) {
        this.#outbox.send(follower.replica, message);
        message = leadership.nextAccept(follower, commit, nowMs);
      }
    }
  }

  step(from: ReplicaId, message: MessageToLeader, nowMs: number): void {
    if (message.kind === 'accepted') return this.#onAccepted(from, message, nowMs);
    // The opening ballot of a configuration is nobody's, and whoever is in it can answer.
    if (message.ballot.replica === 0) return this.#membership.onAsked(from, message);
    this.#onLearned(from, message, nowMs);
  }

  #onAccepted(from: ReplicaId, message: Accepted, nowMs: number): void {
    const { leadership } = this.#elections;
    if (leadership?.follower(from) === undefined || !equalBallots(message.ballot, leadership.adopted.ballot)) return;
    if (leadership.onAccepted(from, message, this.#acceptor.commit, nowMs)) this.#countChosen();
  }

  #onLearned(from: ReplicaId, { ballot, last }: Learned, nowMs: number): void {
    const { leadership } = this.#elections;
    if (leadership?.follower(from) === undefined || !equalBallots(ballot, leadership.adopted.ballot)) return;
    this.#outbox.bring(from, leadership.onLearned(from, last, this.#acceptor.commit, nowMs));
  }

  /** The own log is durable up to `last` with accepted = this ballot. False: it is not the ballot that this replica leads. */
  durableUpTo(last: Slot, ballot: Ballot): boolean {
    const { leadership } = this.#elections;
    if (leadership === undefined || !equalBallots(ballot, leadership.adopted.ballot)) return false;
    leadership.durableUpTo(last);
    this.#countChosen();
    return true;
  }

  #countChosen(): void {
    const chosen = must(this.#elections.leadership).chosen();
    if (chosen > this.#acceptor.commit) this.#acceptor.learnCommit(chosen);
  }

  // --- handing over ------------------------------------------------------------------------------------------------

  canTakeOver(to: ReplicaId, recentMs: number, nowMs: number): boolean {
    const follower = this.#elections.leadership?.follower(to);
    return follower?.phase === 'synced' && nowMs - follower.heartbeatSentAtMs < recentMs;
  }

  handOver(to: ReplicaId, nowMs: number): boolean {
    const { leadership } = this.#elections;
    const follower = leadership?.follower(to);
    if (leadership === undefined || follower === undefined) return false;
    leadership.handingOverTo = to;
    const { last, commit } = this.#acceptor;
    if (follower.acknowledged < last || commit < last) return false;
    const { ballot } = leadership.adopted;
    this.#outbox.send(to, { kind: 'nominate', ballot, leaseGivenUp: true });
    this.#elections.becomeFollower(nowMs);
    return true;
  }

  cancelHandOver(): void {
    const { leadership } = this.#elections;
    if (leadership !== undefined) leadership.handingOverTo = undefined;
  }
}
