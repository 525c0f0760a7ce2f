import { assert } from '../base/assert.ts';
import { equalBytes } from '../base/bytes.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { type Ballot, compareBallots, equalBallots, formatBallot, ZERO_BALLOT } from './ballot.ts';
import { ChangeGatherer, type DurableChange, type DurableState } from './durable-state.ts';
import { LogWindow } from './log-window.ts';
import type { PaxosMessage, Promise_ } from './messages.ts';

export interface Outgoing {
  readonly to: ReplicaId;
  readonly message: PaxosMessage;
}

/** A write that must be made atomically and synced, in the order of the tokens. */
export interface Persist {
  readonly token: number;
  readonly change: DurableChange;
}

/** A finished write: what may be said now, and how far the log of which ballot is durable. */
export interface Persisted {
  readonly messages: readonly Outgoing[];
  readonly accepted: Ballot;
  readonly last: Slot;
  /** The log itself was changed by the write, not only the header. */
  readonly logChanged: boolean;
}

/**
 * The durable half of a replica: `promised`, `accepted` and a log without holes. It knows no roles; it guards the order of
 * ballots and slots, and holds messages back until what they say is on the disk.
 */
export class Acceptor {
  readonly window: LogWindow;
  readonly #gatherer = new ChangeGatherer();
  #promised: Ballot;
  #accepted: Ballot;
  #commit: Slot;
  #applied: Slot;
  #trimmed: Slot;
  #abstains: boolean;
  /** The number under which it abstains if it must: not 0, and new in each life. */
  readonly #abstention: number;
  /** The ballot that was prepared after its candidate knew that this replica abstains: only it may sync it anew. */
  #readmittedBy: Ballot = ZERO_BALLOT;
  /** What was applied here is lost, until a snapshot brings it again. */
  #awaitsSnapshot = false;
  #held: Outgoing[] = [];
  #logChanged = false;
  #tokens = 0;
  #underWay: (Persisted & { readonly token: number })[] = [];

  constructor(durable: DurableState, records: readonly Uint8Array[], abstention: number) {
    this.window = new LogWindow(durable.commit + 1, records);
    assert(this.window.last === durable.last, () => `records end at ${this.window.last}, the header says ${durable.last}`);
    this.#promised = durable.promised;
    this.#accepted = durable.accepted;
    this.#commit = durable.commit;
    this.#applied = durable.trimmed;
    this.#trimmed = durable.trimmed;
    this.#abstains = durable.abstains;
    assert(abstention !== 0, 'the number of an abstention must not be 0');
    this.#abstention = abstention;
  }

  get promised(): Ballot {
    return this.#promised;
  }

  get accepted(): Ballot {
    return this.#accepted;
  }

  get last(): Slot {
    return this.window.last;
  }

  get commit(): Slot {
    return this.#commit;
  }

  get applied(): Slot {
    return this.#applied;
  }

  get trimmed(): Slot {
    return this.#trimmed;
  }

  get abstains(): boolean {
    return this.#abstains;
  }

  get awaitsSnapshot(): boolean {
    return this.#awaitsSnapshot;
  }

  /** Nothing of a lower ballot will be promised or accepted any more. */
  promise(ballot: Ballot): void {
    const order = compareBallots(ballot, this.#promised);
    assert(order >= 0, () => `promise lowered from ${formatBallot(this.#promised)} to ${formatBallot(ballot)}`);
    if (order === 0) return;
    this.#promised = ballot;
    this.#gatherer.touch();
  }

  /** A candidate of this ballot repeats the number of an abstention: if it is this one, it knew of the damage before it prepared. */
  readmit(ballot: Ballot, abstention: number): void {
    if (this.#abstains && abstention === this.#abstention) this.#readmittedBy = ballot;
  }

  /** May the leader of this ballot change the log? An abstaining replica takes nothing of ballots that may count on what it forgot. */
  mayBeSyncedBy(ballot: Ballot): boolean {
    return !this.#abstains || equalBallots(ballot, this.#readmittedBy);
  }

  append(record: Uint8Array): void {
    this.#gatherer.append(this.window.last + 1, record);
    this.window.append(record);
    this.#logChanged = true;
  }

  /** Makes the log equal to that of the ballot's leader: cut above `from`, the tail, accepted = ballot, all in one write. */
  adopt(ballot: Ballot, from: Slot, tail: readonly Uint8Array[]): void {
    assert(compareBallots(ballot, this.#accepted) >= 0, 'accepted ballot lowered');
    const skip = Math.max(0, this.#commit - from);
    assert(from + tail.length >= this.#commit, () => `a log that ends at ${from + tail.length} would lose the chosen slot ${this.#commit}`);
    this.promise(ballot);
    this.#cutAbove(from + skip);
    this.#accepted = ballot;
    this.#abstains = false;
    this.#gatherer.touch();
    this.#logChanged = true;
    for (let at = skip; at < tail.length; at++) this.append(tail[at] as Uint8Array);
  }

  /**
   * Takes chosen records into the log without accepting them. Where they differ from what is here, everything from there on
   * was never chosen and goes. The promise of the ballot that chose them keeps staler leaders from cutting them again.
   */
  learn(ballot: Ballot, first: Slot, records: readonly Uint8Array[]): void {
    assert(first <= this.window.last + 1, 'learned records leave a hole');
    this.promise(ballot);
    for (const [at, record] of records.entries()) {
      const slot = first + at;
      if (slot <= this.#commit) continue;
      const own = this.window.at(slot);
      if (own !== undefined && equalBytes(own, record)) continue;
      if (own !== undefined) this.#cutAbove(slot - 1);
      this.append(record);
    }
    this.learnCommit(first + records.length - 1);
  }

  /** Everything up to `slot` is chosen, and this log agrees with it as far as it goes. */
  learnCommit(slot: Slot): void {
    this.#commit = Math.max(this.#commit, Math.min(slot, this.window.last));
  }

  appliedUpTo(slot: Slot, windowBytesMax: number): void {
    assert(slot >= this.#applied && slot <= this.#commit, () => `applied ${slot} after ${this.#applied}, commit ${this.#commit}`);
    this.#applied = slot;
    this.window.evict(slot, windowBytesMax);
  }

  trimTo(slot: Slot): void {
    assert(slot <= this.#applied, 'trimmed beyond what is applied');
    this.#trimmed = Math.max(this.#trimmed, slot);
  }

  /** What was applied is lost, the log is not. */
  awaitSnapshot(): void {
    this.#awaitsSnapshot = true;
  }

  /**
   * A snapshot of `slot` is in the tree, taken in the configuration of `opening`. Lowers neither the promise nor the applied
   * slot, nor drops anything accepted above it; but what was accepted in an earlier configuration and stands above was not chosen.
   */
  installed(slot: Slot, ballot: Ballot, opening: Ballot): void {
    assert(slot >= this.#applied, 'a snapshot must not lower the applied slot');
    const closes = compareBallots(this.#accepted, opening) < 0;
    for (const promised of [ballot, opening]) if (compareBallots(promised, this.#promised) > 0) this.promise(promised);
    if (this.window.last <= slot || closes) {
      this.#gatherer.restartAfter(slot);
      this.window.restartAfter(slot);
    }
    if (closes && !this.#abstains) this.#accepted = opening;
    this.#commit = Math.max(this.#commit, slot);
    this.#applied = slot;
    this.#awaitsSnapshot = false;
    this.#trimmed = slot;
    this.window.evict(slot, 0);
    this.#gatherer.touch();
  }

  /**
   * The Swap in `slot` is applied: the configuration before it is closed, and this log is what was chosen in it. That the Swap
   * is chosen becomes durable together with the ballot that no replica may have without knowing it.
   */
  close(slot: Slot, opening: Ballot): void {
    assert(slot <= this.#commit, 'a configuration closes with a chosen record');
    const closesNow = compareBallots(this.#accepted, opening) < 0;
    assert(!closesNow || this.window.last <= this.#commit, () => `records up to ${this.window.last} stand behind the Swap in slot ${slot}`);
    if (compareBallots(this.#promised, opening) < 0) this.promise(opening);
    if (!closesNow || this.#abstains) return;
    this.#accepted = opening;
    this.#gatherer.touch();
  }

  /** Sends a message once everything that was changed so far is durable. */
  hold(to: ReplicaId, message: PaxosMessage): void {
    this.#held.push({ to, message });
  }

  /** This turn's write; undefined when nothing changed and nothing under way delays a held message. */
  takeChange(): Persist | undefined {
    if (!this.#gatherer.changed) return undefined;
    const { last } = this.window;
    const header: DurableState = {
      promised: this.#promised,
      accepted: this.#accepted,
      last,
      commit: this.#commit,
      trimmed: this.#trimmed,
      abstains: this.#abstains,
    };
    const token = ++this.#tokens;
    this.#underWay.push({ token, messages: this.#held, accepted: this.#accepted, last, logChanged: this.#logChanged });
    this.#held = [];
    this.#logChanged = false;
    return { token, change: this.#gatherer.take(header) };
  }

  /** Held messages that wait for no write: nothing changed since the last one, and that one is durable. */
  takeFree(): readonly Outgoing[] {
    if (this.#held.length === 0 || this.#gatherer.changed) return [];
    const messages = this.#held;
    this.#held = [];
    const newest = this.#underWay[this.#underWay.length - 1];
    if (newest === undefined) return messages;
    this.#underWay[this.#underWay.length - 1] = { ...newest, messages: [...newest.messages, ...messages] };
    return [];
  }

  /** The write of this token is durable. Writes finish in order. */
  persisted(token: number): Persisted {
    const finished = this.#underWay.shift();
    assert(finished !== undefined && finished.token === token, () => `write ${token} finished out of order`);
    return finished;
  }

  /** The promise as it is once everything changed so far is durable. */
  promiseMessage(): Promise_ {
    return {
      kind: 'promise',
      ballot: this.#promised,
      accepted: this.#accepted,
      last: this.window.last,
      commit: this.#commit,
      trimmed: this.#trimmed,
      abstention: this.#abstains ? this.#abstention : 0,
    };
  }

  #cutAbove(slot: Slot): void {
    assert(slot >= this.#commit, () => `a cut above ${slot} would lose the chosen slot ${this.#commit}`);
    if (slot >= this.window.last) return;
    this.#gatherer.cutAbove(slot);
    this.window.cutAbove(slot);
    this.#logChanged = true;
  }
}
