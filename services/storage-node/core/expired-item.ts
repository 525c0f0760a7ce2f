import type { Digest } from '../../shared/env/digest.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import { type DueSeconds, expirySeconds, isDue } from '../../shared/item/expiry.ts';
import { storedItemJson, storedItemSize } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { encodeLogRecord } from '../../shared/wal/log-record.ts';

/** Who deletes expired items, as stream records of the service name it (Streams API reference, "Identity"). */
export const EXPIRY_IDENTITY = { kind: 'service', name: 'dynamodb.amazonaws.com' } as const;

const NOTHING = new Uint8Array(0);

/** An item, as it stands before the record that is to delete it. */
export interface StandingItem {
  readonly key: Uint8Array;
  readonly stored: Uint8Array;
}

/**
 * The record that deletes an item, if it is due as it stands; undefined: it stays. An entry was only a reason to look: the item
 * may have been written since, with another time or none.
 */
export function expiredItemRecord(
  { key, stored }: StandingItem,
  { ttlAttribute, globalIndexes }: PartitionSettings,
  due: DueSeconds,
  timeMs: number,
  digest: Digest,
): Buffer | undefined {
  if (ttlAttribute === undefined) return undefined;
  const seconds = expirySeconds(parseItem(storedItemJson(stored)), ttlAttribute);
  if (seconds === undefined || !isDue(seconds, due)) return undefined;
  const record = { type: 'ttl-delete' as const, timeMs, change: 'remove' as const, identity: EXPIRY_IDENTITY, key, payload: NOTHING };
  const image = globalIndexes.length > 0 ? { oldImage: stored } : {};
  return encodeLogRecord({ ...record, oldSize: storedItemSize(stored), ...image }, digest);
}
