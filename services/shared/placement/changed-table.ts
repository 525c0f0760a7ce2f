import { DAY_MS } from '../base/civil-date.ts';
import { SECOND_MS } from '../base/units.ts';
import {
  CHANGES_REMEMBERED,
  TABLE_CLASS_CHANGES_MAX,
  TABLE_CLASS_WINDOW_MS,
  TAGS_MAX,
  THROUGHPUT_DECREASE_PAUSE_MS,
  THROUGHPUT_DECREASES_AT_ONCE,
} from '../limits/table-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import { NO_MAXIMUM } from './table-change.ts';
import type { OnDemandChange, TableChange } from './table-change.ts';
import { decreasesToday, utcDay } from './table-history.ts';
import type { TableHistory } from './table-history.ts';
import { greaterThroughput, ON_DEMAND_WARM, warmThroughput } from './table-settings.ts';
import type { OnDemandThroughput, TableClass, TableEncryption, Tag, Throughput } from './table-settings.ts';
import { writtenTime } from './written-time.ts';

/**
 * A change that the table's present state does not allow; the message is the service's text. `invalid`: ValidationException,
 * `limit`: LimitExceededException.
 */
export class TableChangeRefusal extends Error {
  override readonly name = 'TableChangeRefusal';
  readonly kind: 'invalid' | 'limit';

  constructor(kind: 'invalid' | 'limit', message: string) {
    super(message);
    this.kind = kind;
  }
}

const INVALID = 'One or more parameter values were invalid: ';

/**
 * The record of an ACTIVE table after a change, or of an UPDATING one after a change that does not touch capacity or class. Pure, so
 * that whoever writes it decides on the very record that it replaces. Throws TableChangeRefusal.
 *
 * Rules and texts: measurements of the service from October 2026 (ack-api-quirks), and "Quotas in Amazon DynamoDB" of the
 * Developer Guide.
 */
export function changedTable(table: TableRecord, change: TableChange): TableRecord {
  let changed: TableRecord = { ...table, changes: [...(table.changes ?? []), change.id].slice(-CHANGES_REMEMBERED) };
  if (change.billingMode !== undefined || change.throughput !== undefined) changed = withCapacity(changed, change);
  if (change.onDemandThroughput !== undefined) changed = withOnDemandThroughput(changed, change.onDemandThroughput);
  if (change.warmThroughput !== undefined) changed = withWarmThroughput(changed, change.warmThroughput);
  if (change.tableClass !== undefined) changed = withTableClass(changed, change.tableClass, change.atMs);
  if (change.deletionProtection !== undefined) changed = withDeletionProtection(changed, change.deletionProtection);
  if (change.encryption !== undefined) changed = withEncryption(changed, change.encryption);
  if (change.setTags !== undefined || change.removeTags !== undefined) changed = withTags(changed, change);
  return changed;
}

/** Changes that a table takes one at a time: they make it UPDATING. */
export function makesUpdating(change: TableChange): boolean {
  return change.billingMode !== undefined || change.throughput !== undefined || change.tableClass !== undefined;
}

function withCapacity(table: TableRecord, { billingMode, throughput, atMs }: TableChange): TableRecord {
  const mode = billingMode ?? table.billingMode;
  if (mode === 'PAY_PER_REQUEST') {
    if (throughput !== undefined) {
      throw invalid('Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST');
    }
    return table.billingMode === mode ? { ...table, status: 'UPDATING' } : onDemand(table, atMs);
  }
  if (throughput === undefined) throw invalid('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  const { onDemandThroughput: _maxima, ...rest } = table;
  const warm = greaterThroughput(warmThroughput(table), throughput);
  const { history = {}, createdAtMs, throughput: present } = table;
  return {
    ...rest,
    billingMode: mode,
    throughput,
    warmThroughput: warm,
    // A table that was on demand is known for it from then on.
    history: present === undefined ? { onDemandAtMs: createdAtMs, ...history } : historyOfThroughput(history, present, throughput, atMs),
    status: 'UPDATING',
  };
}

function onDemand(table: TableRecord, atMs: number): TableRecord {
  const { throughput: _throughput, ...rest } = table;
  return {
    ...rest,
    billingMode: 'PAY_PER_REQUEST',
    warmThroughput: greaterThroughput(warmThroughput(table), ON_DEMAND_WARM),
    history: { ...table.history, onDemandAtMs: atMs },
    status: 'UPDATING',
  };
}

/** Counts a raise or a decrease. A change that lowers one of the two is a decrease. */
function historyOfThroughput(history: TableHistory, present: Throughput, next: Throughput, atMs: number): TableHistory {
  const lowers = next.readUnits < present.readUnits || next.writeUnits < present.writeUnits;
  const raises = next.readUnits > present.readUnits || next.writeUnits > present.writeUnits;
  if (!lowers && !raises) throw new TableChangeRefusal('invalid', unchangedText(present, next));
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

function unchangedText(present: Throughput, next: Throughput): string {
  return (
    'The provisioned throughput for the table will not change. The requested value equals the current value. ' +
    `Current ReadCapacityUnits provisioned for the table: ${present.readUnits}. Requested ReadCapacityUnits: ${next.readUnits}. ` +
    `Current WriteCapacityUnits provisioned for the table: ${present.writeUnits}. Requested WriteCapacityUnits: ${next.writeUnits}. ` +
    'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.'
  );
}

/** Each maximum for itself; the table has none once both are taken away. */
function withOnDemandThroughput(table: TableRecord, change: OnDemandChange): TableRecord {
  if (table.billingMode === 'PROVISIONED') {
    const name = change.maxReadUnits === undefined ? 'MaxWriteRequestUnits' : 'MaxReadRequestUnits';
    throw invalid(`${name} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED`);
  }
  const { onDemandThroughput, ...rest } = table;
  const asked: OnDemandChange = { ...onDemandThroughput, ...change };
  const maxima: OnDemandThroughput = {
    ...(isMaximum(asked.maxReadUnits) ? { maxReadUnits: asked.maxReadUnits } : {}),
    ...(isMaximum(asked.maxWriteUnits) ? { maxWriteUnits: asked.maxWriteUnits } : {}),
  };
  return Object.keys(maxima).length === 0 ? rest : { ...rest, onDemandThroughput: maxima };
}

function isMaximum(units: number | undefined): units is number {
  return units !== undefined && units !== NO_MAXIMUM;
}

function withWarmThroughput(table: TableRecord, change: Partial<Throughput>): TableRecord {
  const present = warmThroughput(table);
  const next = { ...present, ...change };
  for (const [name, isLower] of [
    ['ReadUnitsPerSecond', next.readUnits < present.readUnits],
    ['WriteUnitsPerSecond', next.writeUnits < present.writeUnits],
  ] as const) {
    if (!isLower) continue;
    throw invalid(
      `Requested ${name} for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
    );
  }
  return { ...table, warmThroughput: next };
}

/** STANDARD for a table that was never given a class changes nothing, and counts for nothing. */
function withTableClass(table: TableRecord, tableClass: TableClass, atMs: number): TableRecord {
  if (table.tableClass === undefined && tableClass === 'STANDARD') return { ...table, status: 'UPDATING' };
  const lately = (table.history?.tableClassAtMs ?? []).filter((ms) => ms > atMs - TABLE_CLASS_WINDOW_MS);
  if (lately.length >= TABLE_CLASS_CHANGES_MAX) {
    throw new TableChangeRefusal(
      'limit',
      `Subscriber limit exceeded: Updates to TableClass are limited to ${TABLE_CLASS_CHANGES_MAX} times in 30 day(s).`,
    );
  }
  if (table.tableClass === tableClass) return { ...table, status: 'UPDATING' };
  return { ...table, tableClass, history: { ...table.history, tableClassAtMs: [...lately, atMs] }, status: 'UPDATING' };
}

function withDeletionProtection({ deletionProtection: _before, ...table }: TableRecord, isOn: boolean): TableRecord {
  return isOn ? { ...table, deletionProtection: true } : table;
}

function withEncryption({ encryption: present, ...table }: TableRecord, next: TableEncryption | 'off'): TableRecord {
  if (next === 'off') {
    if (present === undefined) throw invalid('Table is already encrypted by default');
    return table;
  }
  // Keys that are not named by their ARN may have come to mean another key, so the service takes them again.
  if (next.key?.startsWith('arn:') === true && present?.key === next.key) {
    throw invalid('Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key');
  }
  return { ...table, encryption: next };
}

/** A tag with a known key takes that one's place. */
function withTags({ tags: before = [], ...table }: TableRecord, { setTags = [], removeTags = [] }: TableChange): TableRecord {
  const tags = new Map<string, Tag>(before.map((tag) => [tag.key, tag]));
  for (const tag of setTags) tags.set(tag.key, tag);
  for (const key of removeTags) tags.delete(key);
  if (tags.size > TAGS_MAX) throw new TableChangeRefusal('invalid', TOO_MANY_TAGS);
  return tags.size === 0 ? table : { ...table, tags: [...tags.values()] };
}

export const TOO_MANY_TAGS = 'Number of Tags exceed the current limit for the provided ResourceArn';

function invalid(reason: string): TableChangeRefusal {
  return new TableChangeRefusal('invalid', INVALID + reason);
}
