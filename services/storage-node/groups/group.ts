import { assert } from '../../shared/base/assert.ts';
import type { GroupId, NodeId, ReplicaId, RequestNumber, Slot } from '../../shared/base/ids.ts';
import type { BTree, Rank } from '../../shared/btree/tree.ts';
import type { DueSeconds } from '../../shared/item/expiry.ts';
import { type Ballot, formatBallot } from '../../shared/paxos/ballot.ts';
import type { LeadershipNews } from '../../shared/paxos/heartbeat.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { WalDamagedError } from '../../shared/wal/wal-types.ts';
import type { ExpiryRange } from '../core/expiry-progress.ts';
import type { LocalIndexSize } from '../../shared/wire/admin.ts';
import { encodeGroupMeta, type GroupIdentity, type GroupMeta, type GroupState, type InstalledSnapshot } from '../core/group-state.ts';
import type { IndexEntries } from '../core/index-entries.ts';
import type { BackfillState } from '../core/index-feeds.ts';
import { LogStarts } from '../core/log-starts.ts';
import { configurationOf, type Membership } from '../core/membership.ts';
import type { ApplyChangesOperation } from '../../shared/wire/storage-operations.ts';
import type { StateHashRecord } from '../core/state-hash-record.ts';
import type { Answer, WriteOperation } from '../core/write-evaluator.ts';
import { ChosenRecords } from './chosen-records.ts';
import { DurableEnd } from './durable-end.ts';
import { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import { GroupReads } from './group-reads.ts';
import { GroupWrites } from './group-writes.ts';
import { type BackfillStep, proposeBackfill } from './index-backfill.ts';
import { IndexReceiver } from './index-receiver.ts';
import type { Respond } from './pending-answers.ts';
import { RecordApplier } from './record-applier.ts';
import { isCopyLost, StateHashWatch } from './state-hash-watch.ts';
import { SwapFollower } from './swap-follower.ts';
import { TrimFloor } from './trim-floor.ts';

/**
 * One replica at work: consensus, WAL, tree and pending answers of one group. Everything that looks at state and changes it
 * runs synchronously; pages are fetched before.
 */
export class Group {
  readonly id: GroupId;
  readonly paxos: PaxosReplica;
  readonly #host: GroupHost;
  readonly #copy: GroupCopy;
  /** The ballot whose leadership this group's volatile state belongs to. */
  #leading: Ballot | undefined;
  /** Applied slot of the last durable checkpoint. */
  checkpointSlot: Slot;
  checkpointAtMs: number;
  /** When a leader last sent it something of its log or tree; at first, when it was made. For replicas that are no members. */
  taughtAtMs: number;
  readonly trimFloor = new TrimFloor();
  readonly logStarts = new LogStarts();
  readonly stateHashes = new StateHashWatch();
  readonly #durable: DurableEnd;
  readonly #chosen: ChosenRecords;
  readonly #reads: GroupReads;
  readonly #writes: GroupWrites;
  readonly #received: IndexReceiver;
  readonly #swaps: SwapFollower;
  readonly #applier: RecordApplier;

  constructor(parts: GroupMeta & { paxos: PaxosReplica; tree: BTree; host: GroupHost }) {
    this.id = parts.identity.group;
    this.paxos = parts.paxos;
    this.#host = parts.host;
    this.#copy = new GroupCopy(parts);
    this.checkpointSlot = parts.state.applied;
    this.checkpointAtMs = parts.host.environment.clock.monotonicMs();
    this.taughtAtMs = this.checkpointAtMs;
    this.#durable = new DurableEnd(parts.paxos.last);
    const { wal, environment } = parts.host;
    this.#chosen = new ChosenRecords({ group: parts.identity.group, paxos: parts.paxos, wal, digest: environment.digest });
    const ties: GroupTies = { group: this, host: parts.host, quarantine: (reason, error) => this.#quarantine(reason, error) };
    const enter = (membership: Membership): void => this.#enter(membership);
    this.#reads = new GroupReads(this.#copy, ties);
    this.#writes = new GroupWrites(this.#copy, ties, this.#reads);
    this.#received = new IndexReceiver(this.#copy, ties, this.#reads, this.#writes);
    const follows = { copy: this.#copy, ties, chosen: this.#chosen, enter };
    this.#swaps = new SwapFollower({ ...follows, durable: this.#durable });
    this.#applier = new RecordApplier({
      ...follows,
      writes: this.#writes,
      received: this.#received,
      stateHashes: this.stateHashes,
      swaps: this.#swaps,
    });
  }

  get identity(): GroupIdentity {
    return this.#copy.identity;
  }

  /** The last snapshot that took the tree's place. */
  get snapshot(): InstalledSnapshot {
    return this.#copy.snapshot;
  }

  get tree(): BTree {
    return this.#copy.tree;
  }

  get state(): GroupState {
    return this.#copy.state;
  }

  /** Own log durable up to here: neither a checkpoint nor what others are taught may run ahead of it. */
  get durableLast(): Slot {
    return this.#durable.slot;
  }

  /** Nothing that was given to the log is still under way. */
  get appendsDone(): boolean {
    return this.#durable.idle;
  }

  /** The log begins behind what the tree holds, for the tree was lost: only a snapshot helps. */
  get awaitsSnapshot(): boolean {
    return this.#copy.awaitsSnapshot;
  }

  /** A member that makes writes durable and has no tree on purpose. */
  get keepsLogOnly(): boolean {
    return this.#copy.keepsLogOnly;
  }

  /** GroupCopy.itemTotals. */
  get itemTotals(): Rank {
    return this.#copy.itemTotals;
  }

  /** GroupCopy.countItems. */
  countItems(): Promise<Rank> {
    return this.#copy.countItems();
  }

  /** GroupCopy.countLocalIndexes. */
  countLocalIndexes(): Promise<LocalIndexSize[]> {
    return this.#copy.countLocalIndexes();
  }

  /** Proposed and not yet applied. */
  get underWay(): number {
    return this.#writes.underWay;
  }

  nodeOf(replica: ReplicaId): NodeId | undefined {
    return this.#copy.nodeOf(replica);
  }

  /** GroupCopy.hears. */
  hears(replica: ReplicaId, node: NodeId): boolean {
    return this.#copy.hears(replica, node);
  }

  meet(replica: ReplicaId, node: NodeId): void {
    this.#copy.meet(replica, node);
  }

  /** Where the leader is, as far as this replica knows. */
  leaderNode(): NodeId | undefined {
    return this.#copy.leaderNode();
  }

  // --- requests ----------------------------------------------------------------------------------------------------

  /** Evaluates and proposes one write; `respond` is called once, now or when its outcome is known. */
  write(operation: WriteOperation, request: RequestNumber, deadlineMs: number, respond: Respond): void {
    this.#writes.write(operation, request, deadlineMs, respond);
  }

  /** Changes the settings of the partition; `respond` is called once they are applied. Older ones than it has change nothing. */
  changeSettings(settings: PartitionSettings, deadlineMs: number, respond: Respond): void {
    this.#writes.changeSettings(settings, deadlineMs, respond);
  }

  /** Takes what a partition of the table sends to this partition of one of its indexes. IndexReceiver.take. */
  takeChanges(operation: ApplyChangesOperation, deadlineMs: number, respond: Respond): void {
    this.#received.take(operation, deadlineMs, respond);
  }

  /** The next chunk of a backfill may be proposed now. */
  get takesBackfill(): boolean {
    return !this.stopped && this.#reads.leaderRefusal() === undefined && this.#writes.hasRoom;
  }

  /** proposeBackfill of index-backfill.ts. Only while this replica takes it. */
  proposeBackfill(entries: IndexEntries, state: BackfillState, before: number): BackfillStep {
    return proposeBackfill({ copy: this.#copy, writes: this.#writes }, entries, state, before);
  }

  /** Proposes what the node itself has to say about state hashes; returns its slot. Only while this replica serves. */
  proposeStateHash(said: StateHashRecord): Slot {
    return this.#writes.proposeStateHash(said);
  }

  /** Proposes the next configuration. The caller has seen that this replica leads and serves. */
  proposeSwap(next: Omit<Membership, 'since'>): void {
    this.#writes.proposeSwap(next);
  }

  /** GroupWrites.takesOwn. */
  takesOwnWrites(isDelete: boolean): boolean {
    return this.#writes.takesOwn(isDelete);
  }

  /** Brings what `deleteExpired` needs to know of an item; undefined: it is in memory. */
  fetchItem(key: Uint8Array): Promise<void> | undefined {
    return this.#copy.fetch(key, 'value');
  }

  /** GroupWrites.deleteExpired. */
  deleteExpired(key: Uint8Array, due: DueSeconds): Slot | undefined {
    return this.#writes.deleteExpired(key, due);
  }

  proposeExpiryRange(range: ExpiryRange): Slot {
    return this.#writes.proposeExpiryRange(range);
  }

  /** Why this replica cannot serve as the leader now; undefined when it can. */
  leaderRefusal(): Answer | undefined {
    return this.#reads.leaderRefusal();
  }

  /** Why this replica cannot serve an eventually consistent read now; undefined when it can. */
  followerRefusal(recentMs: number): Answer | undefined {
    return this.#reads.followerRefusal(recentMs);
  }

  /** Reads the applied value of a key; `respond` gets it under the proof that the read asks for. */
  read(
    key: Uint8Array,
    consistent: boolean,
    deadlineMs: number,
    respond: Respond,
    answer: (value: Uint8Array | undefined) => Answer,
  ): void {
    this.#reads.read(key, consistent, deadlineMs, respond, answer);
  }

  /** Sends an answer that was read from the applied state just now, as soon as leadership at this moment is proved. */
  confirm(deadlineMs: number, respond: Respond, answer: Answer): void {
    this.#reads.confirm(deadlineMs, respond, answer);
  }

  /** A page of the tree could not be fetched for a reader. */
  pageUnreadable(error: unknown): void {
    this.#reads.pageUnreadable(error);
  }

  /** Records that are applied could not be read back for an index. */
  recordsUnreadable(error: unknown): void {
    // Trimmed meanwhile, or the group is gone: that is no damage.
    if (error instanceof WalDamagedError) this.#quarantine('a record that an index needs could not be read', error);
  }

  // --- consensus ---------------------------------------------------------------------------------------------------

  /** A heartbeat was answered or sent: reads that wait for a proof of leadership may go on. */
  leadershipConfirmed(): void {
    this.#reads.leadershipConfirmed();
  }

  /** A heartbeat of the leader, granted at `nowMs`, may have brought a greater commit slot. */
  followCommit(news: LeadershipNews, nowMs: number): void {
    if (news.reachesQuorum) this.#reads.heard(news.commit, nowMs);
    if (this.state.applied < this.paxos.commit) this.#host.wake(this);
  }

  tick(nowMs: number): void {
    if (this.stopped) return;
    this.paxos.tick(nowMs);
    this.#reads.expire(nowMs);
    this.#host.wake(this);
  }

  /** Carries out what the consensus core asks for: one write, its messages, newly chosen records. */
  pump(): void {
    if (this.stopped) return;
    const { environment, wal } = this.#host;
    const { persist, messages, catchUps } = this.paxos.ready(environment.clock.monotonicMs());
    if (persist !== undefined) {
      const { token, change } = persist;
      const { last } = change.header;
      this.#durable.began(change);
      wal.append({ group: this.id, ...change }, () => {
        this.#durable.finished(last);
        this.paxos.persisted(token, environment.clock.monotonicMs());
        this.#host.wake(this);
      });
    }
    for (const { to, message } of messages) this.#host.send(this, to, message);
    for (const catchUp of catchUps) this.#host.catchUp(this, catchUp);
    this.#followRole();
    this.#applier.apply();
  }

  #followRole(): void {
    const { leading } = this.paxos;
    if (leading === this.#leading) return;
    const { logger } = this.#host.environment;
    if (this.#leading !== undefined) this.#dropLeadership();
    this.#leading = leading;
    if (leading === undefined) return;
    this.#writes.begin();
    logger.info('leads', { group: this.id, ballot: formatBallot(leading), last: this.paxos.last });
    this.#host.elected();
  }

  #dropLeadership(): void {
    this.#host.environment.logger.info('leads no more', { group: this.id });
    this.#writes.drop();
    this.#received.drop();
    this.#reads.drop();
  }

  /** A Swap is known to be chosen: another configuration begins. */
  #enter(membership: Membership): void {
    const { environment } = this.#host;
    // A snapshot may be older than what the log of a replica without a tree had told it.
    if (membership.configuration <= this.identity.configuration) return;
    // Who leaves may still ask how it ended.
    for (const { replica, node } of this.identity.members) this.meet(replica, node);
    this.#copy.identity = { ...this.identity, ...membership };
    const members = membership.members.map(({ replica, node }) => `${replica}@${node}`);
    environment.logger.info('members changed', {
      group: this.id,
      configuration: membership.configuration,
      slot: membership.since,
      members,
    });
    this.paxos.appliedSwap(configurationOf(membership), environment.clock.monotonicMs());
    this.#host.wake(this);
  }

  // --- checkpoint, snapshot, end -----------------------------------------------------------------------------------

  /** A checkpoint may be taken: everything applied is durable in the own log, something is new, and the tree is not being replaced. */
  get checkpointable(): boolean {
    const { applied } = this.state;
    return !this.stopped && !this.#applier.held && applied > this.checkpointSlot && this.durableLast >= applied;
  }

  /** Writes the tree and the state of this moment in one atomic batch. Resolves with the slot it holds. */
  async checkpoint(): Promise<Slot> {
    assert(this.durableLast >= this.state.applied, 'a checkpoint would run ahead of the durable log');
    const slot = this.state.applied;
    await this.tree.checkpoint(encodeGroupMeta(this.identity, this.state, this.snapshot));
    this.checkpointSlot = slot;
    this.checkpointAtMs = this.#host.environment.clock.monotonicMs();
    return slot;
  }

  /** Up to where others than this replica still need its log, each in a slot of its own. */
  get neededSlots(): readonly Slot[] {
    if (this.paxos.leading === undefined) return [this.trimFloor.told];
    return [this.sharedFloor, ...this.paxos.acknowledgements().values(), ...this.paxos.learners().values()];
  }

  /** The log that is kept for the own sake goes up to here. */
  get ownFloor(): Slot {
    if (this.keepsLogOnly) return Math.min(this.trimFloor.told, this.#swaps.floor);
    return Math.min(this.checkpointSlot, this.#indexFloor);
  }

  /** The log is kept for global indexes whatever that takes: nothing else tells them what they lack. */
  get #indexFloor(): Slot {
    if (this.state.indexFeeds.size === 0) return Number.MAX_SAFE_INTEGER;
    return this.paxos.leading === undefined ? this.trimFloor.told : this.#host.indexFloor(this);
  }

  /**
   * What a leader tells its followers: up to here two replicas hold everything in a checkpoint, and no global index needs the log, as
   * far as it knows. Before it serves it may not know of an index yet.
   */
  get sharedFloor(): Slot {
    if (!this.paxos.serves) return 0;
    return Math.min(this.trimFloor.secondBest(this.checkpointSlot, [...this.paxos.acknowledgements().keys()]), this.#indexFloor);
  }

  /** The slot behind which the own log begins, where a leader wants to know it: global indexes may need what it holds. */
  get ownLogStart(): Slot | undefined {
    return this.keepsLogOnly || this.state.indexFeeds.size > 0 ? this.paxos.trimmed : undefined;
  }

  /** The log up to `slot` goes. */
  trim(slot: Slot): void {
    // Without a tree, what others hold in theirs counts as applied.
    if (this.keepsLogOnly && slot > this.paxos.applied) this.paxos.appliedUpTo(slot);
    this.paxos.trimTo(slot);
    this.#host.wal.trim(this.id, slot);
  }

  /** A snapshot took the tree's place. */
  installed(tree: BTree, { identity, state }: Pick<GroupMeta, 'identity' | 'state'>, ballot: Ballot): void {
    this.#copy.tree = tree;
    this.#copy.state = state;
    this.#copy.identity = identity;
    this.#copy.snapshot = { slot: state.applied, ballot };
    this.#applier.followSettings();
    this.#chosen.forget();
    this.stateHashes.forget();
    this.checkpointSlot = state.applied;
    this.paxos.installedSnapshot(state.applied, ballot, configurationOf(identity), this.#host.environment.clock.monotonicMs());
    this.#host.wake(this);
  }

  /** Nothing is being applied right now. */
  get idle(): boolean {
    return this.#applier.idle;
  }

  /** Nothing is applied while a snapshot is put in place. Only when idle. */
  holdApplying(): void {
    this.#applier.hold();
  }

  resumeApplying(): void {
    this.#applier.resume();
  }

  stop(): void {
    if (this.stopped) return;
    this.#copy.stopped = true;
    this.#writes.drop();
    this.#received.drop();
    this.#reads.drop();
  }

  get stopped(): boolean {
    return this.#copy.stopped;
  }

  /** The replica cannot go on without risking a copy that differs: it stops, the others go on. */
  #quarantine(reason: string, error: unknown): void {
    if (this.stopped) return;
    this.#host.environment.logger.error('replica stopped', { group: this.id, reason, error: String(error) });
    this.paxos.stepDown(this.#host.environment.clock.monotonicMs());
    this.stop();
    if (isCopyLost(error)) this.#host.treeDamaged(this, error);
    else if (error instanceof WalDamagedError) this.#host.logDamaged(this, error);
  }
}
