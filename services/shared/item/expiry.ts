import { assert } from '../base/assert.ts';
import { asBuffer } from '../base/bytes.ts';
import { DAY_SECONDS } from '../base/units.ts';
import { getAttribute } from './attribute-map.ts';
import type { AttributeMap } from './attribute-value.ts';
import { EXPIRY_SPACE, LOCAL_PREFIX_BYTES, localKey, withoutSpace } from './local-space.ts';

/**
 * When items expire, and how a partition finds those that have: the Developer Guide's "Using time to live (TTL) in DynamoDB".
 * Each item that may expire has an entry in a local space, in the order of time:
 *
 *     generation (4) · seconds since 1970 (6) · the item's whole key
 *
 * The generation is the version of the settings that named the attribute: entries of another attribute are told by it.
 */

/**
 * An item whose time is longer ago never expires: such a time is likely a mistake. The Guide says five years; those of 365 days
 * delete the less.
 */
export const EXPIRY_AGE_MAX_SECONDS = 5 * 365 * DAY_SECONDS;

const GENERATION_BYTES = 4;
const SECONDS_BYTES = 6;
const ITEM_KEY_AT = GENERATION_BYTES + SECONDS_BYTES;
/** Later than any clock will show. */
const SECONDS_MAX = 2 ** (8 * SECONDS_BYTES) - 1;
/** Numbers of stored items have one plain form: anything else is negative, or far beyond every clock. */
const PLAIN_SECONDS = /^(\d{1,15})(?:\.\d+)?$/;

/**
 * Whole seconds since 1970 at which the item expires. Undefined: never, for its top-level attribute is missing or is no number that
 * can be a time. A fraction is left out, which makes nothing due early, since an item is due only once its second is past: clients
 * write fractions (connect-dynamodb does for what is left of a session), and the Guide asks for "Unix epoch time format in seconds".
 */
export function expirySeconds(item: AttributeMap, attribute: string): number | undefined {
  const value = getAttribute(item, attribute);
  const whole = value !== undefined && 'N' in value ? PLAIN_SECONDS.exec(value.N)?.[1] : undefined;
  if (whole === undefined) return undefined;
  const seconds = Number(whole);
  return seconds <= SECONDS_MAX ? seconds : undefined;
}

/** What is due at a time: from `low` on, and below `high`, seconds since 1970. */
export interface DueSeconds {
  readonly low: number;
  readonly high: number;
}

/** The time must be less than the current one, and no more than five years less (API reference of UpdateTimeToLive; the Guide). */
export function dueSeconds(wallMs: number): DueSeconds {
  const now = Math.max(0, Math.floor(wallMs / 1000));
  return { low: Math.max(0, now - EXPIRY_AGE_MAX_SECONDS), high: now };
}

export function isDue(seconds: number, due: DueSeconds): boolean {
  return seconds >= due.low && seconds < due.high;
}

/** The key of an item's entry in the partition's tree. */
export function expiryEntryKey(generation: number, seconds: number, itemKey: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(ITEM_KEY_AT + itemKey.length);
  writePlace(bytes, generation, seconds);
  bytes.set(itemKey, ITEM_KEY_AT);
  return localKey(EXPIRY_SPACE, bytes);
}

/** Entries of this generation and time, and all behind them, are not below; all others are. */
export function expiryPlace(generation: number, seconds: number): Buffer {
  const bytes = Buffer.allocUnsafe(ITEM_KEY_AT);
  writePlace(bytes, generation, seconds);
  return localKey(EXPIRY_SPACE, bytes);
}

/** What an entry's key says. */
export interface ExpiryEntry {
  readonly generation: number;
  readonly seconds: number;
  readonly itemKey: Buffer;
}

export function readExpiryEntry(entryKey: Uint8Array): ExpiryEntry {
  assert(entryKey[LOCAL_PREFIX_BYTES - 1] === EXPIRY_SPACE, 'no entry of the space of expiry');
  const bytes = asBuffer(withoutSpace(entryKey));
  const seconds = bytes.readUIntBE(GENERATION_BYTES, SECONDS_BYTES);
  return { generation: bytes.readUInt32BE(0), seconds, itemKey: bytes.subarray(ITEM_KEY_AT) };
}

function writePlace(bytes: Buffer, generation: number, seconds: number): void {
  bytes.writeUInt32BE(generation, 0);
  bytes.writeUIntBE(seconds, GENERATION_BYTES, SECONDS_BYTES);
}
