import { asBuffer } from '../base/bytes.ts';
import type { Slot } from '../base/ids.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';
import type { Digest } from '../env/digest.ts';
import { CHUNK_KIND, type ChunkPlace } from './wal-keys.ts';

/**
 * A chunk holds the records of one group in one batch, or a part of them. It repeats its key, names its batch, and holds
 * the checksum of the chunk before it: a chunk that is missing, stale or misplaced breaks this chain.
 */
export interface ChunkDescription extends ChunkPlace {
  readonly batch: number;
  /** Checksum of the chunk before; 0 when the log began with this one. */
  readonly previousChecksum: number;
}

export interface DecodedChunk extends ChunkDescription {
  readonly checksum: number;
  /** Slot of the newest record in it. */
  readonly last: Slot;
  readonly bytes: Buffer;
}

const CHUNK_FORMAT = 1;

/** Where the fields are; README.md has the same table. */
const AT_KIND = 0;
const AT_FORMAT = 1;
const AT_GROUP = 2;
const AT_LIFE = AT_GROUP + 4;
const AT_FIRST = AT_LIFE + 8;
const AT_BATCH = AT_FIRST + 8;
const AT_PREVIOUS = AT_BATCH + 8;
const AT_COUNT = AT_PREVIOUS + 4;
const AT_LENGTHS = AT_COUNT + 4;
const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 4;

/** Bytes of a chunk without its records. */
const FIXED_BYTES = AT_LENGTHS + CHECKSUM_BYTES;

/** The chunk of records[from] to records[to - 1], whose bytes sum up to `recordBytes`. Its checksum is its last four bytes. */
export function encodeChunk(
  chunk: ChunkDescription,
  records: readonly Uint8Array[],
  from: number,
  to: number,
  recordBytes: number,
  digest: Digest,
): Buffer {
  const count = to - from;
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + count * LENGTH_BYTES + recordBytes);
  bytes[AT_KIND] = CHUNK_KIND;
  bytes[AT_FORMAT] = CHUNK_FORMAT;
  bytes.writeUInt32BE(chunk.group, AT_GROUP);
  writeSafeInteger(bytes, chunk.life, AT_LIFE);
  writeSafeInteger(bytes, chunk.first, AT_FIRST);
  writeSafeInteger(bytes, chunk.batch, AT_BATCH);
  bytes.writeUInt32BE(chunk.previousChecksum, AT_PREVIOUS);
  bytes.writeUInt32BE(count, AT_COUNT);
  let lengthAt = AT_LENGTHS;
  let at = AT_LENGTHS + count * LENGTH_BYTES;
  for (let record = from; record < to; record++) {
    const source = records[record] as Uint8Array;
    lengthAt = bytes.writeUInt32BE(source.length, lengthAt);
    bytes.set(source, at);
    at += source.length;
  }
  bytes.writeUInt32BE(digest.crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** The CRC-32 at the end of a chunk, not verified. */
export function chunkChecksum(bytes: Buffer): number {
  return bytes.readUInt32BE(bytes.length - CHECKSUM_BYTES);
}

/** The verified chunk; undefined when the bytes are not those written under this key. */
export function decodeChunk(source: Uint8Array, place: ChunkPlace, digest: Digest): DecodedChunk | undefined {
  const bytes = asBuffer(source);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < AT_LENGTHS || bytes[AT_KIND] !== CHUNK_KIND || bytes[AT_FORMAT] !== CHUNK_FORMAT) return undefined;
  const checksum = bytes.readUInt32BE(end);
  if (digest.crc32(bytes.subarray(0, end)) !== checksum) return undefined;
  const { group, life, first } = place;
  if (bytes.readUInt32BE(AT_GROUP) !== group) return undefined;
  if (readSafeInteger(bytes, AT_LIFE) !== life || readSafeInteger(bytes, AT_FIRST) !== first) return undefined;
  const batch = readSafeInteger(bytes, AT_BATCH);
  const last = first + bytes.readUInt32BE(AT_COUNT) - 1;
  return { group, life, first, batch, previousChecksum: bytes.readUInt32BE(AT_PREVIOUS), checksum, last, bytes };
}

/** Pushes the records of slots first..last, as far as the chunk has them, onto `into`, over the chunk's memory. */
export function recordsOfChunk(chunk: DecodedChunk, first: Slot, last: Slot, into: Uint8Array[]): void {
  const count = chunk.last - chunk.first + 1;
  let at = AT_LENGTHS + count * LENGTH_BYTES;
  for (let record = 0; record < count; record++) {
    const slot = chunk.first + record;
    if (slot > last) return;
    const end = at + chunk.bytes.readUInt32BE(AT_LENGTHS + record * LENGTH_BYTES);
    if (slot >= first) into.push(chunk.bytes.subarray(at, end));
    at = end;
  }
}
