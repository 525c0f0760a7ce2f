import { assert } from '../base/assert.ts';
import type { GroupId, Slot } from '../base/ids.ts';
import { compareBallots, equalBallots } from '../paxos/ballot.ts';
import type { GroupLog } from './group-log.ts';
import type { GroupHeader, WalChange } from './wal-types.ts';

/** What the batch that fills does to one group: all its changes so far, folded into one. */
export class PendingGroup {
  readonly log: GroupLog;
  /** The group is new or replaces one of the same number: its log gets a life of its own. */
  readonly creates: boolean;
  removed = false;
  /** More than an append happened: the second copy of the ballots has to name this batch. */
  witnessed: boolean;
  /** The state once the batch is durable. */
  header: GroupHeader;
  /** Durable records above this slot go. */
  cutAbove: Slot | undefined;
  /** Slot of records[0]. */
  first: Slot = 0;
  readonly records: Uint8Array[] = [];
  /** Earlier logs of the same group, whose chunks nothing needs once the batch is durable. */
  readonly replaced: GroupLog[] = [];

  constructor(log: GroupLog, creates: boolean) {
    this.log = log;
    this.creates = creates;
    this.witnessed = creates;
    this.header = log.header;
  }

  /** Folds a change in. Asserts what Paxos owes: ballots only grow, no hole, no cut into what is trimmed. */
  take(change: WalChange): void {
    const before = this.log.header;
    const { header } = change;
    assert(compareBallots(header.promised, before.promised) >= 0, 'promised went back');
    assert(compareBallots(header.accepted, before.accepted) >= 0, 'accepted went back');
    assert(compareBallots(header.promised, header.accepted) >= 0, 'accepted is ahead of promised');
    const trimmed = Math.max(header.trimmed, before.trimmed);
    assert(change.restartAfter === undefined || change.restartAfter === trimmed, 'the log restarts where it is not trimmed to');
    let last = before.last;
    const cutAbove = change.restartAfter ?? change.cutAbove;
    if (cutAbove !== undefined && cutAbove < last) {
      assert(cutAbove >= before.trimmed, () => `cut above ${cutAbove}, trimmed up to ${before.trimmed}`);
      this.#cut(cutAbove);
      last = cutAbove;
    }
    if (change.restartAfter !== undefined && trimmed > last) {
      // Chunks below need no cut: they are trimmed, and go one by one.
      this.witnessed = true;
      this.records.length = 0;
      last = trimmed;
    }
    if (change.records.length > 0) {
      assert(change.first === last + 1, () => `records from slot ${change.first} after slot ${last}`);
      if (this.records.length === 0) this.first = last + 1;
      for (const record of change.records) this.records.push(record);
      last += change.records.length;
    }
    assert(header.last === last && trimmed <= last, () => `header ends at slot ${header.last}, its log at ${last}`);
    this.#setHeader(trimmed === header.trimmed ? header : { ...header, trimmed });
  }

  /** Raises the trim floor. */
  trim(upTo: Slot): void {
    this.#setHeader({ ...this.log.header, trimmed: upTo });
  }

  #setHeader(header: GroupHeader): void {
    const before = this.log.header;
    const ballotsChanged = !equalBallots(before.promised, header.promised) || !equalBallots(before.accepted, header.accepted);
    // A log that is trimmed to its end has no chunk that could tell an older header from the newest.
    const emptied = header.trimmed === header.last && before.trimmed !== header.trimmed;
    if (ballotsChanged || emptied || before.abstains !== header.abstains) this.witnessed = true;
    this.log.header = header;
    this.header = header;
  }

  #cut(above: Slot): void {
    this.witnessed = true;
    if (this.records.length > 0 && above >= this.first - 1) {
      this.records.length = above - this.first + 1;
      return;
    }
    this.records.length = 0;
    // An earlier cut of this batch was above this one: what it had left ends there.
    this.cutAbove = above;
  }
}

/** Everything that the next synced write will hold. */
export class FillingBatch {
  readonly groups = new Map<GroupId, PendingGroup>();
  /** In the order of the calls. */
  readonly dones: (() => void)[] = [];
  /** The list of groups changed. */
  directoryChanged = false;
  /** All groups as of the end of the batch, where it changes the list and another batch has begun; undefined: as they are when it is written. */
  directory: ReadonlyMap<GroupId, GroupLog> | undefined;
  recordCount = 0;
  recordBytes = 0;

  isEmpty(): boolean {
    return this.dones.length === 0 && this.groups.size === 0;
  }

  /** What the batch does to this group, to be added to. */
  pending(log: GroupLog): PendingGroup {
    let pending = this.groups.get(log.group);
    if (pending === undefined) {
      pending = new PendingGroup(log, false);
      this.groups.set(log.group, pending);
    }
    return pending;
  }

  /** Puts a new log in the place of what the group had. */
  create(log: GroupLog, replaced: GroupLog | undefined): void {
    const earlier = this.groups.get(log.group);
    const pending = new PendingGroup(log, true);
    if (earlier !== undefined) pending.replaced.push(...earlier.replaced);
    if (replaced !== undefined) pending.replaced.push(replaced);
    this.groups.set(log.group, pending);
    this.directoryChanged = true;
  }

  remove(log: GroupLog): void {
    const pending = this.pending(log);
    pending.removed = true;
    pending.records.length = 0;
    pending.replaced.push(log);
    this.directoryChanged = true;
  }
}
