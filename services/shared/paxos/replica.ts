import { assert } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { Acceptor } from './acceptor.ts';
import { type Ballot, equalBallots, formatBallot, openingBallot } from './ballot.ts';
import { Elections } from './elections.ts';
import { Following } from './following.ts';
import { Grants } from './grants.ts';
import type { LeadershipNews } from './heartbeat.ts';
import { Leading } from './leading.ts';
import { Membership } from './membership.ts';
import type { PaxosMessage } from './messages.ts';
import type { Configuration, PaxosOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Ready, ReplicaStart, Role } from './ready.ts';

/**
 * One replica's half of Multi-Paxos on one sequence (architecture.md 4.2, after Sequence Paxos): a pure state machine. It is
 * told of messages, ticks, heartbeats and finished writes, and `ready()` says what follows. Time is the monotonic clock in
 * milliseconds, given with each call; it never goes back.
 *
 * Here is what others see of it. What it has promised and accepted is in `Acceptor` and `Grants`, who its peers are in
 * `Membership`; `Elections` owns its role, by which `Leading` and `Following` act. Each calls only those named before it, and
 * what they say gathers in the `Outbox`.
 */
export class PaxosReplica {
  readonly self: ReplicaId;
  readonly #options: PaxosOptions;
  #windowBytesMax: number;
  readonly #acceptor: Acceptor;
  readonly #grants: Grants;
  readonly #outbox = new Outbox();
  readonly #membership: Membership;
  readonly #elections: Elections;
  readonly #leading: Leading;
  readonly #following: Following;

  constructor(start: ReplicaStart, nowMs: number) {
    const { options, self, configuration } = start;
    this.self = self;
    this.#options = options;
    this.#windowBytesMax = options.windowBytesMax;
    const outbox = this.#outbox;
    const acceptor = new Acceptor(start.durable, start.records, start.abstention);
    const bound = start.restarted && options.leases;
    const grants = new Grants(bound ? nowMs + options.leaseMs : Number.NEGATIVE_INFINITY);
    const membership = new Membership(self, configuration, { options, acceptor, outbox });
    const parts = { options, acceptor, grants, membership, outbox };
    this.#acceptor = acceptor;
    this.#grants = grants;
    this.#membership = membership;
    this.#elections = new Elections(parts, { isNew: !start.restarted, nowMs });
    this.#leading = new Leading(parts, this.#elections);
    this.#following = new Following(parts, this.#elections);
    const { number, since } = configuration;
    // The tree may have been durable before the log said so.
    if (number > 1) acceptor.close(since, openingBallot(number));
  }

  // --- what others see ---------------------------------------------------------------------------------------------

  get role(): Role {
    return this.#elections.role;
  }

  get configuration(): Configuration {
    return this.#membership.configuration;
  }

  /** Votes in its configuration; otherwise it is a learner, or has been replaced. */
  get isMember(): boolean {
    return this.#membership.includes(this.self);
  }

  get promised(): Ballot {
    return this.#acceptor.promised;
  }

  get accepted(): Ballot {
    return this.#acceptor.accepted;
  }

  get last(): Slot {
    return this.#acceptor.last;
  }

  get commit(): Slot {
    return this.#acceptor.commit;
  }

  get applied(): Slot {
    return this.#acceptor.applied;
  }

  get trimmed(): Slot {
    return this.#acceptor.trimmed;
  }

  get abstains(): boolean {
    return this.#acceptor.abstains;
  }

  /** The ballot this replica leads, if it does. */
  get leading(): Ballot | undefined {
    return this.#elections.leadership?.adopted.ballot;
  }

  /** Who leads, as far as this replica knows. */
  get leader(): ReplicaId | undefined {
    if (this.role === 'leader') return this.self;
    const { replica } = this.#acceptor.promised;
    return replica === 0 || replica === this.self ? undefined : replica;
  }

  /** Receipt of the last heartbeat of a leader that reaches a quorum and whose ballot this replica follows. */
  get heardAtMs(): number {
    return this.#elections.heardAtMs;
  }

  /** Until then this replica, started anew, can help nobody to lead; -Infinity when it never had an earlier life. */
  get silentUntilMs(): number {
    return this.#grants.silentUntilMs;
  }

  /** The record of a slot while it is in memory; older ones are in the WAL. */
  recordAt(slot: Slot): Uint8Array | undefined {
    return this.#acceptor.window.at(slot);
  }

  /** A leader evaluates and serves nothing until the log that it adopted is chosen and applied. */
  get serves(): boolean {
    return this.#leading.serves;
  }

  /** No more may be proposed now: too much is uncommitted. */
  get full(): boolean {
    const { window, commit, last } = this.#acceptor;
    return window.bytesBetween(Math.max(commit + 1, window.first), last) >= this.#options.uncommittedBytesMax;
  }

  /** Under a valid lease nobody else leads. Read the value first, then ask this, then answer. */
  leaseValid(nowMs: number): boolean {
    return this.#leading.leaseValid(nowMs);
  }

  /** A moment at which this replica surely led: a read that arrived before it may be answered without a lease (read-index). */
  confirmedAtMs(nowMs: number): number {
    return this.#leading.confirmedAtMs(nowMs);
  }

  /** How far each follower that votes is known to hold the leader's log; 0 for those that are not synced. Empty when not leading. */
  acknowledgements(): ReadonlyMap<ReplicaId, Slot> {
    return this.#leading.acknowledged(true);
  }

  /** The same for learners. */
  learners(): ReadonlyMap<ReplicaId, Slot> {
    return this.#leading.acknowledged(false);
  }

  /** The follower or learner has this leader's log, as far as it was sent. */
  isSynced(replica: ReplicaId): boolean {
    return this.#elections.leadership?.follower(replica)?.phase === 'synced';
  }

  /** A Swap was proposed: nothing else may be, until this replica leads the next configuration. */
  get closing(): boolean {
    return this.#leading.closing;
  }

  /** For logs and golden files. */
  describe(): string {
    const { promised, accepted, last, commit, applied } = this.#acceptor;
    const ballots = `promised=${formatBallot(promised)} accepted=${formatBallot(accepted)}`;
    return `${this.role} ${ballots} last=${last} commit=${commit} applied=${applied}`;
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** The slot that the next `propose` gives. */
  get nextSlot(): Slot {
    return this.#acceptor.last + 1;
  }

  /** Appends a record to the log of the ballot that this replica leads; its slot. The caller has checked `serves` and `full`. */
  propose(record: Uint8Array): Slot {
    return this.#leading.propose(record);
  }

  /** The follower has this leader's log, and answered a heartbeat of the last `recentMs`: a hand-over to it can come about. */
  canTakeOver(to: ReplicaId, recentMs: number, nowMs: number): boolean {
    return this.#leading.canTakeOver(to, recentMs, nowMs);
  }

  /** Gives leadership to a follower once it holds everything; false while it does not. Nothing is proposed meanwhile. */
  handOver(to: ReplicaId, nowMs: number): boolean {
    return this.#leading.handOver(to, nowMs);
  }

  /** Gives up a hand-over that does not come about. */
  cancelHandOver(): void {
    this.#leading.cancelHandOver();
  }

  /** What followers granted so far counts no more: the clocks jumped, and with them what we know of when we sent what. */
  dropLease(nowMs: number): void {
    this.#elections.leadership?.dropGrants(nowMs);
  }

  /** Leads no more: the process stalled, the clock jumped, the disk failed. */
  stepDown(nowMs: number): void {
    if (this.role !== 'follower') this.#elections.becomeFollower(nowMs);
  }

  /** The connection to a replica was made anew: messages may have been lost. */
  reconnected(replica: ReplicaId, nowMs: number): void {
    this.#leading.reconnected(replica, nowMs);
  }

  // --- membership --------------------------------------------------------------------------------------------------

  /** Brings a replica that is no member to this leader's log, as the first step of making it one. */
  addLearner(replica: ReplicaId, nowMs: number): void {
    this.#leading.addLearner(replica, nowMs);
  }

  /** The replica shall not become a member after all. */
  removeLearner(replica: ReplicaId): void {
    this.#elections.leadership?.removeLearner(replica);
  }

  /**
   * Proposes the record that makes the next configuration. It is the last of this one: nothing follows before it is applied,
   * and the lease ends now, since grants given in one configuration bind nobody in the next.
   */
  proposeSwap(record: Uint8Array, next: Omit<Configuration, 'since'>): Slot {
    return this.#leading.proposeSwap(record, next);
  }

  /**
   * The Swap in slot `next.since` is applied: everything of the configuration before is over. Its leader tells those that have
   * the record that it is chosen, and stands again in the new configuration; nobody leads that without a Prepare of its own.
   */
  appliedSwap(next: Configuration, nowMs: number): void {
    const { number } = this.configuration;
    // A learner knows of no configuration before the first that it meets.
    assert(next.number === number + 1 || number === 0, () => `configuration ${next.number} after ${number}`);
    const { leadership } = this.#elections;
    for (const { replica, toldCommit } of leadership?.followers ?? []) this.#membership.teach(replica, toldCommit, next);
    this.#acceptor.close(next.since, openingBallot(next.number));
    this.#enter(next, leadership !== undefined, nowMs);
  }

  #enter(next: Configuration, stands: boolean, nowMs: number): void {
    this.#membership.enter(next);
    this.#elections.becomeFollower(nowMs);
    if (stands) this.#elections.stand(0, nowMs);
    const postponed = this.#membership.takePostponed();
    if (postponed !== undefined) this.#following.step(postponed.ballot.replica, postponed, nowMs);
  }

  // --- applying ----------------------------------------------------------------------------------------------------

  /** The tree holds the effect of everything up to `slot`. */
  appliedUpTo(slot: Slot): void {
    this.#acceptor.appliedUpTo(slot, this.#windowBytesMax);
  }

  /** From now on at most so many bytes of what was applied are kept in memory for followers, or what the options say if that is less. */
  limitWindow(bytesMax: number): void {
    this.#windowBytesMax = Math.min(bytesMax, this.#options.windowBytesMax);
    this.#acceptor.window.evict(this.#acceptor.applied, this.#windowBytesMax);
  }

  /** Slots up to here may leave the WAL: durable checkpoints hold their effect. The caller trims the WAL itself. */
  trimTo(slot: Slot): void {
    this.#acceptor.trimTo(slot);
  }

  /** What was applied is lost, the log is not: this replica votes, and leads no more before a snapshot is installed. */
  awaitSnapshot(): void {
    this.#acceptor.awaitSnapshot();
  }

  /** Chosen records up to `slot` are in the WAL and need not stay in memory, whether they are applied or not. */
  forgetChosen(slot: Slot): void {
    this.#acceptor.window.evict(Math.min(slot, this.#acceptor.commit), this.#windowBytesMax);
  }

  /** A snapshot of `slot`, taken in `configuration` and sent under `ballot`, took the tree's place. */
  installedSnapshot(slot: Slot, ballot: Ballot, configuration: Configuration, nowMs: number): void {
    const { number } = this.configuration;
    this.#acceptor.installed(slot, ballot, openingBallot(Math.max(configuration.number, number)));
    if (configuration.number > number) this.#enter(configuration, false, nowMs);
    const { promised } = this.#acceptor;
    if (promised.replica !== this.self && promised.replica !== 0) {
      this.#acceptor.hold(promised.replica, { kind: 'learned', ballot: promised, last: slot });
    }
  }

  // --- heartbeats --------------------------------------------------------------------------------------------------

  /** A heartbeat that covers this group is about to leave to all followers: the leader binds itself first. */
  heartbeat(nowMs: number): LeadershipNews | undefined {
    return this.#leading.heartbeat(nowMs);
  }

  /** A leader's heartbeat arrived. True: granted, counted from now. */
  onHeartbeat(news: LeadershipNews, nowMs: number): boolean {
    return this.#following.onHeartbeat(news, nowMs);
  }

  /** A follower answered the heartbeat of `ballot` that was sent at `sentAtMs`. */
  onHeartbeatAnswer(from: ReplicaId, ballot: Ballot, sentAtMs: number, granted: boolean, nowMs: number): void {
    this.#leading.onHeartbeatAnswer(from, { ballot, sentAtMs, granted }, nowMs);
  }

  // --- time, messages, writes --------------------------------------------------------------------------------------

  /** To be called every 50 ms or so. */
  tick(nowMs: number): void {
    if (this.role === 'leader') this.#leading.tick(nowMs);
    else this.#elections.tick(nowMs);
  }

  /** A message of another replica of this group. */
  step(from: ReplicaId, message: PaxosMessage, nowMs: number): void {
    if (from === this.self) return;
    switch (message.kind) {
      case 'prepare':
      case 'sync':
      case 'accept':
      case 'learn':
        return this.#following.step(from, message, nowMs);
      case 'accepted':
      case 'learned':
        return this.#leading.step(from, message, nowMs);
      default:
        return this.#elections.step(from, message, nowMs);
    }
  }

  /** A write finished; its token and all before it are durable. */
  persisted(token: number, nowMs: number): void {
    const { messages, accepted, last, logChanged } = this.#acceptor.persisted(token);
    for (const { to, message } of messages) {
      if (to !== this.self) this.#outbox.send(to, message);
      else if (message.kind === 'promise') this.#elections.step(to, message, nowMs);
    }
    // A log that was learned under a newer ballot, or that a newer leader cut meanwhile, acknowledges nothing to an older one.
    if (!logChanged || !equalBallots(accepted, this.accepted) || !equalBallots(accepted, this.promised)) return;
    if (!this.#leading.durableUpTo(last, accepted)) this.#following.acknowledge(accepted, last);
  }

  /** Everything that follows from the calls since the last one. */
  ready(nowMs: number): Ready {
    this.#leading.sendAccepts(nowMs);
    const persist = this.#acceptor.takeChange();
    for (const { to, message } of this.#acceptor.takeFree()) {
      if (to !== this.self) this.#outbox.send(to, message);
    }
    return { persist, messages: this.#outbox.takeMessages(), catchUps: this.#outbox.takeCatchUps() };
  }
}
