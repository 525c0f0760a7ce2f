import { assert, AssertionError } from '../../shared/base/assert.ts';
import { compareBytes } from '../../shared/base/bytes.ts';
import type { NodeId, ReplicaId, RequestNumber, Slot } from '../../shared/base/ids.ts';
import { TreeClosedError } from '../../shared/btree/errors.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { storedChecksum, storedItemSize } from '../../shared/item/stored-value.ts';
import { type Ballot, formatBallot } from '../../shared/paxos/ballot.ts';
import type { CatchUp } from '../../shared/paxos/leadership.ts';
import type { LeadershipNews } from '../../shared/paxos/heartbeat.ts';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { type PartitionSettings, parsePartitionSettings, serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord, type LogRecordType } from '../../shared/wal/log-record.ts';
import { WalDamagedError } from '../../shared/wal/wal-types.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import { encodeGroupMeta, type GroupIdentity, type GroupMeta, type GroupState, type InstalledSnapshot } from '../core/group-state.ts';
import { DerivedEntries, type TreeChange } from '../core/derived-entries.ts';
import { configurationOf, decodeSwap, encodeSwap, type Membership } from '../core/membership.ts';
import { Overlay } from '../core/overlay.ts';
import { decodeStateHashRecord, encodeStateHashRecord, type StateHashRecord } from '../core/state-hash-record.ts';
import type { Answer, WriteEvaluator, WriteOperation } from '../core/write-evaluator.ts';
import { Acquaintances } from './acquaintances.ts';
import { ChosenRecords } from './chosen-records.ts';
import { DurableEnd } from './durable-end.ts';
import { ExecutedWrites } from './executed-writes.ts';
import { Freshness } from './freshness.ts';
import { PendingAnswers, type Respond } from './pending-answers.ts';
import { ReadGate } from './read-gate.ts';
import { isCopyLost, StateHashWatch } from './state-hash-watch.ts';
import { TrimFloor } from './trim-floor.ts';

/** What a group needs of its node. */
export interface GroupHost {
  readonly environment: Environment;
  readonly wal: WriteAheadLog;
  readonly evaluator: WriteEvaluator;
  /** Sends a consensus message to the node of another replica, with everything else of this turn. */
  send(group: Group, to: ReplicaId, message: PaxosMessage): void;
  /** The replica has stopped because its tree is damaged or differs from the others', while its log is sound. */
  treeDamaged(group: Group, error: Error): void;
  /** The replica has stopped because its log is damaged where it still needs it, while its tree is not. */
  logDamaged(group: Group, error: Error): void;
  /** Why a write may not be proposed for want of room on disks; undefined: there is room. */
  roomRefusal(group: Group, isDelete: boolean): Answer | undefined;
  /** Brings a follower near from the WAL, or by a snapshot. */
  catchUp(group: Group, catchUp: CatchUp): void;
  /** Has `pump` called at the end of this turn. */
  wake(group: Group): void;
  /** Sends heartbeats now rather than at the next beat: somebody waits for leadership to be proved. */
  hurryHeartbeat(): void;
  /** Everything of the group is chosen and applied here, so that nothing more will tell its followers soon. */
  commitNews(group: Group): void;
  /** The replica leads from now on. */
  elected(): void;
  /** Looks at the clocks: after a jump no lease is valid. To be called right before a lease is relied on. */
  watchClock(): void;
  /** The monotonic clocks of all members run at one rate, as far as is known: only then does a lease mean anything. */
  clocksAgree(group: Group): boolean;
  /** A record was applied (the catalog's watchers look at it). */
  applied(group: Group, slot: Slot, record: LogRecord): void;
}

/** After so many records the apply loop looks at the clock. */
const APPLY_CHECK_RECORDS = 32;
/** No turn of the loop is longer than this on account of one group, milliseconds. */
const APPLY_SLICE_MS = 4;

/**
 * One replica at work: consensus, WAL, tree and pending answers of one group. Everything that looks at state and changes it
 * runs synchronously; pages are fetched before.
 */
export class Group {
  readonly paxos: PaxosReplica;
  #identity: GroupIdentity;
  readonly #acquaintances = new Acquaintances();
  readonly #host: GroupHost;
  #tree: BTree;
  #state: GroupState;
  #snapshot: InstalledSnapshot;
  readonly #overlay = new Overlay();
  readonly #answers = new PendingAnswers();
  readonly #reads = new ReadGate();
  /** The ballot whose leadership this group's volatile state belongs to. */
  #leading: Ballot | undefined;
  #proposedTimeMs = 0;
  /** Follows from the settings that are applied; undefined: there are none. */
  #derived: DerivedEntries | undefined;
  /** What the record that is applied next changes beside its item. */
  #changes: readonly TreeChange[] = NO_CHANGES;
  /** Up to here the log is known to hold no Swap that is not followed yet; only without a tree. */
  #followed: Slot;
  /** The Swap of the membership that stands beside the tree on the disk. */
  #savedSince: Slot;
  #saving = false;
  #applying = false;
  /** A snapshot is being put in the tree's place. */
  #installing = false;
  #stopped = false;
  readonly #freshness = new Freshness();
  /** Applied slot of the last durable checkpoint. */
  checkpointSlot: Slot;
  checkpointAtMs: number;
  /** When a leader last sent it something of its log or tree; at first, when it was made. For replicas that are no members. */
  taughtAtMs: number;
  readonly trimFloor = new TrimFloor();
  readonly stateHashes = new StateHashWatch();
  readonly #durable: DurableEnd;
  readonly #chosen: ChosenRecords;
  readonly #executed: ExecutedWrites;

  constructor(parts: GroupMeta & { paxos: PaxosReplica; tree: BTree; host: GroupHost }) {
    this.#identity = parts.identity;
    this.#snapshot = parts.snapshot;
    this.paxos = parts.paxos;
    this.#tree = parts.tree;
    this.#state = parts.state;
    this.#host = parts.host;
    this.checkpointSlot = parts.state.applied;
    this.checkpointAtMs = parts.host.environment.clock.monotonicMs();
    this.taughtAtMs = this.checkpointAtMs;
    this.#durable = new DurableEnd(parts.paxos.last);
    this.#followed = Math.max(parts.paxos.trimmed, parts.identity.since);
    this.#savedSince = parts.identity.since;
    const { wal, evaluator, environment } = parts.host;
    const records = { group: parts.identity.group, paxos: parts.paxos, wal };
    this.#chosen = new ChosenRecords({ ...records, digest: environment.digest });
    this.#executed = new ExecutedWrites({ ...records, evaluator, environment });
    this.#followSettings();
  }

  get identity(): GroupIdentity {
    return this.#identity;
  }

  get id(): number {
    return this.#identity.group;
  }

  /** The last snapshot that took the tree's place. */
  get snapshot(): InstalledSnapshot {
    return this.#snapshot;
  }

  get tree(): BTree {
    return this.#tree;
  }

  get state(): GroupState {
    return this.#state;
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
    return this.#state.applied < this.paxos.trimmed;
  }

  /** A member that makes writes durable and has no tree on purpose. */
  get keepsLogOnly(): boolean {
    return this.identity.members.some(({ replica, logOnly }) => logOnly && replica === this.identity.replica);
  }

  /** Proposed and not yet applied. */
  get underWay(): number {
    return this.#answers.size;
  }

  nodeOf(replica: ReplicaId): NodeId | undefined {
    return this.identity.members.find((member) => member.replica === replica)?.node ?? this.#acquaintances.nodeOf(replica);
  }

  /**
   * A message of a replica came from a node. False: it is somebody else's. Who is no member may be one of a later
   * configuration, a former one, or a learner; consensus tells them apart, and here is remembered where they are.
   */
  hears(replica: ReplicaId, node: NodeId): boolean {
    const member = this.identity.members.find((each) => each.replica === replica);
    if (member !== undefined) return member.node === node;
    this.meet(replica, node);
    return true;
  }

  meet(replica: ReplicaId, node: NodeId): void {
    this.#acquaintances.meet(replica, node);
  }

  /** Where the leader is, as far as this replica knows. */
  leaderNode(): NodeId | undefined {
    const { leader } = this.paxos;
    return leader === undefined ? undefined : this.nodeOf(leader);
  }

  holds(key: Uint8Array): boolean {
    const { low, high } = this.identity;
    return compareBytes(key, low) >= 0 && (high === undefined || compareBytes(key, high) < 0);
  }

  // --- writes ------------------------------------------------------------------------------------------------------

  /** Evaluates and proposes one write; `respond` is called once, now or when its outcome is known. */
  write(operation: WriteOperation, request: RequestNumber, deadlineMs: number, respond: Respond): void {
    const refusal = this.#refusal(operation.key);
    if (refusal !== undefined) return respond(refusal);
    if (this.paxos.full) return respond({ status: 'overloaded', message: 'too many writes of this partition are under way' });
    if (this.paxos.closing) return respond({ status: 'not-ready', message: 'the members of the partition change just now' });
    if (this.#repeated(operation, request, respond)) return;
    const noRoom = this.#host.roomRefusal(this, operation.kind === 'delete');
    if (noRoom !== undefined) return respond(noRoom);
    const wait = this.#fetch(operation.key, 'value');
    if (wait !== undefined) {
      const waiting = this.#overlay.waits(request);
      const giveUp: Respond = (answer) => {
        if (this.#overlay.goesOn(request, waiting)) this.#overlay.evaluated(request);
        respond(answer);
      };
      this.#afterFetch(wait, deadlineMs, giveUp, () => {
        if (this.#overlay.goesOn(request, waiting)) this.write(operation, request, deadlineMs, respond);
        else respond({ status: 'not-ready', message: 'a later copy of the write took its place' });
      });
      return;
    }
    this.#overlay.evaluated(request);
    const pending = this.#overlay.image(operation.key);
    const old = pending === undefined ? this.#tree.get(operation.key) : pending.value;
    const slot = this.paxos.nextSlot;
    const timeMs = Math.max(this.#proposedTimeMs, this.#state.timeMs, this.#host.environment.clock.wallMs());
    const outcome = this.#host.evaluator.evaluate(operation, old, { slot, timeMs, request });
    if (outcome.record === undefined) {
      if (pending === undefined) this.confirm(deadlineMs, respond, outcome.answer);
      else this.#answers.add(slot - 1, respond, outcome.answer, true);
      return;
    }
    this.#proposedTimeMs = timeMs;
    assert(this.paxos.propose(outcome.record) === slot, 'proposed at another slot than evaluated for');
    this.#overlay.proposed(operation.key, { slot, value: outcome.newValue }, request);
    this.#answers.add(slot, respond, outcome.answer, false);
    this.#host.wake(this);
  }

  /** Proposes what the node itself has to say about state hashes; returns its slot. Only while this replica serves. */
  proposeStateHash(said: StateHashRecord): Slot {
    return this.#proposeOwn('state-hash', encodeStateHashRecord(said));
  }

  /** A write whose number is known is not executed again; its answer is made from its record. */
  #repeated(operation: WriteOperation, request: RequestNumber, respond: Respond): boolean {
    const underWay = this.#overlay.slotOf(request);
    if (underWay !== undefined) {
      this.#whenApplied(underWay, () => this.#executed.answer(operation, underWay, respond), respond);
      return true;
    }
    const executed = this.#state.requests.lookUp(request);
    if (executed === undefined) return false;
    if (executed === 'refused')
      respond({ status: 'number-refused', message: 'the request number is too old to be told from an executed one' });
    else this.#executed.answer(operation, executed, respond);
    return true;
  }

  /** Changes the settings of the partition; `respond` is called once they are applied. Older ones than it has change nothing. */
  changeSettings(settings: PartitionSettings, deadlineMs: number, respond: Respond): void {
    const refusal = this.#stopped ? { status: 'not-ready' as const } : this.leaderRefusal();
    if (refusal !== undefined) return respond(refusal);
    if (settings.version <= (this.#state.settings?.version ?? 0)) return this.confirm(deadlineMs, respond, { status: 'ok' });
    if (this.paxos.full || this.paxos.closing) return respond({ status: 'not-ready', message: 'nothing can be proposed just now' });
    const slot = this.#proposeOwn('settings', serializePartitionSettings(settings));
    this.#answers.add(slot, respond, { status: 'ok', slot }, false);
  }

  #whenApplied(slot: Slot, then: () => void, respond: Respond): void {
    const whenApplied: Respond = (answer) => (answer.status === 'ok' ? then() : respond(answer));
    this.#answers.add(Math.max(slot, this.paxos.last), whenApplied, { status: 'ok' }, false);
  }

  /** Proposes the next configuration. The caller has seen that this replica leads and serves. */
  proposeSwap(next: Omit<Membership, 'since'>): void {
    const record = this.#ownRecord('swap', encodeSwap(next));
    this.paxos.proposeSwap(record, configurationOf({ ...next, since: this.paxos.nextSlot }));
    this.#host.wake(this);
  }

  /** Proposes what the node itself has to say to all replicas; returns its slot. */
  #proposeOwn(type: LogRecordType, payload: Uint8Array): Slot {
    const slot = this.paxos.propose(this.#ownRecord(type, payload));
    this.#host.wake(this);
    return slot;
  }

  #ownRecord(type: LogRecordType, payload: Uint8Array): Buffer {
    const { clock, digest } = this.#host.environment;
    const timeMs = Math.max(this.#proposedTimeMs, this.#state.timeMs, clock.wallMs());
    this.#proposedTimeMs = timeMs;
    return encodeLogRecord({ type, timeMs, change: 'none', identity: OWN, oldSize: 0, key: NOTHING, payload }, digest);
  }

  // --- reads -------------------------------------------------------------------------------------------------------

  /** Why this replica cannot serve a strong operation on the key now; undefined when it can. */
  #refusal(key: Uint8Array): Answer | undefined {
    if (this.#stopped) return { status: 'not-ready', message: 'the replica is stopped' };
    if (!this.holds(key)) return { status: 'wrong-range' };
    return this.leaderRefusal();
  }

  /** Why this replica cannot serve as the leader now; undefined when it can. */
  leaderRefusal(): Answer | undefined {
    if (this.#state.halted > 0) return HALTED;
    if (this.paxos.serves) return undefined;
    if (this.paxos.role === 'leader') return { status: 'not-ready' };
    return this.#elsewhere();
  }

  /** Who may answer instead, as far as this replica knows. */
  #elsewhere(): Answer {
    const leader = this.leaderNode();
    if (leader !== undefined) return { status: 'not-leader', leader };
    return this.awaitsSnapshot ? TREE_LOST : { status: 'not-ready' };
  }

  /** Why this replica cannot serve an eventually consistent read now; undefined when it can. */
  followerRefusal(recentMs: number): Answer | undefined {
    if (this.#stopped) return { status: 'not-ready', message: 'the replica is stopped' };
    if (this.#state.halted > 0) return HALTED;
    if (this.paxos.serves) return undefined;
    const nowMs = this.#host.environment.clock.monotonicMs();
    if (!this.paxos.abstains && this.paxos.isMember && nowMs - this.#freshness.asOfMs(this.#state.applied) < recentMs) return undefined;
    return this.#elsewhere();
  }

  /** Reads the applied value of a key; `respond` gets it under the proof that the read asks for. */
  read(
    key: Uint8Array,
    consistent: boolean,
    deadlineMs: number,
    respond: Respond,
    answer: (value: Uint8Array | undefined) => Answer,
  ): void {
    const refusal = consistent ? this.#refusal(key) : this.holds(key) ? this.followerRefusal(EVENTUAL_READ_MS) : WRONG_RANGE;
    if (refusal !== undefined) return respond(refusal);
    const wait = this.#fetch(key, 'value');
    if (wait !== undefined) {
      this.#afterFetch(wait, deadlineMs, respond, () => this.read(key, consistent, deadlineMs, respond, answer));
      return;
    }
    const result = answer(this.#tree.get(key));
    if (consistent) this.confirm(deadlineMs, respond, result);
    else respond(result);
  }

  /** Sends an answer that was read from the applied state just now, as soon as leadership at this moment is proved. */
  confirm(deadlineMs: number, respond: Respond, answer: Answer): void {
    this.#host.watchClock();
    const nowMs = this.#host.environment.clock.monotonicMs();
    if (this.paxos.leaseValid(nowMs) && this.#host.clocksAgree(this)) return respond(answer);
    if (!this.paxos.serves) return respond(this.leaderRefusal() ?? { status: 'not-ready' });
    const refuse = (): void => respond({ status: 'not-ready', message: 'leadership could not be proved in time' });
    this.#reads.wait(nowMs, deadlineMs, () => respond(answer), refuse);
    this.#host.hurryHeartbeat();
  }

  /** As the tree's own, but what the tree throws at once is a rejection too: it ended since the last look. */
  #fetch(key: Uint8Array, need: 'value' | 'place'): Promise<void> | undefined {
    try {
      return this.#tree.fetch(key, need);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return Promise.reject(error);
    }
  }

  #afterFetch(wait: Promise<void>, deadlineMs: number, respond: Respond, then: () => void): void {
    wait.then(
      () => {
        if (this.#host.environment.clock.monotonicMs() < deadlineMs) then();
        else respond({ status: 'unavailable', message: 'the deadline passed while pages were read' });
      },
      (error: unknown) => {
        this.pageUnreadable(error);
        respond({ status: 'not-ready', message: 'a page could not be read' });
      },
    );
  }

  /** A page of the tree could not be fetched for a reader. */
  pageUnreadable(error: unknown): void {
    // A snapshot took the tree's place meanwhile: that is no damage, and the request finds the new tree when it is repeated.
    if (!(error instanceof TreeClosedError)) this.#quarantine('a page of the tree could not be read', error);
  }

  // --- consensus ---------------------------------------------------------------------------------------------------

  /** A heartbeat was answered or sent: reads that wait for a proof of leadership may go on. */
  leadershipConfirmed(): void {
    if (this.#reads.size === 0) return;
    this.#reads.confirm(this.paxos.confirmedAtMs(this.#host.environment.clock.monotonicMs()));
  }

  /** A heartbeat of the leader, granted at `nowMs`, may have brought a greater commit slot. */
  followCommit(news: LeadershipNews, nowMs: number): void {
    if (news.reachesQuorum) this.#freshness.heard(news.commit, this.#state.applied, nowMs);
    if (this.#state.applied < this.paxos.commit) this.#host.wake(this);
  }

  tick(nowMs: number): void {
    if (this.#stopped) return;
    this.paxos.tick(nowMs);
    this.#reads.expire(nowMs);
    this.#host.wake(this);
  }

  /** Carries out what the consensus core asks for: one write, its messages, newly chosen records. */
  pump(): void {
    if (this.#stopped) return;
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
    this.#apply();
  }

  #followRole(): void {
    const { leading } = this.paxos;
    if (leading === this.#leading) return;
    const { logger } = this.#host.environment;
    if (this.#leading !== undefined) this.#dropLeadership();
    this.#leading = leading;
    if (leading === undefined) return;
    this.#proposedTimeMs = 0;
    logger.info('leads', { group: this.id, ballot: formatBallot(leading), last: this.paxos.last });
    this.#host.elected();
  }

  #dropLeadership(): void {
    this.#host.environment.logger.info('leads no more', { group: this.id });
    this.#overlay.clear();
    this.#answers.drop();
    this.#reads.drop();
  }

  // --- applying ----------------------------------------------------------------------------------------------------

  #apply(): void {
    if (this.#applying || this.#stopped) return;
    if (this.awaitsSnapshot) return this.#followSwaps();
    const { clock, timers } = this.#host.environment;
    const startedAtMs = clock.monotonicMs();
    let records = 0;
    while (this.#state.applied < this.paxos.commit) {
      const slot = this.#state.applied + 1;
      const bytes = this.#chosen.at(slot);
      if (bytes === undefined) return this.#applyLater(this.#chosen.load(slot));
      const record = this.#decode(bytes, slot);
      if (record === undefined) return;
      const wait = this.#prepare(record);
      if (wait !== undefined) {
        for (const key of this.#chosen.keysAhead(slot + 1)) this.#fetch(key, 'place')?.catch(() => undefined);
        return this.#applyLater(wait);
      }
      this.#chosen.passed();
      this.#applyRecord(slot, record);
      if (this.#stopped) return;
      records += 1;
      if (records % APPLY_CHECK_RECORDS === 0 && clock.monotonicMs() - startedAtMs > APPLY_SLICE_MS) {
        return this.#applyLater(new Promise((resolve) => timers.endOfTurn(resolve)));
      }
    }
    if (records === 0) return;
    this.#answerApplied();
    if (this.paxos.leading !== undefined && this.#state.applied === this.paxos.last) this.#host.commitNews(this);
  }

  /** Finds out what the record changes; a read of a page that is missing for it, undefined when all are in memory. */
  #prepare({ key, newValue }: LogRecord): Promise<void> | undefined {
    this.#changes = NO_CHANGES;
    if (key.length === 0) return undefined;
    if (this.#derived === undefined || this.#derived.none) return this.#fetch(key, 'place');
    const wait = this.#fetch(key, 'value');
    if (wait !== undefined) return wait;
    this.#changes = this.#derived.changes(key, this.#tree.get(key), newValue);
    for (const change of this.#changes) {
      const place = this.#fetch(change.key, 'place');
      if (place !== undefined) return place;
    }
    return undefined;
  }

  /** Without a tree nothing is applied; who the members are follows from the log alone. */
  #followSwaps(): void {
    while (this.#followed < this.paxos.commit) {
      const slot = this.#followed + 1;
      const bytes = this.#chosen.at(slot);
      if (bytes === undefined) return this.#applyLater(this.#chosen.load(slot));
      const record = this.#decode(bytes, slot);
      if (record === undefined) return;
      this.#chosen.passed();
      this.#followed = slot;
      if (record.type === 'swap') this.#enter(decodeSwap(record.payload, slot));
    }
    if (this.keepsLogOnly) this.#saveMembership();
    this.#chosen.forget();
    this.paxos.forgetChosen(this.durableLast);
  }

  /** A replica of the log alone takes no checkpoint that would say who the members are. */
  #saveMembership(): void {
    const { since } = this.identity;
    if (this.#savedSince === since || this.#saving) return;
    this.#saving = true;
    this.#tree.checkpoint(encodeGroupMeta(this.identity, this.#state, this.#snapshot)).then(
      () => {
        this.#saving = false;
        this.#savedSince = since;
        this.#host.wake(this);
      },
      (error: unknown) => {
        this.#saving = false;
        // A snapshot took the tree's place meanwhile, and brought the members with it.
        if (!(error instanceof TreeClosedError)) this.#quarantine('the members could not be written', error);
      },
    );
  }

  #applyLater(wait: Promise<void>): void {
    this.#applying = true;
    this.#answerApplied();
    wait.then(
      () => {
        this.#applying = false;
        this.#apply();
      },
      (error: unknown) => this.#quarantine('chosen records cannot be applied', error),
    );
  }

  /** A record that this version cannot read stops the replica: skipping it would let the copies diverge. */
  #decode(bytes: Uint8Array, slot: Slot): LogRecord | undefined {
    try {
      return decodeLogRecord(bytes, this.#host.environment.digest);
    } catch (error) {
      this.#quarantine(`the record at slot ${slot} cannot be read`, error);
      return undefined;
    }
  }

  #applyRecord(slot: Slot, record: LogRecord): void {
    const state = this.#state;
    assert(slot === state.applied + 1, 'records are applied in order');
    if (record.type === 'write' || record.type === 'ttl-delete') this.#applyWrite(slot, record);
    else if (record.type === 'state-hash') this.#applyStateHash(slot, record.payload);
    else if (record.type === 'swap') return this.#applySwap(slot, record);
    else if (record.type === 'settings') this.#applySettings(slot, record.payload);
    else if (record.type !== 'no-op')
      return this.#quarantine(`a record of type ${record.type} is not supported by this version`, undefined);
    if (this.#stopped) return;
    state.applied = slot;
    state.timeMs = Math.max(state.timeMs, record.timeMs);
    if (record.request !== undefined) state.requests.add(record.request, slot, record.timeMs);
    this.#overlay.applied(record.key, slot, record.request);
    this.paxos.appliedUpTo(slot);
    this.#host.applied(this, slot, record);
  }

  /** Another configuration begins. What is applied is answered before the leadership of the one before ends. */
  #applySwap(slot: Slot, record: LogRecord): void {
    const membership = decodeSwap(record.payload, slot);
    this.#state.applied = slot;
    this.#state.timeMs = Math.max(this.#state.timeMs, record.timeMs);
    this.paxos.appliedUpTo(slot);
    this.#answerApplied();
    this.#enter(membership);
    this.#host.applied(this, slot, record);
  }

  #enter(membership: Membership): void {
    const { environment } = this.#host;
    // A snapshot may be older than what the log of a replica without a tree had told it.
    if (membership.configuration <= this.identity.configuration) return;
    // Who leaves may still ask how it ended.
    for (const { replica, node } of this.identity.members) this.meet(replica, node);
    this.#identity = { ...this.#identity, ...membership };
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

  #applyWrite(slot: Slot, { key, newValue }: LogRecord): void {
    if (newValue === undefined) this.#state.lastDelete = slot;
    this.#change(key, newValue);
    for (const change of this.#changes) this.#change(change.key, change.value);
  }

  #change(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#tree.delete(key);
    else this.#tree.put(key, value, storedChecksum(value), storedItemSize(value));
  }

  /** Settings that this version cannot read stop the replica, as an unknown record does. */
  #applySettings(slot: Slot, payload: Uint8Array): void {
    try {
      const settings = parsePartitionSettings(payload);
      if (settings.version <= (this.#state.settings?.version ?? 0)) return;
      this.#state.settings = settings;
      this.#followSettings();
    } catch (error) {
      this.#quarantine(`the settings at slot ${slot} cannot be read`, error);
    }
  }

  #followSettings(): void {
    const { settings } = this.#state;
    this.#derived = settings === undefined ? undefined : new DerivedEntries(settings, this.#host.environment.digest);
  }

  #applyStateHash(slot: Slot, payload: Uint8Array): void {
    try {
      const verdict = this.stateHashes.apply(slot, decodeStateHashRecord(payload), this.paxos.self, this.#tree.stateHash());
      if (verdict.kind === 'halt') this.#state.halted = slot;
      else if (verdict.kind === 'resume') this.#state.halted = 0;
      else if (verdict.kind === 'give-up') throw verdict.error;
      if (verdict.kind !== 'nothing' && verdict.kind !== 'resume')
        this.#host.environment.logger.warn('state hashes differ', { group: this.id, at: slot, ...verdict });
    } catch (error) {
      this.#quarantine(`the state-hash record at slot ${slot} ends it`, error);
    }
  }

  #answerApplied(): void {
    const deadlineMs = this.#host.environment.clock.monotonicMs() + REVEAL_WAIT_MS;
    for (let next = this.#answers.take(this.#state.applied); next !== undefined; next = this.#answers.take(this.#state.applied)) {
      if (next.revealing) this.confirm(deadlineMs, next.respond, next.answer);
      else next.respond(next.answer);
    }
  }

  // --- checkpoint, snapshot, end -----------------------------------------------------------------------------------

  /** A checkpoint may be taken: everything applied is durable in the own log, something is new, and the tree is not being replaced. */
  get checkpointable(): boolean {
    return !this.#stopped && !this.#installing && this.#state.applied > this.checkpointSlot && this.durableLast >= this.#state.applied;
  }

  /** Writes the tree and the state of this moment in one atomic batch. Resolves with the slot it holds. */
  async checkpoint(): Promise<Slot> {
    assert(this.durableLast >= this.#state.applied, 'a checkpoint would run ahead of the durable log');
    const slot = this.#state.applied;
    await this.#tree.checkpoint(encodeGroupMeta(this.identity, this.#state, this.#snapshot));
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
    if (!this.keepsLogOnly) return this.checkpointSlot;
    // Who the members are stands in the log alone until it is written beside the tree.
    const { since } = this.identity;
    const kept = this.#savedSince === since ? Number.MAX_SAFE_INTEGER : since - 1;
    return Math.min(this.trimFloor.told, this.#followed, kept);
  }

  /** What a leader tells its followers: up to here two replicas hold everything in a checkpoint, as far as it knows. */
  get sharedFloor(): Slot {
    return this.trimFloor.secondBest(this.checkpointSlot, [...this.paxos.acknowledgements().keys()]);
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
    this.#tree = tree;
    this.#state = state;
    this.#identity = identity;
    this.#snapshot = { slot: state.applied, ballot };
    this.#followSettings();
    this.#chosen.forget();
    this.stateHashes.forget();
    this.checkpointSlot = state.applied;
    this.paxos.installedSnapshot(state.applied, ballot, configurationOf(identity), this.#host.environment.clock.monotonicMs());
    this.#host.wake(this);
  }

  /** Nothing is being applied right now. */
  get idle(): boolean {
    return !this.#applying;
  }

  /** Nothing is applied while a snapshot is put in place. Only when idle. */
  holdApplying(): void {
    assert(!this.#applying, 'a snapshot is put in place while records are applied');
    this.#applying = true;
    this.#installing = true;
  }

  resumeApplying(): void {
    this.#applying = false;
    this.#installing = false;
    this.#host.wake(this);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#overlay.clear();
    this.#answers.drop();
    this.#reads.drop();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The replica cannot go on without risking a copy that differs: it stops, the others go on. */
  #quarantine(reason: string, error: unknown): void {
    if (this.#stopped) return;
    this.#host.environment.logger.error('replica stopped', { group: this.id, reason, error: String(error) });
    this.paxos.stepDown(this.#host.environment.clock.monotonicMs());
    this.stop();
    if (isCopyLost(error)) this.#host.treeDamaged(this, error);
    else if (error instanceof WalDamagedError) this.#host.logDamaged(this, error);
  }
}

/** A follower answers an eventually consistent read only if it holds what was chosen within this time (architecture.md 6). */
const EVENTUAL_READ_MS = 5000;
/** An answer that only reveals state waits so long for a proof of leadership. */
const REVEAL_WAIT_MS = 5000;
const HALTED: Answer = { status: 'no-copy', message: 'the copies of the partition contradict each other' };
const TREE_LOST: Answer = { status: 'no-copy', message: 'the copy on this node was lost, and no leader is known that has another' };
const NOTHING = new Uint8Array(0);
const NO_CHANGES: readonly TreeChange[] = [];
const OWN = { kind: 'service', name: '' } as const;
const WRONG_RANGE: Answer = { status: 'wrong-range' };
