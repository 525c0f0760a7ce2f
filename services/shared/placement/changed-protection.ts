import { ENCRYPTION_CHANGE_PAUSE_MS, ENCRYPTION_CHANGES_AT_ONCE, ENCRYPTION_CHANGES_WINDOW_MS } from '../limits/table-limits.ts';
import { SECOND_MS } from '../base/units.ts';
import type { TableRecord } from './catalog-records.ts';
import { invalidChange, overLimit, TableChangeRefusal } from './table-change-refusal.ts';
import type { TableHistory } from './table-history.ts';
import type { TableEncryption } from './table-settings.ts';
import { isoTime } from './written-time.ts';

/**
 * Deletion protection and encryption after a change, with the pauses that the service wants between two of them. They throw
 * TableChangeRefusal; rules and texts: measurements of the service from October 2026 (ack-api-quirks).
 */

/** What it is already changes nothing and begins no pause, but is refused within one. */
export function withDeletionProtection(table: TableRecord, isOn: boolean, atMs: number, pauseMs: number): TableRecord {
  const { deletionProtection = false, ...rest } = table;
  const nextMs = (table.history?.deletionProtectionAtMs ?? Number.NEGATIVE_INFINITY) + pauseMs;
  if (atMs < nextMs) {
    throw new TableChangeRefusal(
      'throttled',
      `Deletion protection setting for table ${table.name} modified within the previous ${pauseMs} milliseconds. ` +
        `Please try again after ${isoTime(nextMs)}`,
    );
  }
  if (isOn === deletionProtection) return table;
  return { ...rest, ...(isOn ? { deletionProtection: true } : undefined), history: { ...table.history, deletionProtectionAtMs: atMs } };
}

export function withEncryption(table: TableRecord, next: TableEncryption | 'off', atMs: number): TableRecord {
  const { encryption: present, history = {}, ...rest } = table;
  if (next === 'off') {
    if (present === undefined) throw invalidChange('Table is already encrypted by default');
    return { ...rest, history: historyOfEncryption(history, atMs) };
  }
  // Keys that are not named by their ARN may have come to mean another key, so the service takes them again.
  if (next.key?.startsWith('arn:') === true && present?.key === next.key) {
    throw invalidChange(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    );
  }
  return { ...rest, encryption: next, history: historyOfEncryption(history, atMs) };
}

/** Four changes at once within a window of a day that begins with the first of them, then one every six hours. */
function historyOfEncryption(history: TableHistory, atMs: number): TableHistory {
  const { encryptionWindowAtMs = Number.NEGATIVE_INFINITY, encryptionAtMs = 0, encryptionChanges = 0 } = history;
  const endMs = encryptionWindowAtMs + ENCRYPTION_CHANGES_WINDOW_MS;
  if (atMs >= endMs) return { ...history, encryptionWindowAtMs: atMs, encryptionAtMs: atMs, encryptionChanges: 1 };
  const nextMs = Math.min(encryptionAtMs + ENCRYPTION_CHANGE_PAUSE_MS, endMs);
  if (encryptionChanges >= ENCRYPTION_CHANGES_AT_ONCE && atMs < nextMs) {
    throw overLimit(
      `Encryption mode changes are limited in the 24h window ending at ${isoTime(endMs)}. ` +
        `After the first ${ENCRYPTION_CHANGES_AT_ONCE} change, each subsequent change in the same window can be performed at most once every ` +
        `${ENCRYPTION_CHANGE_PAUSE_MS / SECOND_MS} seconds. Number of updates today: ${encryptionChanges}. ` +
        `Last change at ${isoTime(encryptionAtMs)}. Next changes can be made at ${isoTime(nextMs)}.`,
    );
  }
  return { ...history, encryptionAtMs: atMs, encryptionChanges: encryptionChanges + 1 };
}
