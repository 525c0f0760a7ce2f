import { TIME_TO_LIVE_PAUSE_MS } from '../limits/table-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import type { TimeToLiveChange } from './table-change.ts';
import { TableChangeRefusal } from './table-change-refusal.ts';

/**
 * The record of a table whose items are to expire, or no longer. Its partitions are to be told. Throws TableChangeRefusal; rules, texts and
 * their order: measurements of the service from October 2026 (ack-api-quirks), the length of the pause "UpdateTimeToLive" of the API
 * reference (measured: half of it).
 */
export function withTimeToLive(table: TableRecord, { attribute, enabled }: TimeToLiveChange, atMs: number): TableRecord {
  const { ttl, settingsVersion = 0 } = table;
  if (ttl?.enabled !== true) {
    if (!enabled) throw invalid('TimeToLive is already disabled');
  } else if (ttl.attribute !== attribute) {
    throw invalid(`TimeToLive is active on a different AttributeName: current AttributeName is ${ttl.attribute}`);
  } else if (enabled) {
    throw invalid('TimeToLive is already enabled');
  }
  if (ttl !== undefined && atMs < ttl.changedAtMs + TIME_TO_LIVE_PAUSE_MS) {
    throw invalid('Time to live has been modified multiple times within a fixed interval');
  }
  return { ...table, ttl: { attribute, enabled, changedAtMs: atMs }, settingsVersion: settingsVersion + 1 };
}

function invalid(text: string): TableChangeRefusal {
  return new TableChangeRefusal('invalid', text);
}
