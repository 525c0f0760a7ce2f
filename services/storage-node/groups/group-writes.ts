import { assert } from '../../shared/base/assert.ts';
import type { RequestNumber, Slot } from '../../shared/base/ids.ts';
import type { DueSeconds } from '../../shared/item/expiry.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { type PartitionSettings, serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { encodeLogRecord, type LogRecordType } from '../../shared/wal/log-record.ts';
import { expiredItemRecord } from '../core/expired-item.ts';
import { encodeExpiryRange, type ExpiryRange } from '../core/expiry-progress.ts';
import { configurationOf, encodeSwap, type Membership } from '../core/membership.ts';
import { Overlay, type PendingImage } from '../core/overlay.ts';
import { encodeStateHashRecord, type StateHashRecord } from '../core/state-hash-record.ts';
import type { Answer, WriteOperation } from '../core/write-evaluator.ts';
import { ExecutedWrites } from './executed-writes.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import type { GroupReads } from './group-reads.ts';
import { IndexAccounts } from './index-accounts.ts';
import { PendingAnswers, type Respond } from './pending-answers.ts';

/** An answer that only reveals state waits so long for a proof of leadership. */
const REVEAL_WAIT_MS = 5000;
const NOTHING = new Uint8Array(0);
const COLLECTION_FULL: Answer = { status: 'collection-full', message: 'the item collection would grow beyond its limit' };
const OWN = { kind: 'service', name: '' } as const;

/**
 * What a leader proposes: writes, each evaluated on what stands before it, and what the node itself has to say to all replicas.
 * What is pending here belongs to one ballot and is dropped whole when that ends.
 */
export class GroupWrites {
  readonly #copy: GroupCopy;
  readonly #ties: GroupTies;
  readonly #host: GroupHost;
  readonly #paxos: PaxosReplica;
  readonly #reads: GroupReads;
  readonly #executed: ExecutedWrites;
  readonly #accounts: IndexAccounts;
  readonly #overlay = new Overlay();
  readonly #answers = new PendingAnswers();
  #proposedTimeMs = 0;
  /** Slot of settings that name global indexes and are proposed; 0: none are. */
  #indexesProposed: Slot = 0;
  /** Slot of the last settings proposed. */
  #settings: Slot = 0;

  constructor(copy: GroupCopy, ties: GroupTies, reads: GroupReads) {
    this.#copy = copy;
    this.#ties = ties;
    this.#host = ties.host;
    this.#paxos = copy.paxos;
    this.#reads = reads;
    const { wal, evaluator, environment } = ties.host;
    this.#accounts = new IndexAccounts(copy, ties);
    const records = { group: copy.identity.group, paxos: copy.paxos, wal };
    this.#executed = new ExecutedWrites({ ...records, evaluator, environment, accounts: this.#accounts });
  }

  /** Proposed and not yet applied. */
  get underWay(): number {
    return this.#answers.size;
  }

  /** Evaluates and proposes one write; `respond` is called once, now or when its outcome is known. */
  write(operation: WriteOperation, request: RequestNumber, deadlineMs: number, respond: Respond): void {
    this.#write(operation, request, deadlineMs, this.#accounts.telling(operation, respond));
  }

  #write(operation: WriteOperation, request: RequestNumber, deadlineMs: number, respond: Respond): void {
    const refusal = this.#reads.refusal(operation.key);
    if (refusal !== undefined) return respond(refusal);
    if (this.#paxos.full) return respond({ status: 'overloaded', message: 'too many writes of this partition are under way' });
    if (this.#paxos.closing) return respond({ status: 'not-ready', message: 'the members of the partition change just now' });
    if (this.#repeated(operation, request, respond)) return;
    const noRoom = this.#host.roomRefusal(this.#ties.group, operation.kind === 'delete');
    if (noRoom !== undefined) return respond(noRoom);
    const wait = this.#copy.fetch(operation.key, 'value') ?? this.#accounts.fetch(operation.key);
    if (wait !== undefined) {
      const waiting = this.#overlay.waits(request);
      const giveUp: Respond = (answer) => {
        if (this.#overlay.goesOn(request, waiting)) this.#overlay.evaluated(request);
        respond(answer);
      };
      this.#reads.afterFetch(wait, deadlineMs, giveUp, () => {
        if (this.#overlay.goesOn(request, waiting)) this.#write(operation, request, deadlineMs, respond);
        else respond({ status: 'not-ready', message: 'a later copy of the write took its place' });
      });
      return;
    }
    this.#overlay.evaluated(request);
    const pending = this.#overlay.image(operation.key);
    const old = pending === undefined ? this.#copy.tree.get(operation.key) : pending.value;
    const slot = this.#paxos.nextSlot;
    const timeMs = Math.max(this.#proposedTimeMs, this.#copy.state.timeMs, this.#host.environment.clock.wallMs());
    const { settings } = this.#copy.state;
    const context = { slot, timeMs, request, settings, keepOldImage: this.keepsOldImages };
    const outcome = this.#host.evaluator.evaluate(operation, old, context);
    if (outcome.record === undefined) {
      if (pending === undefined) this.#reads.confirm(deadlineMs, respond, outcome.answer);
      else this.#answers.add(slot - 1, respond, outcome.answer, true);
      return;
    }
    const growth = this.#accounts.growth(operation.key, old, outcome.newValue);
    if (growth === undefined) return this.#refuseFull(slot, deadlineMs, respond);
    const behind = this.#host.indexRefusal(this.#ties.group, operation.key, old, outcome.newValue);
    if (behind !== undefined) return respond(behind);
    const answer = this.#accounts.withUnits(operation, old, outcome.newValue, outcome.answer);
    this.#proposedTimeMs = timeMs;
    assert(this.#paxos.propose(outcome.record) === slot, 'proposed at another slot than evaluated for');
    this.#overlay.proposed(operation.key, { slot, value: outcome.newValue }, request);
    this.#accounts.proposed(operation.key, slot, growth);
    this.#answers.add(slot, respond, answer, false);
    this.#host.wake(this.#ties.group);
  }

  /** How large a collection is follows from all that is under way for it, not only from what is for the same key. */
  #refuseFull(slot: Slot, deadlineMs: number, respond: Respond): void {
    if (this.#overlay.size === 0) this.#reads.confirm(deadlineMs, respond, COLLECTION_FULL);
    else this.#answers.add(slot - 1, respond, COLLECTION_FULL, true);
  }

  /** Proposes what the node itself has to say about state hashes; returns its slot. Only while this replica serves. */
  proposeStateHash(said: StateHashRecord): Slot {
    return this.propose('state-hash', encodeStateHashRecord(said));
  }

  /** A write whose number is known is not executed again; its answer is made from its record. */
  #repeated(operation: WriteOperation, request: RequestNumber, respond: Respond): boolean {
    const underWay = this.#overlay.slotOf(request);
    if (underWay !== undefined) {
      this.whenApplied(underWay, () => this.#executed.answer(operation, underWay, respond), respond);
      return true;
    }
    const executed = this.#copy.state.requests.lookUp(request);
    if (executed === undefined) return false;
    if (executed === 'refused')
      respond({ status: 'number-refused', message: 'the request number is too old to be told from an executed one' });
    else this.#executed.answer(operation, executed, respond);
    return true;
  }

  /** What the node itself wants to say may be proposed, though it is in no hurry. */
  get hasRoom(): boolean {
    return !this.#paxos.full && !this.#paxos.closing && this.#host.roomRefusal(this.#ties.group, false) === undefined;
  }

  /** What a key will have once everything proposed is applied; undefined: nothing is under way for it. */
  pendingImage(key: Uint8Array): PendingImage | undefined {
    return this.#overlay.image(key);
  }

  /** Records must say what they replace: global indexes are fed by those behind the settings that name them, applied or not. */
  get keepsOldImages(): boolean {
    const { settings, applied } = this.#copy.state;
    return (settings !== undefined && settings.globalIndexes.length > 0) || this.#indexesProposed > applied;
  }

  /** Changes the settings of the partition; `respond` is called once they are applied. Older ones than it has change nothing. */
  changeSettings(settings: PartitionSettings, deadlineMs: number, respond: Respond): void {
    const refusal = this.#copy.stopped ? { status: 'not-ready' as const } : this.#reads.leaderRefusal();
    if (refusal !== undefined) return respond(refusal);
    if (settings.version <= (this.#copy.state.settings?.version ?? 0)) return this.#reads.confirm(deadlineMs, respond, { status: 'ok' });
    if (this.#paxos.full || this.#paxos.closing) return respond({ status: 'not-ready', message: 'nothing can be proposed just now' });
    const slot = this.propose('settings', serializePartitionSettings(settings));
    if (settings.globalIndexes.length > 0) this.#indexesProposed = slot;
    this.#settings = slot;
    this.#answers.add(slot, respond, { status: 'ok', slot }, false);
  }

  /**
   * The leader may change the tree by itself now: nothing speaks against it. While settings are under way it waits, for what they
   * say counts behind them.
   */
  takesOwn(isDelete: boolean): boolean {
    if (this.#copy.stopped || this.#reads.leaderRefusal() !== undefined) return false;
    const isFree = !this.#paxos.full && !this.#paxos.closing && this.#settings <= this.#copy.state.applied;
    return isFree && this.#host.hasRoom(this.#ties.group, isDelete);
  }

  proposeExpiryRange(range: ExpiryRange): Slot {
    return this.propose('expiry-range', encodeExpiryRange(range));
  }

  /**
   * Proposes that an item goes, if it is due as it stands behind everything under way; its slot, undefined: it stays, also since an index
   * that lacks too much already would have to follow. What `fetch` needs for it is in memory, and the leader takes own writes.
   */
  deleteExpired(key: Uint8Array, due: DueSeconds): Slot | undefined {
    const { state, tree } = this.#copy;
    const pending = this.#overlay.image(key);
    const stored = pending === undefined ? tree.get(key) : pending.value;
    if (stored === undefined || state.settings === undefined) return undefined;
    const { clock, digest } = this.#host.environment;
    const timeMs = Math.max(this.#proposedTimeMs, state.timeMs, clock.wallMs());
    const record = expiredItemRecord({ key, stored }, state.settings, due, timeMs, digest);
    // An index that cannot keep up is spared this, too: the item is looked at again by the next sweep.
    if (record === undefined || this.#host.indexRefusal(this.#ties.group, key, stored, undefined) !== undefined) return undefined;
    this.#proposedTimeMs = timeMs;
    const slot = this.#paxos.propose(record);
    this.#overlay.proposed(key, { slot, value: undefined }, undefined);
    this.#host.wake(this.#ties.group);
    return slot;
  }

  /** Calls `then` once everything up to `slot`, and what is under way now, is applied; `respond`, if leadership ends before. */
  whenApplied(slot: Slot, then: () => void, respond: Respond): void {
    const whenApplied: Respond = (answer) => (answer.status === 'ok' ? then() : respond(answer));
    this.#answers.add(Math.max(slot, this.#paxos.last), whenApplied, { status: 'ok' }, false);
  }

  /** Proposes the next configuration. The caller has seen that this replica leads and serves. */
  proposeSwap(next: Omit<Membership, 'since'>): void {
    const record = this.#ownRecord('swap', encodeSwap(next));
    this.#paxos.proposeSwap(record, configurationOf({ ...next, since: this.#paxos.nextSlot }));
    this.#host.wake(this.#ties.group);
  }

  /** Proposes what the node itself has to say to all replicas; returns its slot. Only while this replica serves. */
  propose(type: LogRecordType, payload: Uint8Array): Slot {
    const slot = this.#paxos.propose(this.#ownRecord(type, payload));
    this.#host.wake(this.#ties.group);
    return slot;
  }

  #ownRecord(type: LogRecordType, payload: Uint8Array): Buffer {
    const { clock, digest } = this.#host.environment;
    const timeMs = Math.max(this.#proposedTimeMs, this.#copy.state.timeMs, clock.wallMs());
    this.#proposedTimeMs = timeMs;
    return encodeLogRecord({ type, timeMs, change: 'none', identity: OWN, oldSize: 0, key: NOTHING, payload }, digest);
  }

  /** The record at `slot` is in the tree. */
  applied(key: Uint8Array, slot: Slot, request: RequestNumber | undefined): void {
    this.#overlay.applied(key, slot, request);
  }

  /** Answers everything whose slot is applied. */
  answerApplied(): void {
    const deadlineMs = this.#host.environment.clock.monotonicMs() + REVEAL_WAIT_MS;
    for (let next = this.#answers.take(this.#copy.state.applied); next !== undefined; next = this.#answers.take(this.#copy.state.applied)) {
      if (next.revealing) this.#reads.confirm(deadlineMs, next.respond, next.answer);
      else next.respond(next.answer);
    }
  }

  /** Another leadership of this replica begins. */
  begin(): void {
    this.#proposedTimeMs = 0;
    this.#indexesProposed = 0;
    this.#settings = 0;
  }

  /** Leadership has ended. */
  drop(): void {
    this.#overlay.clear();
    this.#answers.drop();
    this.#accounts.drop();
  }
}
