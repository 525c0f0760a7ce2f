import { CHANGES_REMEMBERED, TABLE_CLASS_CHANGES_MAX, TABLE_CLASS_WINDOW_MS, TAGS_MAX } from '../limits/table-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import { refuseInMotion, withBillingOfIndexes, withIndexUpdates } from './changed-indexes.ts';
import { changedMaxima, historyOfThroughput, refuseMaxima, warmedTo } from './changed-throughput.ts';
import { withTimeToLive } from './changed-time-to-live.ts';
import type { OnDemandChange } from './on-demand-change.ts';
import type { TableChange } from './table-change.ts';
import { invalidChange, TableChangeRefusal } from './table-change-refusal.ts';
import { greaterThroughput, ON_DEMAND_WARM, warmThroughput } from './table-settings.ts';
import type { TableClass, TableEncryption, Tag, Throughput } from './table-settings.ts';

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
export function changedTable(table: TableRecord, change: TableChange): TableRecord {
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
  if (change.deletionProtection !== undefined) changed = withDeletionProtection(changed, change.deletionProtection);
  if (change.encryption !== undefined) changed = withEncryption(changed, change.encryption);
  if (change.setTags !== undefined || change.removeTags !== undefined) changed = withTags(changed, change);
  if (change.ttl !== undefined) changed = withTimeToLive(changed, change.ttl, change.atMs);
  return changed;
}

/** Changes that a table takes one at a time: they make it UPDATING. */
export function makesUpdating(change: TableChange): boolean {
  const movesIndex = change.globalIndexes?.some(({ kind }) => kind !== 'update') === true;
  return changesCapacity(change) || change.tableClass !== undefined || movesIndex;
}

function changesCapacity(change: TableChange): boolean {
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
  const { throughput: _throughput, ...rest } = table;
  return {
    ...rest,
    billingMode: 'PAY_PER_REQUEST',
    warmThroughput: greaterThroughput(warmThroughput(table), ON_DEMAND_WARM),
    history: { ...table.history, onDemandAtMs: atMs },
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

function withDeletionProtection({ deletionProtection: _before, ...table }: TableRecord, isOn: boolean): TableRecord {
  return isOn ? { ...table, deletionProtection: true } : table;
}

function withEncryption({ encryption: present, ...table }: TableRecord, next: TableEncryption | 'off'): TableRecord {
  if (next === 'off') {
    if (present === undefined) throw invalidChange('Table is already encrypted by default');
    return table;
  }
  // Keys that are not named by their ARN may have come to mean another key, so the service takes them again.
  if (next.key?.startsWith('arn:') === true && present?.key === next.key) {
    throw invalidChange(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    );
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
