import { compareBytes } from '../../shared/base/bytes.ts';
import { KIB, MIB } from '../../shared/base/units.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import type { Clock, Timers } from '../../shared/env/clock.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { Logger } from '../../shared/env/logger.ts';
import { ROUTER_BOUNDS } from '../../shared/expression/expression-bounds.ts';
import { type BoundCondition, bindCondition, evaluateCondition, parseCondition } from '../../shared/expression/condition.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import { storedItemJson, storedItemSize } from '../../shared/item/stored-value.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { RangeOperation } from '../../shared/wire/storage-operations.ts';
import { ExpressionCache } from '../core/expression-cache.ts';
import { messageOfFailure } from '../core/failed-request.ts';
import { parseNames, parseValues } from '../core/placeholders.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import type { Respond } from './pending-answers.ts';
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

/** A range read under way. */
interface Reading {
  readonly group: Group;
  readonly operation: RangeOperation;
  readonly filter: BoundCondition | undefined;
  readonly deadlineMs: number;
  readonly respond: Respond;
  /** For a strong read: the ballot it began under; each slice must be read in it. */
  readonly leading: Ballot | undefined;
  low: Uint8Array;
  high: Uint8Array | undefined;
  readonly items: Uint8Array[];
  heldBytes: number;
  count: number;
  scanned: number;
  scannedBytes: number;
  lastKey: Uint8Array | undefined;
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
  #ready: Reading[] = [];
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
    const { identity } = group;
    const low = compareBytes(operation.low, identity.low) < 0 ? identity.low : operation.low;
    const high = lesser(operation.high, identity.high);
    const leading = operation.consistent ? group.paxos.leading : undefined;
    const sums = { items: [], heldBytes: 0, count: 0, scanned: 0, scannedBytes: 0, lastKey: undefined };
    this.#readings += 1;
    this.#inTurn({ group, operation, filter, deadlineMs, respond, leading, low, high, ...sums });
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
  #inTurn(reading: Reading): void {
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
      this.#slice(ready[begun] as Reading);
      begun += 1;
    }
    if (begun === ready.length) return;
    this.#ready = [...ready.slice(begun), ...this.#ready];
    this.#schedule();
  };

  #slice(reading: Reading): void {
    const { group, operation, filter, deadlineMs } = reading;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= deadlineMs) return this.#end(reading, { status: 'unavailable', message: 'the deadline passed while the range was read' });
    if (group.stopped || (operation.consistent && group.paxos.leading !== reading.leading))
      return this.#end(reading, { status: 'not-leader' });
    let bytes = 0;
    let failure: string | undefined;
    let full = false;
    const visit = (key: Uint8Array, value: Uint8Array): boolean => {
      try {
        bytes += this.#visit(reading, key, value);
      } catch (error) {
        failure = messageOfFailure(error, this.#logger);
        return false;
      }
      full = isFull(reading);
      // A filter may take long for each item; without one, looking at the clock would be a part of the cost.
      const isDue = filter !== undefined || reading.scanned % 16 === 0;
      return !full && bytes < SLICE_BYTES && (!isDue || this.#clock.monotonicMs() - nowMs < SLICE_MS);
    };
    let step: ScanStep;
    try {
      step = group.tree.scan(reading.low, reading.high, operation.reverse, visit);
    } catch (error) {
      // The tree ended since the last look.
      if (!(error instanceof PageDamagedError || error instanceof TreeClosedError)) throw error;
      return this.#unreadable(reading, error);
    }
    if (failure !== undefined) return this.#end(reading, { status: 'validation', message: failure });
    if (full || step.next === undefined) return this.#finish(reading, step.next !== undefined);
    if (operation.reverse) reading.high = step.next;
    else reading.low = step.next;
    if (step.wait === undefined) this.#later(reading);
    else
      step.wait.then(
        () => this.#inTurn(reading),
        (error: unknown) => this.#unreadable(reading, error),
      );
  }

  #later(reading: Reading): void {
    this.#ready.push(reading);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.endOfTurn(this.#turn);
  }

  #visit(reading: Reading, key: Uint8Array, value: Uint8Array): number {
    const size = storedItemSize(value);
    reading.scanned += 1;
    reading.scannedBytes += size;
    reading.lastKey = key;
    const json = storedItemJson(value);
    if (reading.filter === undefined || evaluateCondition(reading.filter, parseItem(json))) {
      reading.count += 1;
      if (!reading.operation.countOnly) {
        reading.items.push(json);
        reading.heldBytes += json.length;
        this.#heldBytes += json.length;
      }
    }
    return json.length;
  }

  #finish(reading: Reading, more: boolean): void {
    const { items, count, scanned, scannedBytes, lastKey, group, operation, deadlineMs } = reading;
    const range = { items, count, scanned, scannedBytes, more, ...(lastKey === undefined ? {} : { lastKey }) };
    const answer: Answer = { status: 'ok', range };
    if (!operation.consistent) return this.#end(reading, answer);
    this.#leave();
    group.confirm(deadlineMs, (proved) => this.#answer(reading, proved), answer);
  }

  #unreadable(reading: Reading, error: unknown): void {
    reading.group.pageUnreadable(error);
    this.#end(reading, { status: 'not-ready', message: 'a page could not be read' });
  }

  #end(reading: Reading, answer: Answer): void {
    this.#leave();
    this.#answer(reading, answer);
  }

  /** Another one may be read. */
  #leave(): void {
    this.#readings -= 1;
    if (this.#queued.length > 0) this.#timers.endOfTurn(this.#beginQueued);
  }

  #answer({ heldBytes, respond }: Reading, answer: Answer): void {
    this.#heldBytes -= heldBytes;
    if (this.#queued.length > 0) this.#timers.endOfTurn(this.#beginQueued);
    respond(answer);
  }
}

function isFull({ operation, scanned, scannedBytes }: Reading): boolean {
  return (operation.limit > 0 && scanned >= operation.limit) || scannedBytes >= operation.byteLimit;
}

function lesser(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(a, b) <= 0 ? a : b;
}
