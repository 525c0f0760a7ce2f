import { compareBytes, successor } from '../../shared/base/bytes.ts';
import { KIB, MIB } from '../../shared/base/units.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import type { Clock, Timers } from '../../shared/env/clock.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { Logger } from '../../shared/env/logger.ts';
import { ROUTER_BOUNDS } from '../../shared/expression/expression-bounds.ts';
import { type BoundCondition, bindCondition, parseCondition } from '../../shared/expression/condition.ts';
import type { RangeOperation } from '../../shared/wire/storage-operations.ts';
import { ExpressionCache } from '../core/expression-cache.ts';
import { messageOfFailure } from '../core/failed-request.ts';
import { parseNames, parseValues } from '../core/placeholders.ts';
import { treeRange } from '../core/tree-range.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import type { Respond } from './pending-answers.ts';
import { RangeReading } from './range-reading.ts';
import { TurnAllowance } from './turn-allowance.ts';

/** One slice of a range read, between which other work gets its turn. */
const SLICE_MS = 1;
const SLICE_BYTES = 64 * KIB;
/** What all reads of ranges may take of a turn: that time, or that many slices. */
const TURN_MS = 2;
const TURN_SLICES = 64;
/** Reads that are being read at a time: each holds up to its byte limit and one item. */
const READINGS_MAX = 32;
/** Items held by all of them, and by those that wait for a proof of leadership; beyond, none begins. */
const HELD_BYTES_MAX = 64 * MIB;
const EVENTUAL_READ_MS = 5000;

/** Entries of an index whose items are fetched together: each may be as large as an item can be. */
const FETCHED_TOGETHER = 16;

/** How far one slice came. */
interface SliceEnd extends ScanStep {
  /** Evaluating an item failed: the request is wrong. */
  readonly failure?: string;
}

/**
 * Reads a slice of a Query or Scan within one partition: filtered here, so that only what passes travels. It works in slices
 * of a millisecond or 64 KB and seeks again by key, so that no turn of the loop gets long.
 */
export class RangeReader {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #filters = new ExpressionCache((text) => parseCondition(text, 'FilterExpression', ROUTER_BOUNDS));
  readonly #allowance: TurnAllowance;
  /** Those that have to wait for their turn, each for its next slice. */
  #ready: RangeReading[] = [];
  /** Those that have not begun. */
  readonly #queued: (() => void)[] = [];
  #readings = 0;
  #heldBytes = 0;
  #scheduled = false;

  constructor({ clock, timers, logger }: Pick<Environment, 'clock' | 'timers' | 'logger'>) {
    this.#clock = clock;
    this.#timers = timers;
    this.#logger = logger;
    this.#allowance = new TurnAllowance(clock, timers, TURN_MS, TURN_SLICES);
  }

  /** `respond` is called once. What is too much at a time waits for those before it. */
  read(group: Group, operation: RangeOperation, deadlineMs: number, respond: Respond): void {
    const begin = (): void => this.#begin(group, operation, deadlineMs, respond);
    if (this.#mayBegin && this.#queued.length === 0) begin();
    else this.#queued.push(begin);
  }

  get #mayBegin(): boolean {
    return this.#readings < READINGS_MAX && this.#heldBytes < HELD_BYTES_MAX;
  }

  readonly #beginQueued = (): void => {
    while (this.#mayBegin && this.#queued.length > 0) this.#queued.shift()?.();
  };

  #begin(group: Group, operation: RangeOperation, deadlineMs: number, respond: Respond): void {
    const refusal = this.#refusal(group, operation);
    if (refusal !== undefined) return respond(refusal);
    let filter: BoundCondition | undefined;
    try {
      if (operation.filter !== undefined) {
        filter = bindCondition(this.#filters.get(operation.filter), parseNames(operation.names), parseValues(operation.values));
      }
    } catch (error) {
      return respond({ status: 'validation', message: messageOfFailure(error, this.#logger) });
    }
    const range = treeRange(operation, group.identity, group.state.settings);
    if (range === undefined) return respond(INDEX_NOT_KNOWN);
    this.#readings += 1;
    this.#inTurn(new RangeReading({ group, operation, filter, deadlineMs, respond }, range));
  }

  /** The end at which the read begins must lie in this partition. */
  #refusal(group: Group, { low, high, reverse, consistent }: RangeOperation): Answer | undefined {
    const { identity } = group;
    const aboveLow = (key: Uint8Array): boolean => compareBytes(key, identity.low) >= 0;
    const begins = reverse
      ? high === undefined
        ? identity.high === undefined
        : compareBytes(high, identity.low) > 0 && (identity.high === undefined || compareBytes(high, identity.high) <= 0)
      : aboveLow(low) && (identity.high === undefined || compareBytes(low, identity.high) < 0);
    if (!begins) return { status: 'wrong-range' };
    return consistent ? group.leaderRefusal() : group.followerRefusal(EVENTUAL_READ_MS);
  }

  /** The next slice, now or when this turn of the loop has room for it. */
  #inTurn(reading: RangeReading): void {
    if (this.#ready.length === 0 && this.#allowance.step()) return this.#slice(reading);
    this.#later(reading);
  }

  /** Readings take turns, so that a short one does not wait for a long one. */
  readonly #turn = (): void => {
    this.#scheduled = false;
    const ready = this.#ready;
    this.#ready = [];
    let begun = 0;
    while (begun < ready.length && this.#allowance.step()) {
      this.#slice(ready[begun] as RangeReading);
      begun += 1;
    }
    if (begun === ready.length) return;
    this.#ready = [...ready.slice(begun), ...this.#ready];
    this.#schedule();
  };

  #slice(reading: RangeReading): void {
    const { group, operation, deadlineMs } = reading.request;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= deadlineMs) return this.#end(reading, { status: 'unavailable', message: 'the deadline passed while the range was read' });
    if (group.stopped || (operation.consistent && group.paxos.leading !== reading.leading))
      return this.#end(reading, { status: 'not-leader' });
    const heldBytes = reading.heldBytes;
    let end: SliceEnd;
    try {
      end = operation.fetchItems === true ? this.#fetchItems(reading, nowMs) : this.#scan(reading, nowMs);
    } catch (error) {
      // The tree ended since the last look.
      if (!(error instanceof PageDamagedError || error instanceof TreeClosedError)) throw error;
      return this.#unreadable(reading, error);
    } finally {
      this.#heldBytes += reading.heldBytes - heldBytes;
    }
    if (end.failure !== undefined) return this.#end(reading, { status: 'validation', message: end.failure });
    if (reading.full || end.next === undefined) return this.#finish(reading, end.next !== undefined);
    if (operation.reverse) reading.high = end.next;
    else reading.low = end.next;
    if (end.wait === undefined) this.#later(reading);
    else
      end.wait.then(
        () => this.#inTurn(reading),
        (error: unknown) => this.#unreadable(reading, error),
      );
  }

  /** A slice of items, or of entries of an index as they are. */
  #scan(reading: RangeReading, startedAtMs: number): SliceEnd {
    const { group, operation, filter } = reading.request;
    let bytes = 0;
    let failure: string | undefined;
    const visit = (key: Uint8Array, value: Uint8Array): boolean => {
      try {
        bytes += reading.take(key, value);
      } catch (error) {
        failure = messageOfFailure(error, this.#logger);
        return false;
      }
      // A filter may take long for each item; without one, looking at the clock would be a part of the cost.
      const isDue = filter !== undefined || reading.scanned % 16 === 0;
      return !reading.full && bytes < SLICE_BYTES && (!isDue || this.#clock.monotonicMs() - startedAtMs < SLICE_MS);
    };
    const step = group.tree.scan(reading.low, reading.high, operation.reverse, visit);
    return failure === undefined ? step : { ...step, failure };
  }

  /**
   * A slice of entries of an index, each with its item, from one state of the tree. Where a page of an item is missing, the next
   * slice begins with its entry.
   */
  #fetchItems(reading: RangeReading, startedAtMs: number): SliceEnd {
    const { tree } = reading.request.group;
    const { reverse, limit } = reading.request.operation;
    const most = limit === 0 ? FETCHED_TOGETHER : Math.min(FETCHED_TOGETHER, limit - reading.scanned);
    const entries: [key: Uint8Array, value: Uint8Array][] = [];
    const step = tree.scan(reading.low, reading.high, reverse, (key, value) => entries.push([key, value]) < most);
    let bytes = 0;
    for (const [at, [key, value]] of entries.entries()) {
      const itemKey = reading.itemKey(key);
      const wait = tree.fetch(itemKey);
      if (wait !== undefined) return { next: reverse ? successor(key) : key, wait };
      try {
        bytes += reading.takeItem(key, value, itemKey, tree);
      } catch (error) {
        return { next: key, failure: messageOfFailure(error, this.#logger) };
      }
      const isOver = reading.full || bytes >= SLICE_BYTES || this.#clock.monotonicMs() - startedAtMs >= SLICE_MS;
      if (isOver && at < entries.length - 1) return { next: reverse ? key : successor(key) };
    }
    return step;
  }

  #later(reading: RangeReading): void {
    this.#ready.push(reading);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.endOfTurn(this.#turn);
  }

  #finish(reading: RangeReading, more: boolean): void {
    const { group, operation, deadlineMs } = reading.request;
    const answer: Answer = { status: 'ok', range: reading.result(more) };
    if (!operation.consistent) return this.#end(reading, answer);
    this.#leave();
    group.confirm(deadlineMs, (proved) => this.#answer(reading, proved), answer);
  }

  #unreadable(reading: RangeReading, error: unknown): void {
    reading.request.group.pageUnreadable(error);
    this.#end(reading, { status: 'not-ready', message: 'a page could not be read' });
  }

  #end(reading: RangeReading, answer: Answer): void {
    this.#leave();
    this.#answer(reading, answer);
  }

  /** Another one may be read. */
  #leave(): void {
    this.#readings -= 1;
    if (this.#queued.length > 0) this.#timers.endOfTurn(this.#beginQueued);
  }

  #answer({ heldBytes, request }: RangeReading, answer: Answer): void {
    this.#heldBytes -= heldBytes;
    if (this.#queued.length > 0) this.#timers.endOfTurn(this.#beginQueued);
    request.respond(answer);
  }
}

/** A replica learns the settings of its table from its log; whoever asks for an index has heard of it from the catalog. */
const INDEX_NOT_KNOWN: Answer = { status: 'not-ready', message: 'the partition does not know the index yet' };
