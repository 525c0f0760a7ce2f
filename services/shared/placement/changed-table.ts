import { DAY_MS } from '../base/civil-date.ts';
import {
  CHANGES_REMEMBERED,
  ON_DEMAND_SWITCHES_MAX,
  ON_DEMAND_SWITCHES_WINDOW_MS,
  TABLE_CLASS_CHANGES_MAX,
  TABLE_CLASS_WINDOW_MS,
} from '../limits/table-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import { refuseInMotion, withBillingOfIndexes, withIndexUpdates } from './changed-indexes.ts';
import { withDeletionProtection, withEncryption } from './changed-protection.ts';
import { changedMaxima, historyOfThroughput, refuseMaxima, warmedTo } from './changed-throughput.ts';
import { withTimeToLive } from './changed-time-to-live.ts';
import type { OnDemandChange } from './on-demand-change.ts';
import type { TableChange } from './table-change.ts';
import { invalidChange, overLimit, TableChangeRefusal } from './table-change-refusal.ts';
import { SERVICE_QUOTAS, refuseUnits } from './table-quotas.ts';
import type { TableQuotas } from './table-quotas.ts';
import { refuseTags } from './table-tags.ts';
import { shortWrittenTime } from './written-time.ts';
import { greaterThroughput, ON_DEMAND_WARM, warmThroughput } from './table-settings.ts';
import type { TableClass, Tag, Throughput } from './table-settings.ts';

export { hasIndexInMotion } from './changed-indexes.ts';
export { TableChangeRefusal } from './table-change-refusal.ts';

/**
 * The record of an ACTIVE table after a change, or of an UPDATING one after a change that does not make it so (`makesUpdating`), or that
 * finds an index on its way (`hasIndexInMotion`). Pure, so that whoever writes it decides on the very record that it replaces. Throws
 * TableChangeRefusal.
 *
 * Rules and texts: measurements of the service from October 2026 (ack-api-quirks), and "Quotas in Amazon DynamoDB" of the
 * Developer Guide.
 */
export function changedTable(table: TableRecord, change: TableChange, quotas: TableQuotas = SERVICE_QUOTAS): TableRecord {
  let changed: TableRecord = { ...table, changes: [...(table.changes ?? []), change.id].slice(-CHANGES_REMEMBERED) };
  const { globalIndexes: updates } = change;
  if (changesCapacity(change)) {
    refuseInMotion(table);
    changed = withBillingOfIndexes(table, withCapacity(changed, change), updates ?? []);
  }
  if (updates !== undefined) changed = withIndexUpdates(table, changed, updates, change.atMs);
  if (change.onDemandThroughput !== undefined) changed = withOnDemandThroughput(changed, change.onDemandThroughput);
  if (change.warmThroughput !== undefined) changed = withWarmThroughput(changed, change.warmThroughput);
  if (change.tableClass !== undefined) changed = withTableClass(changed, change.tableClass, change.atMs);
  if (change.deletionProtection !== undefined) {
    changed = withDeletionProtection(changed, change.deletionProtection, change.atMs, quotas.deletionProtectionPauseMs);
  }
  if (change.encryption !== undefined) changed = withEncryption(changed, change.encryption, change.atMs);
  if (change.setTags !== undefined || change.removeTags !== undefined) changed = withTags(changed, change);
  if (change.ttl !== undefined) changed = withTimeToLive(changed, change.ttl, change.atMs);
  refuseUnits(changed, table, quotas);
  return changed;
}

/** Changes that a table takes one at a time: they make it UPDATING. */
export function makesUpdating(change: TableChange): boolean {
  const movesIndex = change.globalIndexes?.some(({ kind }) => kind !== 'update') === true;
  return changesCapacity(change) || change.tableClass !== undefined || movesIndex;
}

export function changesCapacity(change: TableChange): boolean {
  return change.billingMode !== undefined || change.throughput !== undefined;
}

function withCapacity(table: TableRecord, { billingMode, throughput, atMs }: TableChange): TableRecord {
  const mode = billingMode ?? table.billingMode;
  if (mode === 'PAY_PER_REQUEST') {
    if (throughput !== undefined) {
      throw invalidChange('Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST');
    }
    return table.billingMode === mode ? { ...table, status: 'UPDATING' } : onDemand(table, atMs);
  }
  if (throughput === undefined) throw invalidChange('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
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
  const { throughput: _throughput, history, ...rest } = table;
  const lately = (history?.onDemandSwitchesAtMs ?? []).filter((ms) => ms > atMs - ON_DEMAND_SWITCHES_WINDOW_MS);
  if (lately.length >= ON_DEMAND_SWITCHES_MAX) {
    throw overLimit(
      `Update to PayPerRequest mode are limited to ${ON_DEMAND_SWITCHES_MAX} times in ${ON_DEMAND_SWITCHES_WINDOW_MS / DAY_MS} day(s). ` +
        `Last update at ${shortWrittenTime(lately[lately.length - 1] as number)}. ` +
        `Next update can be made at ${shortWrittenTime((lately[0] as number) + ON_DEMAND_SWITCHES_WINDOW_MS)}`,
    );
  }
  return {
    ...rest,
    billingMode: 'PAY_PER_REQUEST',
    warmThroughput: greaterThroughput(warmThroughput(table), ON_DEMAND_WARM),
    history: { ...history, onDemandAtMs: atMs, onDemandSwitchesAtMs: [...lately, atMs] },
    status: 'UPDATING',
  };
}

function withOnDemandThroughput(table: TableRecord, change: OnDemandChange): TableRecord {
  if (table.billingMode === 'PROVISIONED') refuseMaxima(change);
  const { onDemandThroughput, ...rest } = table;
  const maxima = changedMaxima(onDemandThroughput, change);
  return maxima === undefined ? rest : { ...rest, onDemandThroughput: maxima };
}

function withWarmThroughput(table: TableRecord, change: Partial<Throughput>): TableRecord {
  return { ...table, warmThroughput: warmedTo(warmThroughput(table), change, undefined) };
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

/** A tag with a known key takes that one's place. */
function withTags({ tags: before = [], ...table }: TableRecord, { setTags = [], removeTags = [] }: TableChange): TableRecord {
  const tags = new Map<string, Tag>(before.map((tag) => [tag.key, tag]));
  for (const tag of setTags) tags.set(tag.key, tag);
  for (const key of removeTags) tags.delete(key);
  refuseTags([...tags.values()]);
  return tags.size === 0 ? table : { ...table, tags: [...tags.values()] };
}
