import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import { compareBytes, equalBytes } from '../../shared/base/bytes.ts';
import { expiryPlace } from '../../shared/item/expiry.ts';
import { EXPIRY_SPACE, LOCAL_SPACE_LOW, localKey } from '../../shared/item/local-space.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';

/**
 * How far a partition is with the entries of items that expire. A new attribute begins a generation of its own, whose entries
 * have keys of their own: writes derive them from that slot on, ranges of the items that were there get theirs by records, and
 * what is left of earlier generations goes by records, too. Nobody looks at it meanwhile.
 */
export interface ExpiryProgress {
  /** Version of the settings that named the attribute of now, or that took the last one away. */
  readonly generation: number;
  /** Items below this key have their entries; LOCAL_SPACE_LOW: all have. */
  readonly derivedTo: Uint8Array;
  /** Entries of earlier generations below this key are gone; at `expiryPlace(generation, 0)` all are. */
  readonly droppedTo: Uint8Array;
}

/**
 * What log records of the type `expiry-range` say. They name ranges, for what lies in them is the same at each replica.
 *
 * - `derive`: the items with low <= key < high get their entries in this generation.
 * - `drop`: the entries with low <= key < high, all of earlier generations, go.
 */
export interface ExpiryRange {
  readonly kind: 'derive' | 'drop';
  /** The record says nothing once another one has begun. */
  readonly generation: number;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** Numbers on disk: never changed, never reused. */
export const EXPIRY_RANGE_KIND_NUMBERS = { derive: 1, drop: 2 } as const;

const FORMAT = 1;
const FIRST_KEY = new Uint8Array(0);
const SPACE_LOW = localKey(EXPIRY_SPACE, FIRST_KEY);

/** What becomes of the progress when settings take the place of others. */
export function expiryAfterSettings(
  progress: ExpiryProgress | undefined,
  before: PartitionSettings | undefined,
  next: PartitionSettings,
): ExpiryProgress | undefined {
  if (before?.ttlAttribute === next.ttlAttribute) return progress;
  const { version: generation } = next;
  const droppedTo = progress === undefined ? expiryPlace(generation, 0) : SPACE_LOW;
  return { generation, derivedTo: next.ttlAttribute === undefined ? LOCAL_SPACE_LOW : FIRST_KEY, droppedTo };
}

/** All items have their entries. */
export function isDerived({ derivedTo }: ExpiryProgress): boolean {
  return compareBytes(derivedTo, LOCAL_SPACE_LOW) >= 0;
}

/** Nothing is left of earlier generations. */
export function isDropped({ droppedTo, generation }: ExpiryProgress): boolean {
  return compareBytes(droppedTo, expiryPlace(generation, 0)) >= 0;
}

/** The record goes on where the progress stands. Any other one was meant for another moment, and changes nothing. */
export function isNextRange(progress: ExpiryProgress | undefined, { kind, generation, low }: ExpiryRange): boolean {
  if (progress?.generation !== generation) return false;
  return equalBytes(low, kind === 'derive' ? progress.derivedTo : progress.droppedTo);
}

/** What becomes of the progress when everything in the range, which is the next one, is done. */
export function expiryAfterRange(progress: ExpiryProgress, { kind, high }: ExpiryRange): ExpiryProgress {
  return kind === 'derive' ? { ...progress, derivedTo: Buffer.from(high) } : { ...progress, droppedTo: Buffer.from(high) };
}

/** Payload of the log record: format (1, of value 1), kind (1), generation (4), low (4 + n), high (4 + n). */
export function encodeExpiryRange({ kind, generation, low, high }: ExpiryRange): Buffer {
  const writer = new ByteWriter(low.length + high.length + 16);
  writer.u8(FORMAT).u8(EXPIRY_RANGE_KIND_NUMBERS[kind]).u32(generation).bytes(low).bytes(high);
  return writer.finish();
}

/** Throws MalformedBytesError for a form or kind that this version does not know: the replica must stop, or it would diverge. */
export function decodeExpiryRange(payload: Uint8Array): ExpiryRange {
  const reader = new ByteReader(payload);
  const format = reader.u8();
  if (format !== FORMAT) throw new MalformedBytesError(`expiry record of format ${format}; this version knows ${FORMAT}`);
  const kind = readKind(reader.u8());
  const range = { kind, generation: reader.u32(), low: reader.bytes(), high: reader.bytes() };
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind an expiry record');
  return range;
}

function readKind(number: number): ExpiryRange['kind'] {
  if (number === EXPIRY_RANGE_KIND_NUMBERS.derive) return 'derive';
  if (number === EXPIRY_RANGE_KIND_NUMBERS.drop) return 'drop';
  throw new MalformedBytesError(`expiry record of kind ${number}`);
}

/** Flag "there is any" (1), generation (4), derived to (4 + n), dropped to (4 + n). */
export function writeExpiryProgress(writer: ByteWriter, progress: ExpiryProgress | undefined): void {
  writer.u8(progress === undefined ? 0 : 1).u32(progress?.generation ?? 0);
  writer.bytes(progress?.derivedTo ?? FIRST_KEY).bytes(progress?.droppedTo ?? FIRST_KEY);
}

export function readExpiryProgress(reader: ByteReader): ExpiryProgress | undefined {
  const isThere = reader.u8() === 1;
  const generation = reader.u32();
  const derivedTo = Buffer.from(reader.bytes());
  const droppedTo = Buffer.from(reader.bytes());
  return isThere ? { generation, derivedTo, droppedTo } : undefined;
}
