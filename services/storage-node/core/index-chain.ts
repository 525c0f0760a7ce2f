import { assert } from '../../shared/base/assert.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';

/** A step of a chain, as it is sent (ApplyChangesOperation). */
export interface ChainStep {
  readonly previous: Slot;
  readonly slot: Slot;
  readonly changes: readonly IndexChange[];
  readonly opens: boolean;
}

/** How much one step may hold; a single record's changes always go together. */
export interface StepBounds {
  readonly bytes: number;
  readonly changes: number;
}

/** What one record changes in one index partition. */
interface RecordChanges {
  readonly slot: Slot;
  readonly timeMs: number;
  readonly bytes: number;
  readonly changes: IndexChange[];
}

/** Beside key and value. */
const CHANGE_BYTES = 32;

/**
 * The chain from one partition of a table to one partition of an index, as the leader that sends has it: where the index partition
 * is, and what it lacks. One step is under way at a time. Where it is, the index partition alone knows: every answer says so, and
 * what this side believed counts for nothing against it.
 */
export class IndexChain {
  /** Of the index partition. */
  readonly group: GroupId;
  readonly #start: Slot;
  #cursor: Slot | undefined;
  #isUnderWay = false;
  #queue: RecordChanges[] = [];
  #bytes = 0;
  #movedAtMs = Number.NEGATIVE_INFINITY;

  /** `start`: where a chain begins whose index partition knows nothing of the source. */
  constructor(group: GroupId, start: Slot) {
    this.group = group;
    this.#start = start;
  }

  /** Where the index partition is; undefined: it is not known, or it does not know the source yet. */
  get cursor(): Slot | undefined {
    return this.#cursor;
  }

  /** Of what waits to be sent or to be acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Leader's time of the oldest record that the index partition lacks; undefined: it lacks none of those taken. */
  get oldestMs(): number | undefined {
    return this.#queue[0]?.timeMs;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** A change of the record at `slot`, not below that of the call before. What the index partition has already is left out. */
  add(slot: Slot, timeMs: number, change: IndexChange): void {
    assert(this.#cursor !== undefined, 'changes for an index partition that may have them');
    if (slot <= this.#cursor) return;
    const bytes = CHANGE_BYTES + change.key.length + (change.value?.length ?? 0);
    const last = this.#queue.at(-1);
    this.#bytes += bytes;
    if (last?.slot === slot)
      this.#queue[this.#queue.length - 1] = { ...last, bytes: last.bytes + bytes, changes: [...last.changes, change] };
    else this.#queue.push({ slot, timeMs, bytes, changes: [change] });
  }

  /** What waits is forgotten: it will be read again. */
  clear(): void {
    this.#queue = [];
    this.#bytes = 0;
  }

  /**
   * The next step, which is under way from now on; undefined: there is none. `read`: all records up to there were taken (undefined: the
   * chain has only to open). `wanted`: an index partition with nothing to take is moved on that far at least; at most once a `pauseMs`.
   */
  next(read: Slot | undefined, wanted: Slot, bounds: StepBounds, nowMs: number, pauseMs: number): ChainStep | undefined {
    if (this.#isUnderWay) return undefined;
    const step = this.#step(read, wanted, bounds, nowMs, pauseMs);
    if (step !== undefined) this.#isUnderWay = true;
    return step;
  }

  #step(read: Slot | undefined, wanted: Slot, bounds: StepBounds, nowMs: number, pauseMs: number): ChainStep | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined) return { previous: this.#start, slot: this.#start, changes: [], opens: true };
    if (read === undefined) return undefined;
    if (this.#queue.length > 0) return { previous: cursor, opens: false, ...this.#batch(read, bounds) };
    if (cursor >= wanted || cursor >= read || nowMs < this.#movedAtMs + pauseMs) return undefined;
    this.#movedAtMs = nowMs;
    return { previous: cursor, slot: read, changes: [], opens: false };
  }

  /** The step ends at the last record that goes along, or, when all go, at the last one that was read: between them is nothing for it. */
  #batch(read: Slot, bounds: StepBounds): { slot: Slot; changes: IndexChange[] } {
    const changes: IndexChange[] = [];
    let bytes = 0;
    let slot: Slot = 0;
    for (const record of this.#queue) {
      const isBeyond = bytes + record.bytes > bounds.bytes || changes.length + record.changes.length > bounds.changes;
      if (changes.length > 0 && isBeyond) return { slot, changes };
      bytes += record.bytes;
      changes.push(...record.changes);
      slot = record.slot;
    }
    return { slot: read, changes };
  }

  /** The step was not carried out, or nobody knows: the index partition will say where it is. */
  failed(): void {
    this.#isUnderWay = false;
  }

  /**
   * The index partition said where it is (undefined: it knows nothing of the source). False: it is further back than this side knew, or
   * was not known, so that records must be read again.
   */
  answered(slot: Slot | undefined): boolean {
    this.#isUnderWay = false;
    const before = this.#cursor;
    this.#cursor = slot;
    if (slot === undefined || before === undefined || slot < before) {
      this.clear();
      return false;
    }
    let done = 0;
    for (const record of this.#queue) {
      if (record.slot > slot) break;
      this.#bytes -= record.bytes;
      done += 1;
    }
    if (done > 0) this.#queue = this.#queue.slice(done);
    return true;
  }
}
