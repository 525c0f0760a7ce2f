import { DAY_MS } from '../base/civil-date.ts';
import { SECOND_MS } from '../base/units.ts';
import { THROUGHPUT_DECREASE_PAUSE_MS, THROUGHPUT_DECREASES_AT_ONCE } from '../limits/table-limits.ts';
import { NO_MAXIMUM } from './on-demand-change.ts';
import type { OnDemandChange } from './on-demand-change.ts';
import { invalidChange, TableChangeRefusal } from './table-change-refusal.ts';
import { decreasesToday, utcDay } from './table-history.ts';
import type { TableHistory } from './table-history.ts';
import type { OnDemandThroughput, Throughput } from './table-settings.ts';
import { writtenTime } from './written-time.ts';

/**
 * Capacity, maxima and warm throughput after a change, of a table or of one of its global indexes, whose name `index` is then; each has
 * its own history. They throw TableChangeRefusal.
 */

/** Counts a raise or a decrease. A change that lowers one of the two is a decrease. */
export function historyOfThroughput(
  history: TableHistory,
  present: Throughput,
  next: Throughput,
  atMs: number,
  index?: string,
): TableHistory {
  const lowers = next.readUnits < present.readUnits || next.writeUnits < present.writeUnits;
  const raises = next.readUnits > present.readUnits || next.writeUnits > present.writeUnits;
  if (!lowers && !raises) throw new TableChangeRefusal('invalid', unchangedText(present, next, index));
  const raised = raises ? { throughputRaisedAtMs: atMs } : {};
  if (!lowers) return { ...history, ...raised };
  const decreases = decreasesToday(history, atMs);
  refuseSoonDecrease(history, decreases, atMs);
  return { ...history, ...raised, throughputLoweredAtMs: atMs, throughputDecreases: decreases + 1 };
}

/** Four decreases a UTC day at once, then one an hour, counted from the last one that was accepted. */
function refuseSoonDecrease({ throughputLoweredAtMs }: TableHistory, decreases: number, atMs: number): void {
  if (throughputLoweredAtMs === undefined || decreases < THROUGHPUT_DECREASES_AT_ONCE) return;
  const nextMs = Math.min(throughputLoweredAtMs + THROUGHPUT_DECREASE_PAUSE_MS, (utcDay(atMs) + 1) * DAY_MS);
  if (atMs >= nextMs) return;
  throw new TableChangeRefusal(
    'limit',
    'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. ' +
      `After the first ${THROUGHPUT_DECREASES_AT_ONCE} decreases, each subsequent decrease in the same UTC day can be performed at most ` +
      `once every ${THROUGHPUT_DECREASE_PAUSE_MS / SECOND_MS} seconds. Number of decreases today: ${decreases}. ` +
      `Last decrease at ${writtenTime(throughputLoweredAtMs)}. Next decrease can be made at ${writtenTime(nextMs)}`,
  );
}

function unchangedText(present: Throughput, next: Throughput, index: string | undefined): string {
  const subject = index === undefined ? 'the table' : `index ${index}`;
  return (
    `The provisioned throughput for ${index === undefined ? subject : `the ${subject}`} will not change. ` +
    'The requested value equals the current value. ' +
    `Current ReadCapacityUnits provisioned for ${subject}: ${present.readUnits}. Requested ReadCapacityUnits: ${next.readUnits}. ` +
    `Current WriteCapacityUnits provisioned for ${subject}: ${present.writeUnits}. Requested WriteCapacityUnits: ${next.writeUnits}. ` +
    'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.'
  );
}

/** Each maximum for itself; undefined once both are taken away. */
export function changedMaxima(present: OnDemandThroughput | undefined, change: OnDemandChange): OnDemandThroughput | undefined {
  const asked: OnDemandChange = { ...present, ...change };
  const maxima: OnDemandThroughput = {
    ...(isMaximum(asked.maxReadUnits) ? { maxReadUnits: asked.maxReadUnits } : {}),
    ...(isMaximum(asked.maxWriteUnits) ? { maxWriteUnits: asked.maxWriteUnits } : {}),
  };
  return Object.keys(maxima).length === 0 ? undefined : maxima;
}

/** Maxima are for what is on demand. */
export function refuseMaxima(change: OnDemandChange, index?: string): never {
  const name = change.maxReadUnits === undefined ? 'MaxWriteRequestUnits' : 'MaxReadRequestUnits';
  const subject = index === undefined ? '' : ` for index : ${index}`;
  throw invalidChange(`${name} for OnDemandThroughput${subject} cannot be specified when the table BillingMode is PROVISIONED`);
}

function isMaximum(units: number | undefined): units is number {
  return units !== undefined && units !== NO_MAXIMUM;
}

/** `floor` and what it is called: present warm throughput, or what is new has at least. */
export function warmedTo(
  floor: Throughput,
  change: Partial<Throughput>,
  index: string | undefined,
  floorText = 'current WarmThroughput, decreasing WarmThroughput is not supported',
): Throughput {
  const next = { ...floor, ...change };
  for (const [name, isLower] of [
    ['ReadUnitsPerSecond', next.readUnits < floor.readUnits],
    ['WriteUnitsPerSecond', next.writeUnits < floor.writeUnits],
  ] as const) {
    if (!isLower) continue;
    const subject = index === undefined ? 'table' : `index ${index}`;
    throw invalidChange(`Requested ${name} for WarmThroughput for ${subject} is lower than ${floorText}`);
  }
  return next;
}
