import { compareBytes } from '../../shared/base/bytes.ts';
import { KIB } from '../../shared/base/units.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import type { Clock, Timers } from '../../shared/env/clock.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { Logger } from '../../shared/env/logger.ts';
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

/** One slice of a range read, between which other work gets its turn. */
const SLICE_MS = 1;
const SLICE_BYTES = 64 * KIB;
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
  readonly #filters = new ExpressionCache((text) => parseCondition(text, 'FilterExpression'));

  constructor({ clock, timers, logger }: Pick<Environment, 'clock' | 'timers' | 'logger'>) {
    this.#clock = clock;
    this.#timers = timers;
    this.#logger = logger;
  }

  read(group: Group, operation: RangeOperation, deadlineMs: number, respond: Respond): void {
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
    const sums = { items: [], count: 0, scanned: 0, scannedBytes: 0, lastKey: undefined };
    this.#slice({ group, operation, filter, deadlineMs, respond, leading, low, high, ...sums });
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

  #slice(reading: Reading): void {
    const { group, operation, filter, deadlineMs, respond } = reading;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= deadlineMs) return respond({ status: 'unavailable', message: 'the deadline passed while the range was read' });
    if (group.stopped || (operation.consistent && group.paxos.leading !== reading.leading)) return respond({ status: 'not-leader' });
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
      return unreadable(group, error, respond);
    }
    if (failure !== undefined) return respond({ status: 'validation', message: failure });
    if (full || step.next === undefined) return this.#finish(reading, step.next !== undefined);
    if (operation.reverse) reading.high = step.next;
    else reading.low = step.next;
    if (step.wait === undefined) this.#timers.endOfTurn(() => this.#slice(reading));
    else
      step.wait.then(
        () => this.#slice(reading),
        (error: unknown) => unreadable(group, error, respond),
      );
  }

  #visit(reading: Reading, key: Uint8Array, value: Uint8Array): number {
    const size = storedItemSize(value);
    reading.scanned += 1;
    reading.scannedBytes += size;
    reading.lastKey = key;
    const json = storedItemJson(value);
    if (reading.filter === undefined || evaluateCondition(reading.filter, parseItem(json))) {
      reading.count += 1;
      if (!reading.operation.countOnly) reading.items.push(json);
    }
    return json.length;
  }

  #finish(reading: Reading, more: boolean): void {
    const { items, count, scanned, scannedBytes, lastKey, group, operation, deadlineMs, respond } = reading;
    const range = { items, count, scanned, scannedBytes, more, ...(lastKey === undefined ? {} : { lastKey }) };
    const answer: Answer = { status: 'ok', range };
    if (operation.consistent) group.confirm(deadlineMs, respond, answer);
    else respond(answer);
  }
}

function unreadable(group: Group, error: unknown, respond: Respond): void {
  group.pageUnreadable(error);
  respond({ status: 'not-ready', message: 'a page could not be read' });
}

function isFull({ operation, scanned, scannedBytes }: Reading): boolean {
  return (operation.limit > 0 && scanned >= operation.limit) || scannedBytes >= operation.byteLimit;
}

function lesser(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(a, b) <= 0 ? a : b;
}
