import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { Acceptor, type Outgoing } from './acceptor.ts';
import { type Ballot, compareBallots, equalBallots, formatBallot, greaterBallot, openingBallot, ZERO_BALLOT } from './ballot.ts';
import { type Candidacy, firstLacking, greatestLog, newCandidacy } from './candidacy.ts';
import { ElectionTimer } from './election-timer.ts';
import { Grants } from './grants.ts';
import type { LeadershipNews } from './heartbeat.ts';
import { type CatchUp, Leadership } from './leadership.ts';
import type {
  Accept,
  Accepted,
  FetchTail,
  Learn,
  Learned,
  Nominate,
  PaxosMessage,
  Prepare,
  Promise_,
  Refusal,
  Sync,
  Tail,
} from './messages.ts';
import { type Configuration, type PaxosOptions, quorumSize, wrongSuccession } from './options.ts';
import type { Ready, ReplicaStart, Role } from './ready.ts';

/**
 * One replica's half of Multi-Paxos on one sequence (architecture.md 4.2, after Sequence Paxos): a pure state machine. It is
 * told of messages, ticks, heartbeats and finished writes, and `ready()` says what follows. Time is the monotonic clock in
 * milliseconds, given with each call; it never goes back.
 */
export class PaxosReplica {
  readonly self: ReplicaId;
  #configuration: Configuration;
  readonly #options: PaxosOptions;
  readonly #acceptor: Acceptor;
  readonly #grants: Grants;
  readonly #election: ElectionTimer;
  readonly #abstention: number;
  /** The ballot that was prepared after its candidate knew that this replica abstains: only it may sync it anew. */
  #readmittedBy: Ballot = ZERO_BALLOT;

  /** The last ballot whose holder is known to lead no more: for good, so every Prepare of this replica says it. */
  #released: Ballot = ZERO_BALLOT;
  /** What was applied here is lost. */
  #awaitsSnapshot = false;
  #leadership: Leadership | undefined;
  #candidacy: Candidacy | undefined;
  /** The newest Prepare of a configuration whose Swap is not applied here yet. */
  #postponed: Prepare | undefined;
  #greatestRound: number;

  #messages: Outgoing[] = [];
  #catchUps: CatchUp[] = [];

  constructor(start: ReplicaStart, nowMs: number) {
    const { durable, options } = start;
    this.self = start.self;
    this.#configuration = start.configuration;
    this.#options = options;
    this.#acceptor = new Acceptor(durable, start.records);
    this.#abstention = start.abstention;
    this.#greatestRound = durable.promised.round;
    assert(start.abstention !== 0, 'the number of an abstention must not be 0');
    const bound = start.restarted && options.leases;
    this.#grants = new Grants(bound ? nowMs + options.leaseMs : Number.NEGATIVE_INFINITY);
    const timing = { leader: durable.promised.replica, isNew: !start.restarted, nowMs };
    this.#election = new ElectionTimer(this.self, this.configuration, options, timing);
    const { number, since } = start.configuration;
    // The tree may have been durable before the log said so.
    if (number > 1) this.#acceptor.close(since, openingBallot(number));
  }

  // --- what others see ---------------------------------------------------------------------------------------------

  get role(): Role {
    if (this.#leadership !== undefined) return 'leader';
    return this.#candidacy === undefined ? 'follower' : 'candidate';
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Votes in its configuration; otherwise it is a learner, or has been replaced. */
  get isMember(): boolean {
    return this.#configuration.members.includes(this.self);
  }

  /** Whether it could lead if a quorum wanted it to. */
  get #eligible(): boolean {
    if (!this.isMember || this.#configuration.logReplicas.includes(this.self)) return false;
    // Once something of a later configuration is promised, a ballot of this one is too low for everybody.
    return !this.abstains && !this.#awaitsSnapshot && this.promised.configuration <= this.#configuration.number;
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
    return this.#leadership?.adopted.ballot;
  }

  /** Who leads, as far as this replica knows. */
  get leader(): ReplicaId | undefined {
    if (this.#leadership !== undefined) return this.self;
    const { replica } = this.#acceptor.promised;
    return replica === 0 || replica === this.self ? undefined : replica;
  }

  /** Receipt of the last heartbeat of a leader that reaches a quorum and whose ballot this replica follows. */
  get heardAtMs(): number {
    return this.#election.heardAtMs;
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
    const leadership = this.#leadership;
    return leadership !== undefined && leadership.handingOverTo === undefined && this.#acceptor.applied >= leadership.adopted.last;
  }

  /** No more may be proposed now: too much is uncommitted. */
  get full(): boolean {
    const { window, commit, last } = this.#acceptor;
    return window.bytesBetween(Math.max(commit + 1, window.first), last) >= this.#options.uncommittedBytesMax;
  }

  /** Under a valid lease nobody else leads. Read the value first, then ask this, then answer. */
  leaseValid(nowMs: number): boolean {
    return this.#leadership !== undefined && nowMs < this.#leadership.leaseEndsAtMs(nowMs);
  }

  /** A moment at which this replica surely led: a read that arrived before it may be answered without a lease (read-index). */
  confirmedAtMs(nowMs: number): number {
    const leadership = this.#leadership;
    if (leadership === undefined) return Number.NEGATIVE_INFINITY;
    // Once its Swap is chosen, the next configuration may choose more without anybody who answers here.
    if (leadership.closingAt !== undefined && this.commit >= leadership.closingAt) return Number.NEGATIVE_INFINITY;
    return leadership.confirmedAtMs(nowMs);
  }

  /** How far each follower that votes is known to hold the leader's log; 0 for those that are not synced. Empty when not leading. */
  acknowledgements(): ReadonlyMap<ReplicaId, Slot> {
    return this.#acknowledged(true);
  }

  /** The same for learners. */
  learners(): ReadonlyMap<ReplicaId, Slot> {
    return this.#acknowledged(false);
  }

  /** The follower or learner has this leader's log, as far as it was sent. */
  isSynced(replica: ReplicaId): boolean {
    return this.#leadership?.follower(replica)?.phase === 'synced';
  }

  #acknowledged(voting: boolean): ReadonlyMap<ReplicaId, Slot> {
    const slots = new Map<ReplicaId, Slot>();
    const leadership = this.#leadership;
    for (const { replica, acknowledged } of leadership?.followers ?? []) {
      if (leadership?.votes(replica) === voting) slots.set(replica, acknowledged);
    }
    return slots;
  }

  /** A Swap was proposed: nothing else may be, until this replica leads the next configuration. */
  get closing(): boolean {
    return this.#leadership?.closingAt !== undefined;
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** The slot that the next `propose` gives. */
  get nextSlot(): Slot {
    return this.#acceptor.last + 1;
  }

  /** Appends a record to the log of the ballot that this replica leads; its slot. The caller has checked `serves` and `full`. */
  propose(record: Uint8Array): Slot {
    assert(this.serves && !this.closing, 'proposed without leading, or behind a Swap');
    this.#acceptor.append(record);
    return this.#acceptor.last;
  }

  // --- membership --------------------------------------------------------------------------------------------------

  /** Brings a replica that is no member to this leader's log, as the first step of making it one. */
  addLearner(replica: ReplicaId, nowMs: number): void {
    const leadership = this.#leadership;
    if (leadership === undefined || leadership.follower(replica) !== undefined) return;
    leadership.addLearner(replica, nowMs);
    this.#send(replica, this.#prepare(leadership.adopted.ballot, 0));
  }

  /** The replica shall not become a member after all. */
  removeLearner(replica: ReplicaId): void {
    this.#leadership?.removeLearner(replica);
  }

  /**
   * Proposes the record that makes the next configuration. It is the last of this one: nothing follows before it is applied,
   * and the lease ends now, since grants given in one configuration bind nobody in the next.
   */
  proposeSwap(record: Uint8Array, next: Omit<Configuration, 'since'>): Slot {
    const leadership = must(this.#leadership, 'a Swap is proposed by the leader');
    const wrong = wrongSuccession(this.#configuration, { ...next, since: this.nextSlot }, this.self);
    assert(wrong === undefined, () => `no configuration to propose: ${wrong}`);
    const slot = this.propose(record);
    leadership.closingAt = slot;
    return slot;
  }

  /**
   * The Swap in slot `next.since` is applied: everything of the configuration before is over. Its leader tells those that have
   * the record that it is chosen, and stands again in the new configuration; nobody leads that without a Prepare of its own.
   */
  appliedSwap(next: Configuration, nowMs: number): void {
    const { number } = this.#configuration;
    // A learner knows of no configuration before the first that it meets.
    assert(next.number === number + 1 || number === 0, () => `configuration ${next.number} after ${number}`);
    const leadership = this.#leadership;
    if (leadership !== undefined) for (const { replica, toldCommit } of leadership.followers) this.#teach(replica, toldCommit, next);
    this.#acceptor.close(next.since, openingBallot(next.number));
    this.#enter(next, nowMs);
    if (leadership !== undefined) this.#stand(0, nowMs);
    this.#resumePostponed(nowMs);
  }

  #enter(next: Configuration, nowMs: number): void {
    this.#configuration = next;
    this.#election.reconfigure(next);
    this.#becomeFollower(nowMs);
  }

  /** Says what is chosen from `position` up to the Swap of a configuration. Only with all of it its receiver may promise anything in there. */
  #teach(to: ReplicaId, position: Slot, { number, since }: Configuration): void {
    if (position >= since) return;
    const { window, promised } = this.#acceptor;
    const reachable = position + 1 >= window.first && since <= window.last;
    if (reachable && window.bytesBetween(position + 1, since) <= this.#options.syncBytesMax) {
      const records = window.slice(position + 1, since, Number.POSITIVE_INFINITY);
      this.#send(to, { kind: 'learn', ballot: openingBallot(number), first: position + 1, records, commit: since });
    } else if (!this.abstains && !this.#awaitsSnapshot && this.#configuration.number === number) {
      this.#catchUps.push({ replica: to, ballot: promised, position, bySnapshot: true });
    }
  }

  /** Asks to be told of what was chosen up to the Swap of a configuration. */
  #askToLearn(from: ReplicaId, configuration: number): void {
    this.#send(from, { kind: 'learned', ballot: openingBallot(configuration), last: this.commit });
  }

  /** The end of what was chosen in earlier configurations, from somebody who applied the Swap. */
  #onClosing(from: ReplicaId, { ballot, first, records, commit }: Learn, nowMs: number): void {
    if (ballot.configuration <= this.#configuration.number) return;
    if (first > this.commit + 1) return this.#askToLearn(from, ballot.configuration);
    if (this.role !== 'follower') this.#becomeFollower(nowMs);
    assert(first + records.length - 1 === commit, 'the end of a configuration is taught whole');
    this.#acceptor.learn(greaterBallot(ballot, this.promised), first, records);
  }

  #resumePostponed(nowMs: number): void {
    const postponed = this.#postponed;
    if (postponed === undefined || postponed.ballot.configuration > this.#configuration.number) return;
    this.#postponed = undefined;
    this.#onPrepare(postponed.ballot.replica, postponed, nowMs);
  }

  // --- applying ----------------------------------------------------------------------------------------------------

  /** The tree holds the effect of everything up to `slot`. */
  appliedUpTo(slot: Slot): void {
    this.#acceptor.appliedUpTo(slot, this.#options.windowBytesMax);
  }

  /** Slots up to here may leave the WAL: durable checkpoints hold their effect. The caller trims the WAL itself. */
  trimTo(slot: Slot): void {
    this.#acceptor.trimTo(slot);
  }

  /** What was applied is lost, the log is not: this replica votes, and leads no more before a snapshot is installed. */
  awaitSnapshot(): void {
    this.#awaitsSnapshot = true;
  }

  /** Chosen records up to `slot` are in the WAL and need not stay in memory, whether they are applied or not. */
  forgetChosen(slot: Slot): void {
    this.#acceptor.window.evict(Math.min(slot, this.#acceptor.commit), this.#options.windowBytesMax);
  }

  /** A snapshot of `slot`, taken in `configuration` and sent under `ballot`, took the tree's place. */
  installedSnapshot(slot: Slot, ballot: Ballot, configuration: Configuration, nowMs: number): void {
    const isNewer = configuration.number > this.#configuration.number;
    this.#acceptor.installed(slot, ballot, openingBallot(Math.max(configuration.number, this.#configuration.number)));
    this.#awaitsSnapshot = false;
    if (isNewer) {
      this.#enter(configuration, nowMs);
      this.#resumePostponed(nowMs);
    }
    const { promised } = this.#acceptor;
    if (promised.replica !== this.self && promised.replica !== 0) {
      this.#acceptor.hold(promised.replica, { kind: 'learned', ballot: promised, last: slot });
    }
  }

  /** The follower has this leader's log, and answered a heartbeat of the last `recentMs`: a hand-over to it can come about. */
  canTakeOver(to: ReplicaId, recentMs: number, nowMs: number): boolean {
    const follower = this.#leadership?.follower(to);
    return follower?.phase === 'synced' && nowMs - follower.heartbeatSentAtMs < recentMs;
  }

  /** Gives leadership to a follower once it holds everything; false while it does not. Nothing is proposed meanwhile. */
  handOver(to: ReplicaId, nowMs: number): boolean {
    const leadership = this.#leadership;
    const follower = leadership?.follower(to);
    if (leadership === undefined || follower === undefined) return false;
    leadership.handingOverTo = to;
    const { last, commit } = this.#acceptor;
    if (follower.acknowledged < last || commit < last) return false;
    const { ballot } = leadership.adopted;
    this.#send(to, { kind: 'nominate', ballot, leaseGivenUp: true });
    this.#becomeFollower(nowMs);
    return true;
  }

  /** Gives up a hand-over that does not come about. */
  cancelHandOver(): void {
    if (this.#leadership !== undefined) this.#leadership.handingOverTo = undefined;
  }

  /** What followers granted so far counts no more: the clocks jumped, and with them what we know of when we sent what. */
  dropLease(nowMs: number): void {
    this.#leadership?.dropGrants(nowMs);
  }

  /** Leads no more: the process stalled, the clock jumped, the disk failed. */
  stepDown(nowMs: number): void {
    if (this.#leadership !== undefined || this.#candidacy !== undefined) this.#becomeFollower(nowMs);
  }

  /** The connection to a replica was made anew: messages may have been lost. */
  reconnected(replica: ReplicaId, nowMs: number): void {
    const leadership = this.#leadership;
    const follower = leadership?.follower(replica);
    if (leadership === undefined || follower === undefined) return;
    leadership.startOver(follower, nowMs);
    this.#send(replica, this.#prepare(leadership.adopted.ballot, leadership.rejoin));
  }

  // --- heartbeats --------------------------------------------------------------------------------------------------

  /** A heartbeat that covers this group is about to leave to all followers: the leader binds itself first. */
  heartbeat(nowMs: number): LeadershipNews | undefined {
    const leadership = this.#leadership;
    if (leadership === undefined) return undefined;
    const { ballot } = leadership.adopted;
    if (this.#options.leases) this.#grants.grant(ballot, nowMs + this.#options.leaseMs);
    const reachesQuorum = nowMs - leadership.confirmedAtMs(nowMs) < this.#options.leaseMs;
    return { ballot, commit: this.#acceptor.commit, reachesQuorum };
  }

  /** A leader's heartbeat arrived. True: granted, counted from now. */
  onHeartbeat(news: LeadershipNews, nowMs: number): boolean {
    const { ballot } = news;
    if (this.abstains || !equalBallots(ballot, this.#acceptor.promised) || ballot.replica === this.self) return false;
    if (this.#options.leases) this.#grants.grant(ballot, nowMs + this.#options.leaseMs);
    if (news.reachesQuorum) {
      this.#election.heard(nowMs);
      this.#waitForLeader(nowMs);
    }
    if (equalBallots(ballot, this.#acceptor.accepted)) this.#acceptor.learnCommit(news.commit);
    return true;
  }

  /** A follower answered the heartbeat of `ballot` that was sent at `sentAtMs`. */
  onHeartbeatAnswer(from: ReplicaId, ballot: Ballot, sentAtMs: number, granted: boolean, nowMs: number): void {
    const leadership = this.#leadership;
    const follower = leadership?.follower(from);
    if (leadership === undefined || follower === undefined || !equalBallots(ballot, leadership.adopted.ballot)) return;
    if (granted) leadership.granted(follower, sentAtMs);
    else if (follower.phase === 'synced' && nowMs - follower.activeAtMs >= this.#options.retryMs) this.reconnected(from, nowMs);
  }

  // --- time --------------------------------------------------------------------------------------------------------

  /** To be called every 50 ms or so. */
  tick(nowMs: number): void {
    if (this.#leadership !== undefined) this.#tickLeader(this.#leadership, nowMs);
    else if (this.#candidacy !== undefined) this.#tickCandidate(this.#candidacy, nowMs);
    else if (!this.abstains && this.isMember) this.#ask(this.#election.tick(nowMs), nowMs);
  }

  #tickLeader(leadership: Leadership, nowMs: number): void {
    if (leadership.lostQuorum(nowMs)) {
      this.#becomeFollower(nowMs);
      return;
    }
    const prepare = this.#prepare(leadership.adopted.ballot, leadership.rejoin);
    for (const replica of leadership.startOverWithSilent(nowMs)) this.#send(replica, prepare);
  }

  #tickCandidate(candidacy: Candidacy, nowMs: number): void {
    if (nowMs - candidacy.startedAtMs >= this.#options.candidacyMs) {
      this.#becomeFollower(nowMs);
      const rank = this.#election.rank(this.#acceptor.promised.replica);
      this.#election.waitUntil(nowMs + rank * this.#options.successorDelayMs);
      return;
    }
    if (nowMs - candidacy.promptedAtMs < this.#options.candidacyMs / 10 || !candidacy.promises.has(this.self)) return;
    candidacy.promptedAtMs = nowMs;
    const prepare = this.#prepare(candidacy.ballot, candidacy.rejoin);
    // Whoever does not send its tail is asked for its promise again, too: it may have lost its log meanwhile.
    const silent = (replica: ReplicaId): boolean => !candidacy.promises.has(replica) || replica === candidacy.fetchingFrom;
    for (const replica of this.#others()) if (silent(replica)) this.#send(replica, prepare);
    if (candidacy.fetchingFrom !== undefined) this.#adoptGreatest(candidacy, nowMs);
  }

  // --- messages ----------------------------------------------------------------------------------------------------

  /** A message of another replica of this group. */
  step(from: ReplicaId, message: PaxosMessage, nowMs: number): void {
    if (from === this.self) return;
    switch (message.kind) {
      case 'ask-leader':
        return this.#send(from, { kind: 'leader-heard', question: message.question, heard: this.#hearsLeader(nowMs) });
      case 'leader-heard':
        if (this.#election.answered(from, message.question, message.heard, nowMs)) this.#stand(0, nowMs);
        return;
      case 'prepare':
        return this.#onPrepare(from, message, nowMs);
      case 'promise':
        return this.#onPromise(from, message, nowMs);
      case 'refusal':
        return this.#onRefusal(from, message, nowMs);
      case 'fetch-tail':
        return this.#onFetchTail(from, message, nowMs);
      case 'tail':
        return this.#onTail(from, message, nowMs);
      case 'nominate':
        return this.#onNominate(from, message, nowMs);
      case 'sync':
        return this.#onSync(from, message, nowMs);
      case 'accept':
        return this.#onAccept(from, message, nowMs);
      case 'accepted':
        return this.#onAccepted(from, message, nowMs);
      case 'learn':
        return this.#onLearn(from, message, nowMs);
      case 'learned':
        return this.#onLearned(from, message, nowMs);
    }
  }

  /** A write finished; its token and all before it are durable. */
  persisted(token: number, nowMs: number): void {
    const { messages, accepted, last, logChanged } = this.#acceptor.persisted(token);
    for (const { to, message } of messages) {
      if (to !== this.self) this.#send(to, message);
      else if (message.kind === 'promise') this.#onPromise(this.self, message, nowMs);
    }
    // A log that was learned under a newer ballot, or that a newer leader cut meanwhile, acknowledges nothing to an older one.
    if (!logChanged || !equalBallots(accepted, this.#acceptor.accepted) || !equalBallots(accepted, this.#acceptor.promised)) return;
    if (this.#leadership !== undefined && equalBallots(accepted, this.#leadership.adopted.ballot)) {
      this.#leadership.durableLast = Math.max(this.#leadership.durableLast, last);
      this.#countChosen();
    } else if (accepted.replica !== this.self && accepted.replica !== 0) {
      this.#send(accepted.replica, { kind: 'accepted', ballot: accepted, last });
    }
  }

  /** Everything that follows from the calls since the last one. */
  ready(nowMs: number): Ready {
    if (this.#leadership !== undefined) this.#sendAccepts(this.#leadership, nowMs);
    const persist = this.#acceptor.takeChange();
    for (const { to, message } of this.#acceptor.takeFree()) {
      if (to !== this.self) this.#send(to, message);
    }
    const ready = { persist, messages: this.#messages, catchUps: this.#catchUps };
    if (this.#messages.length > 0) this.#messages = [];
    if (this.#catchUps.length > 0) this.#catchUps = [];
    return ready;
  }

  // --- elections ---------------------------------------------------------------------------------------------------

  #hearsLeader(nowMs: number): boolean {
    const heardAtMs = this.#leadership?.confirmedAtMs(nowMs) ?? this.#election.heardAtMs;
    return nowMs - heardAtMs < this.#election.recentMs;
  }

  #ask(question: number | undefined, nowMs: number): void {
    if (question === undefined) return;
    for (const replica of this.#others()) this.#send(replica, { kind: 'ask-leader', question });
    if (quorumSize(this.configuration) === 1) this.#stand(0, nowMs);
  }

  /** Becomes a candidate under a ballot of its own, unless a grant still binds this replica itself. */
  #stand(rejoin: number, nowMs: number): void {
    this.#election.forget();
    if (!this.#eligible) return;
    const round = Math.max(this.#greatestRound, this.#acceptor.promised.round) + 1;
    const ballot = { configuration: this.configuration.number, round, replica: this.self };
    if (!this.#grants.allow(ballot, nowMs)) {
      this.#election.waitUntil(this.#grants.freeAtMs(ballot.configuration));
      return;
    }
    this.#leadership = undefined;
    this.#greatestRound = round;
    this.#acceptor.promise(ballot);
    this.#candidacy = newCandidacy(ballot, rejoin, nowMs);
    // Prepare leaves only once the own promise is durable, so that no later life of this process can use the ballot again.
    this.#acceptor.hold(this.self, this.#acceptor.promiseMessage(0));
    for (const replica of this.#others()) this.#acceptor.hold(replica, this.#prepare(ballot, rejoin));
  }

  #onPrepare(from: ReplicaId, message: Prepare, nowMs: number): void {
    const { ballot } = message;
    const { promised } = this.#acceptor;
    this.#greatestRound = Math.max(this.#greatestRound, ballot.round);
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (ballot.configuration > this.#configuration.number) {
      // Whoever promises in a configuration knows how the one before ended: or a quorum might be left of which nobody can lead.
      this.#postponed = message;
      return this.#askToLearn(from, ballot.configuration);
    }
    if (!this.#configuration.members.includes(from)) return;
    if (!equalBallots(ballot, promised)) {
      if (message.released.replica !== 0) this.#release(message.released);
      if (!this.abstains && !this.#grants.allow(ballot, nowMs)) return this.#send(from, { kind: 'refusal', promised, refused: ballot });
      this.#becomeFollower(nowMs);
      this.#acceptor.promise(ballot);
      this.#waitForLeader(nowMs);
    }
    if (this.abstains && message.rejoin === this.#abstention) this.#readmittedBy = ballot;
    this.#acceptor.hold(from, this.#acceptor.promiseMessage(this.#abstention));
  }

  #onPromise(from: ReplicaId, message: Promise_, nowMs: number): void {
    const leadership = this.#leadership;
    if (leadership !== undefined && equalBallots(message.ballot, leadership.adopted.ballot)) {
      if (from !== this.self) this.#onLatePromise(leadership, from, message, nowMs);
      return;
    }
    const candidacy = this.#candidacy;
    if (candidacy === undefined || !equalBallots(message.ballot, candidacy.ballot)) return;
    if (!this.#configuration.members.includes(from)) return;
    if (message.abstention === 0) {
      candidacy.promises.set(from, message);
    } else {
      // What it promised before the damage was true, but the log that it spoke of is gone.
      candidacy.abstentions.set(from, message);
      candidacy.promises.delete(from);
      if (candidacy.fetchingFrom !== from) return;
      candidacy.fetchingFrom = undefined;
    }
    if (candidacy.fetchingFrom === undefined && candidacy.promises.size >= quorumSize(this.configuration)) {
      this.#adoptGreatest(candidacy, nowMs);
    }
  }

  #onLatePromise(leadership: Leadership, from: ReplicaId, message: Promise_, nowMs: number): void {
    if (leadership.follower(from) === undefined || (message.abstention !== 0 && !leadership.votes(from))) return;
    if (message.abstention !== 0 && message.abstention !== leadership.rejoin) {
      // The damaged replica may have forgotten promises: only a ballot that the others promise from now on may sync it.
      this.#becomeFollower(nowMs);
      this.#stand(message.abstention, nowMs);
      return;
    }
    this.#bring(from, leadership.onPromise(from, message, this.#acceptor.commit, nowMs));
  }

  /** A quorum promised: adopt the greatest log whole, fetching first what this replica lacks of it. */
  #adoptGreatest(candidacy: Candidacy, nowMs: number): void {
    const [owner, greatest] = greatestLog(this.self, candidacy.promises);
    if (owner === this.self) {
      this.#lead(candidacy, greatest.accepted, this.#acceptor.last, [], nowMs);
      return;
    }
    const first = firstLacking(this.#acceptor, greatest);
    if (first > greatest.last) {
      this.#lead(candidacy, greatest.accepted, greatest.last, [], nowMs);
      return;
    }
    candidacy.fetchingFrom = owner;
    this.#send(owner, { kind: 'fetch-tail', ballot: candidacy.ballot, first });
  }

  #onFetchTail(from: ReplicaId, message: FetchTail, nowMs: number): void {
    const { window, promised, last } = this.#acceptor;
    if (!equalBallots(message.ballot, promised) || message.ballot.replica !== from || this.abstains) return;
    const far = message.first < window.first || window.bytesBetween(message.first, last) > this.#options.syncBytesMax;
    if (far) {
      // The candidate lacks too much to be brought up to date within an election: its candidacy passes to this replica.
      this.#stand(0, nowMs);
      return;
    }
    const records = window.slice(message.first, last, Number.POSITIVE_INFINITY);
    this.#send(from, { kind: 'tail', ballot: message.ballot, first: message.first, records });
  }

  #onTail(from: ReplicaId, message: Tail, nowMs: number): void {
    const candidacy = this.#candidacy;
    if (candidacy === undefined || candidacy.fetchingFrom !== from || !equalBallots(message.ballot, candidacy.ballot)) return;
    const promise = must(candidacy.promises.get(from));
    if (message.first !== firstLacking(this.#acceptor, promise)) return;
    assert(message.first + message.records.length - 1 >= promise.last, 'the tail ends before the promised last slot');
    this.#lead(candidacy, promise.accepted, message.first - 1, message.records, nowMs);
  }

  #lead(candidacy: Candidacy, accepted: Ballot, from: Slot, tail: readonly Uint8Array[], nowMs: number): void {
    const { ballot, promises } = candidacy;
    this.#acceptor.adopt(ballot, from, tail);
    for (const promise of promises.values()) this.#acceptor.learnCommit(promise.commit);
    this.#candidacy = undefined;
    const adopted = { ballot, accepted, last: this.#acceptor.last };
    const { self, configuration } = this;
    const parts = { self, configuration, options: this.#options, window: this.#acceptor.window, adopted, rejoin: candidacy.rejoin };
    this.#leadership = new Leadership(parts, nowMs);
    for (const [replica, promise] of promises) if (replica !== this.self) this.#onPromise(replica, promise, nowMs);
    for (const [replica, promise] of candidacy.abstentions) this.#onPromise(replica, promise, nowMs);
  }

  #onRefusal(from: ReplicaId, message: Refusal, nowMs: number): void {
    this.#greatestRound = Math.max(this.#greatestRound, message.promised.round);
    if (message.promised.configuration > this.#configuration.number) this.#askToLearn(from, message.promised.configuration);
    const current = this.#leadership?.adopted.ballot ?? this.#candidacy?.ballot;
    if (current === undefined || !equalBallots(message.refused, current)) return;
    if (compareBallots(message.promised, current) > 0) this.#becomeFollower(nowMs);
  }

  #onNominate(from: ReplicaId, message: Nominate, nowMs: number): void {
    const { ballot } = message;
    if (!equalBallots(ballot, this.#acceptor.promised) || this.abstains || !this.#configuration.members.includes(from)) return;
    if (message.leaseGivenUp) this.#release(ballot);
    if (message.leaseGivenUp && from === ballot.replica && (!this.#eligible || nowMs < this.#grants.freeAtMs(ballot.configuration))) {
      // Restarted a moment ago or without a tree, this replica has to wait; the group need not.
      for (const replica of this.#others()) if (replica !== from) this.#send(replica, message);
    }
    this.#stand(0, nowMs);
  }

  /** The holder of the ballot leads no more, so what was granted to it binds nobody. */
  #release(ballot: Ballot): void {
    this.#grants.release(ballot);
    if (compareBallots(ballot, this.#released) > 0) this.#released = ballot;
  }

  #becomeFollower(nowMs: number): void {
    if (this.#leadership !== undefined) this.#release(this.#leadership.adopted.ballot);
    this.#leadership = undefined;
    this.#candidacy = undefined;
    this.#election.forget();
    this.#waitForLeader(nowMs);
  }

  // --- following ---------------------------------------------------------------------------------------------------

  #onSync(from: ReplicaId, message: Sync, nowMs: number): void {
    const { ballot } = message;
    const { promised, accepted } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#send(from, { kind: 'refusal', promised, refused: ballot });
    }
    // The promise of this very ballot is needed: only then is its leader's quorum known to have seen our log.
    if (!equalBallots(ballot, promised)) return;
    if (this.abstains && !equalBallots(ballot, this.#readmittedBy)) return;
    if (equalBallots(ballot, accepted) && message.from + message.records.length <= this.#acceptor.last) {
      // A repeated Sync of a ballot whose log is here already, perhaps longer by now.
      this.#acceptor.learnCommit(message.commit);
      this.#acceptor.hold(from, { kind: 'accepted', ballot, last: this.#acceptor.last });
      return;
    }
    // A Sync that was overtaken by Learn messages, which take another way: it ends before what is known to be chosen.
    if (message.from > this.#acceptor.last || message.from + message.records.length < this.#acceptor.commit) return;
    this.#acceptor.adopt(ballot, message.from, message.records);
    this.#acceptor.learnCommit(message.commit);
    this.#waitForLeader(nowMs);
  }

  #onAccept(from: ReplicaId, message: Accept, nowMs: number): void {
    const { ballot, first, records } = message;
    const { promised, accepted, last } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (!equalBallots(ballot, accepted) || first > last + 1) return;
    for (let at = last + 1 - first; at < records.length; at++) this.#acceptor.append(must(records[at]));
    this.#acceptor.learnCommit(message.commit);
    if (first + records.length - 1 <= last) this.#acceptor.hold(from, { kind: 'accepted', ballot, last });
    this.#waitForLeader(nowMs);
  }

  #onLearn(from: ReplicaId, message: Learn, nowMs: number): void {
    const { ballot, first, records } = message;
    if (ballot.replica === 0) return this.#onClosing(from, message, nowMs);
    const { promised, last } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (!equalBallots(ballot, promised) || first > last + 1) return;
    // What is chosen may be learned by a damaged replica too, as the beginning of its Sync; it abstains until that is complete.
    if (this.abstains && !equalBallots(ballot, this.#readmittedBy)) return;
    this.#acceptor.learn(ballot, first, records);
    this.#acceptor.hold(from, { kind: 'learned', ballot, last: this.#acceptor.commit });
  }

  // --- leading -----------------------------------------------------------------------------------------------------

  #onAccepted(from: ReplicaId, message: Accepted, nowMs: number): void {
    const leadership = this.#leadership;
    if (leadership?.follower(from) === undefined || !equalBallots(message.ballot, leadership.adopted.ballot)) return;
    if (leadership.onAccepted(from, message, nowMs)) this.#countChosen();
  }

  #onLearned(from: ReplicaId, message: Learned, nowMs: number): void {
    const { ballot } = message;
    if (ballot.replica === 0) {
      if (ballot.configuration <= this.#configuration.number) this.#teach(from, message.last, this.#configuration);
      return;
    }
    const leadership = this.#leadership;
    if (leadership?.follower(from) === undefined || !equalBallots(ballot, leadership.adopted.ballot)) return;
    this.#bring(from, leadership.onLearned(from, message.last, this.#acceptor.commit, nowMs));
  }

  #bring(replica: ReplicaId, action: PaxosMessage | CatchUp | undefined): void {
    if (action === undefined) return;
    if ('kind' in action) this.#send(replica, action);
    else this.#catchUps.push(action);
  }

  #countChosen(): void {
    const chosen = must(this.#leadership).chosen();
    if (chosen > this.#acceptor.commit) this.#acceptor.learnCommit(chosen);
  }

  #sendAccepts(leadership: Leadership, nowMs: number): void {
    for (const follower of leadership.followers) {
      const message = leadership.nextAccept(follower, this.#acceptor.commit, nowMs);
      if (message !== undefined) this.#send(follower.replica, message);
    }
  }

  // --- small things ------------------------------------------------------------------------------------------------

  #prepare(ballot: Ballot, rejoin: number): Prepare {
    return { kind: 'prepare', ballot, released: this.#released, rejoin };
  }

  #others(): ReplicaId[] {
    return this.#configuration.members.filter((member) => member !== this.self);
  }

  #send(to: ReplicaId, message: PaxosMessage): void {
    this.#messages.push({ to, message });
  }

  #waitForLeader(nowMs: number): void {
    const { promised } = this.#acceptor;
    this.#election.waitFor(promised.replica, nowMs, this.#grants.freeAtMs(this.#configuration.number));
  }

  /** For logs and golden files. */
  describe(): string {
    const { promised, accepted, last, commit, applied } = this.#acceptor;
    const ballots = `promised=${formatBallot(promised)} accepted=${formatBallot(accepted)}`;
    return `${this.role} ${ballots} last=${last} commit=${commit} applied=${applied}`;
  }
}
