import { assert } from '../base/assert.ts';
import { asBuffer } from '../base/bytes.ts';
import type { RequestNumber } from '../base/ids.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';
import type { Digest } from '../env/digest.ts';

/**
 * One record of a group's log, the unit that consensus chooses. Physical: it says what the bytes become, so that followers
 * and all who tail the log evaluate nothing. The format is described in README.md.
 */
export interface LogRecord {
  readonly type: LogRecordType;
  /** Leader's time, milliseconds since 1970, never less than in the record before. */
  readonly timeMs: number;
  /** Writes of routers carry one; what the node itself proposes does not. */
  readonly request?: RequestNumber;
  readonly change: ChangeKind;
  /** Who asked for it. */
  readonly identity: RecordIdentity;
  /** Size of the item before, in DynamoDB's accounting, bytes; 0: there was none. */
  readonly oldSize: number;
  /** The key that changes; empty for types that change none. */
  readonly key: Uint8Array;
  /** Stored value before the change, where the table's settings ask for it. */
  readonly oldImage?: Uint8Array;
  /** Stored value after the change (item/stored-value.ts); absent: the item is removed. */
  readonly newValue?: Uint8Array;
  /** What the other types carry; each type defines its own. Empty for writes. */
  readonly payload: Uint8Array;
}

export interface RecordIdentity {
  /** `service`: Stator itself, such as a time-to-live sweep. */
  readonly kind: 'user' | 'service';
  readonly name: string;
}

export type ChangeKind = 'none' | 'insert' | 'modify' | 'remove';

/** Numbers on disk: never changed, never reused. */
export const LOG_RECORD_TYPE_NUMBERS = {
  'no-op': 1,
  write: 2,
  swap: 3,
  split: 4,
  settings: 5,
  'state-hash': 6,
  'transaction-prepare': 7,
  'transaction-commit': 8,
  'transaction-cancel': 9,
  'index-position': 10,
  backfill: 11,
  'ttl-delete': 12,
  'expiry-range': 13,
} as const;

export type LogRecordType = keyof typeof LOG_RECORD_TYPE_NUMBERS;

const TYPES_BY_NUMBER: readonly (LogRecordType | undefined)[] = (() => {
  const types: (LogRecordType | undefined)[] = [];
  for (const [type, number] of Object.entries(LOG_RECORD_TYPE_NUMBERS)) types[number] = type as LogRecordType;
  return types;
})();

/** Numbers on disk: never changed, never reused. */
export const CHANGE_NUMBERS = { none: 0, insert: 1, modify: 2, remove: 3 } as const;
const CHANGES: readonly ChangeKind[] = ['none', 'insert', 'modify', 'remove'];

export const LOG_RECORD_FORMAT = 1;

/** Bits of the flags byte. The format knows no others. */
const FLAG_REQUEST = 1;
const FLAG_OLD_IMAGE = 2;
const FLAG_NEW_VALUE = 4;
const FLAG_SERVICE = 8;
const KNOWN_FLAGS = FLAG_REQUEST | FLAG_OLD_IMAGE | FLAG_NEW_VALUE | FLAG_SERVICE;

/** Where the fixed fields are; README.md has the same table. */
const AT_FORMAT = 0;
const AT_TYPE = 1;
const AT_FLAGS = 2;
const AT_CHANGE = 3;
const AT_TIME = 4;
const AT_REQUEST_LIFE = AT_TIME + 8;
const AT_REQUEST_NUMBER = AT_REQUEST_LIFE + 8;
const AT_OLD_SIZE = AT_REQUEST_NUMBER + 8;
const AT_IDENTITY_LENGTH = AT_OLD_SIZE + 4;
const AT_KEY_LENGTH = AT_IDENTITY_LENGTH + 2;
const AT_OLD_IMAGE_LENGTH = AT_KEY_LENGTH + 4;
const AT_NEW_VALUE_LENGTH = AT_OLD_IMAGE_LENGTH + 4;
const AT_PAYLOAD_LENGTH = AT_NEW_VALUE_LENGTH + 4;
const FIXED_BYTES = AT_PAYLOAD_LENGTH + 4;
const CHECKSUM_BYTES = 4;

const NOTHING = Buffer.alloc(0);

/** A record while it is put together. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The bytes are not what was written. */
export class LogRecordDamagedError extends Error {
  override readonly name = 'LogRecordDamagedError';
}

/** A record of a type or format that this version does not know: the replica must stop, or it would diverge. */
export class UnknownRecordTypeError extends Error {
  override readonly name = 'UnknownRecordTypeError';
}

/** The record's bytes, which end in their CRC-32. */
export function encodeLogRecord(record: LogRecord, digest: Digest): Buffer {
  const { request, oldImage, newValue, key, payload } = record;
  const identityLength = Buffer.byteLength(record.identity.name, 'utf8');
  assert(identityLength <= 0xffff, 'the name of an identity is too long');
  const oldImageLength = oldImage === undefined ? 0 : oldImage.length;
  const newValueLength = newValue === undefined ? 0 : newValue.length;
  const length = FIXED_BYTES + identityLength + key.length + oldImageLength + newValueLength + payload.length + CHECKSUM_BYTES;
  const bytes = Buffer.allocUnsafe(length);
  bytes[AT_FORMAT] = LOG_RECORD_FORMAT;
  bytes[AT_TYPE] = LOG_RECORD_TYPE_NUMBERS[record.type];
  bytes[AT_FLAGS] =
    (request === undefined ? 0 : FLAG_REQUEST) |
    (oldImage === undefined ? 0 : FLAG_OLD_IMAGE) |
    (newValue === undefined ? 0 : FLAG_NEW_VALUE) |
    (record.identity.kind === 'service' ? FLAG_SERVICE : 0);
  bytes[AT_CHANGE] = CHANGE_NUMBERS[record.change];
  writeSafeInteger(bytes, record.timeMs, AT_TIME);
  writeSafeInteger(bytes, request === undefined ? 0 : request.life, AT_REQUEST_LIFE);
  writeSafeInteger(bytes, request === undefined ? 0 : request.number, AT_REQUEST_NUMBER);
  bytes.writeUInt32BE(record.oldSize, AT_OLD_SIZE);
  bytes.writeUInt16BE(identityLength, AT_IDENTITY_LENGTH);
  bytes.writeUInt32BE(key.length, AT_KEY_LENGTH);
  bytes.writeUInt32BE(oldImageLength, AT_OLD_IMAGE_LENGTH);
  bytes.writeUInt32BE(newValueLength, AT_NEW_VALUE_LENGTH);
  bytes.writeUInt32BE(payload.length, AT_PAYLOAD_LENGTH);
  let at = FIXED_BYTES;
  at += bytes.write(record.identity.name, at, 'utf8');
  bytes.set(key, at);
  at += key.length;
  if (oldImage !== undefined) bytes.set(oldImage, at);
  at += oldImageLength;
  if (newValue !== undefined) bytes.set(newValue, at);
  at += newValueLength;
  bytes.set(payload, at);
  at += payload.length;
  bytes.writeUInt32BE(digest.crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * The record, its byte fields over the same memory. Throws LogRecordDamagedError when the checksum or a length is wrong, and
 * UnknownRecordTypeError when the bytes are whole but of a type, format or flag that this version does not know.
 */
export function decodeLogRecord(source: Uint8Array, digest: Digest): LogRecord {
  const bytes = asBuffer(source);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < FIXED_BYTES) throw new LogRecordDamagedError(`a log record of ${bytes.length} bytes`);
  if (digest.crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw new LogRecordDamagedError('checksum of a log record');
  const type = knownType(bytes);
  const flags = bytes[AT_FLAGS] as number;
  const identityEnd = FIXED_BYTES + bytes.readUInt16BE(AT_IDENTITY_LENGTH);
  const keyEnd = identityEnd + bytes.readUInt32BE(AT_KEY_LENGTH);
  const oldImageEnd = keyEnd + bytes.readUInt32BE(AT_OLD_IMAGE_LENGTH);
  const newValueEnd = oldImageEnd + bytes.readUInt32BE(AT_NEW_VALUE_LENGTH);
  const change = CHANGES[bytes[AT_CHANGE] as number];
  if (newValueEnd + bytes.readUInt32BE(AT_PAYLOAD_LENGTH) !== end || change === undefined) {
    throw new LogRecordDamagedError('lengths of a log record');
  }
  const record: Mutable<LogRecord> = {
    type,
    timeMs: readSafeInteger(bytes, AT_TIME),
    change,
    identity: {
      kind: (flags & FLAG_SERVICE) === 0 ? 'user' : 'service',
      name: bytes.toString('utf8', FIXED_BYTES, identityEnd),
    },
    oldSize: bytes.readUInt32BE(AT_OLD_SIZE),
    key: bytes.subarray(identityEnd, keyEnd),
    payload: newValueEnd === end ? NOTHING : bytes.subarray(newValueEnd, end),
  };
  // Assigned one by one: spreading what may be absent costs more, and this runs for every record.
  if ((flags & FLAG_REQUEST) !== 0) {
    record.request = { life: readSafeInteger(bytes, AT_REQUEST_LIFE), number: readSafeInteger(bytes, AT_REQUEST_NUMBER) };
  }
  if ((flags & FLAG_OLD_IMAGE) !== 0) record.oldImage = bytes.subarray(keyEnd, oldImageEnd);
  if ((flags & FLAG_NEW_VALUE) !== 0) record.newValue = bytes.subarray(oldImageEnd, newValueEnd);
  return record;
}

function knownType(bytes: Buffer): LogRecordType {
  if (bytes[AT_FORMAT] !== LOG_RECORD_FORMAT) throw new UnknownRecordTypeError(`log record of format ${bytes[AT_FORMAT]}`);
  const type = TYPES_BY_NUMBER[bytes[AT_TYPE] as number];
  if (type === undefined) throw new UnknownRecordTypeError(`log record of type ${bytes[AT_TYPE]}`);
  if (((bytes[AT_FLAGS] as number) & ~KNOWN_FLAGS) !== 0) throw new UnknownRecordTypeError(`log record with flags ${bytes[AT_FLAGS]}`);
  return type;
}
