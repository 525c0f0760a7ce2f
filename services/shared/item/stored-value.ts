import { assert } from '../base/assert.ts';
import { asBuffer } from '../base/bytes.ts';
import type { Slot } from '../base/ids.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';
import type { Digest } from '../env/digest.ts';

/**
 * The form in which an item lies in a page and travels in log records. Self-checking: its key is repeated inside and a
 * CRC-32 covers everything, so that a page that was swapped, stale or flipped is found at the read.
 *
 * Fixed fields come first and the JSON right behind them, so that the data path reaches either without decoding.
 */
export interface StoredValueFields {
  /** Eight bits for later formats; none is in use yet. */
  readonly flags: number;
  /** Of the item in DynamoDB's accounting, bytes. */
  readonly size: number;
  /** Slot of the record that wrote it: the item's version. */
  readonly slot: Slot;
  /** Leader's time of the write, milliseconds since 1970. */
  readonly timeMs: number;
  /** Region where the client wrote it. */
  readonly originRegion: string;
  /** A transaction that holds the item's lock. */
  readonly pendingTransaction?: string;
  /** Canonical DynamoDB JSON, UTF-8. */
  readonly json: Uint8Array;
}

/** A verified stored value; `json` lies over the memory it was decoded from. */
export interface StoredValue extends StoredValueFields {
  readonly json: Buffer;
}

export const STORED_VALUE_FORMAT = 1;

/** Where the fixed fields are; wal/README.md has the same table. */
const AT_FORMAT = 0;
const AT_FLAGS = 1;
const AT_REGION_LENGTH = 2;
const AT_TRANSACTION_LENGTH = 3;
const AT_SIZE = 4;
const AT_SLOT = AT_SIZE + 4;
const AT_TIME = AT_SLOT + 8;
const AT_KEY_LENGTH = AT_TIME + 8;
const AT_JSON_LENGTH = AT_KEY_LENGTH + 4;
const AT_JSON = AT_JSON_LENGTH + 4;
const CHECKSUM_BYTES = 4;

/** The bytes are not what was written for this key. */
export class StoredValueDamagedError extends Error {
  override readonly name = 'StoredValueDamagedError';
}

export function encodeStoredValue(fields: StoredValueFields, key: Uint8Array, digest: Digest): Buffer {
  const { json, originRegion } = fields;
  const transaction = fields.pendingTransaction ?? '';
  const regionLength = Buffer.byteLength(originRegion, 'utf8');
  const transactionLength = Buffer.byteLength(transaction, 'utf8');
  assert(regionLength <= 0xff && transactionLength <= 0xff, 'region or transaction id too long');
  const bytes = Buffer.allocUnsafe(AT_JSON + json.length + key.length + regionLength + transactionLength + CHECKSUM_BYTES);
  bytes[AT_FORMAT] = STORED_VALUE_FORMAT;
  bytes[AT_FLAGS] = fields.flags;
  bytes[AT_REGION_LENGTH] = regionLength;
  bytes[AT_TRANSACTION_LENGTH] = transactionLength;
  bytes.writeUInt32BE(fields.size, AT_SIZE);
  writeSafeInteger(bytes, fields.slot, AT_SLOT);
  writeSafeInteger(bytes, fields.timeMs, AT_TIME);
  bytes.writeUInt32BE(key.length, AT_KEY_LENGTH);
  bytes.writeUInt32BE(json.length, AT_JSON_LENGTH);
  let at = AT_JSON;
  bytes.set(json, at);
  at += json.length;
  bytes.set(key, at);
  at += key.length;
  at += bytes.write(originRegion, at, 'utf8');
  if (transactionLength > 0) at += bytes.write(transaction, at, 'utf8');
  bytes.writeUInt32BE(digest.crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** Throws StoredValueDamagedError when the checksum, a length or the repeated key is wrong, or the format is unknown. */
export function decodeStoredValue(source: Uint8Array, key: Uint8Array, digest: Digest): StoredValue {
  const bytes = asBuffer(source);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < AT_JSON) throw new StoredValueDamagedError(`a stored value of ${bytes.length} bytes`);
  if (digest.crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw new StoredValueDamagedError('checksum of a stored value');
  if (bytes[AT_FORMAT] !== STORED_VALUE_FORMAT) throw new StoredValueDamagedError(`stored value of format ${bytes[AT_FORMAT]}`);
  const jsonEnd = AT_JSON + bytes.readUInt32BE(AT_JSON_LENGTH);
  const keyEnd = jsonEnd + bytes.readUInt32BE(AT_KEY_LENGTH);
  const regionEnd = keyEnd + (bytes[AT_REGION_LENGTH] as number);
  if (regionEnd + (bytes[AT_TRANSACTION_LENGTH] as number) !== end) throw new StoredValueDamagedError('lengths of a stored value');
  if (bytes.compare(key, 0, key.length, jsonEnd, keyEnd) !== 0) throw new StoredValueDamagedError('a value stored for another key');
  const fields: StoredValue = {
    flags: bytes[AT_FLAGS] as number,
    size: bytes.readUInt32BE(AT_SIZE),
    slot: readSafeInteger(bytes, AT_SLOT),
    timeMs: readSafeInteger(bytes, AT_TIME),
    originRegion: bytes.toString('utf8', keyEnd, regionEnd),
    json: bytes.subarray(AT_JSON, jsonEnd),
  };
  return regionEnd === end ? fields : { ...fields, pendingTransaction: bytes.toString('utf8', regionEnd, end) };
}

/** The item's JSON over the same memory, not verified. */
export function storedItemJson(source: Uint8Array): Buffer {
  const bytes = asBuffer(source);
  return bytes.subarray(AT_JSON, AT_JSON + bytes.readUInt32BE(AT_JSON_LENGTH));
}

/** The item's size in DynamoDB's accounting, bytes; not verified. */
export function storedItemSize(source: Uint8Array): number {
  return asBuffer(source).readUInt32BE(AT_SIZE);
}

/** The item's version; not verified. */
export function storedSlot(source: Uint8Array): Slot {
  return readSafeInteger(asBuffer(source), AT_SLOT);
}

/** Leader's time of the write; not verified. */
export function storedTimeMs(source: Uint8Array): number {
  return readSafeInteger(asBuffer(source), AT_TIME);
}

/** The CRC-32 at the end; not verified. */
export function storedChecksum(source: Uint8Array): number {
  return asBuffer(source).readUInt32BE(source.length - CHECKSUM_BYTES);
}

/** For the check of a whole tree: the value is whole, belongs to this key, and has the checksum that its page names. */
export function isSoundStoredValue(key: Uint8Array, source: Uint8Array, checksum: number, digest: Digest): boolean {
  try {
    decodeStoredValue(source, key, digest);
  } catch (error) {
    if (error instanceof StoredValueDamagedError) return false;
    throw error;
  }
  return storedChecksum(source) === checksum;
}
