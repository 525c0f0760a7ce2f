import type { GroupId, Slot } from '../base/ids.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';

/**
 * Keys of the WAL store. The first byte, which is also the first byte of the value, says what lies there; between a group's header and its witness lie all chunks, so
 * that damage to one block of the store does not reach both.
 */
export const DIRECTORY_KIND = 0x10;
export const WITNESS_KIND = 0x20;
export const CHUNK_KIND = 0x30;
export const HEADER_KIND = 0x40;

/** A chunk's place: the group, the life of its log (the batch that created it), the slot of the chunk's first record. */
export interface ChunkPlace {
  readonly group: GroupId;
  readonly life: number;
  readonly first: Slot;
}

const CHUNK_KEY_BYTES = 1 + 4 + 8 + 8;
const GROUP_KEY_BYTES = 1 + 4;

/** The one key of the list of groups. */
export const DIRECTORY_KEY: Buffer = Buffer.from([DIRECTORY_KIND]);

export const WITNESS_RANGE = { low: Buffer.from([WITNESS_KIND]), high: Buffer.from([WITNESS_KIND + 1]) };
export const CHUNK_RANGE = { low: Buffer.from([CHUNK_KIND]), high: Buffer.from([CHUNK_KIND + 1]) };
export const HEADER_RANGE = { low: Buffer.from([HEADER_KIND]), high: Buffer.from([HEADER_KIND + 1]) };

export function headerKey(group: GroupId): Buffer {
  return groupKey(HEADER_KIND, group);
}

export function witnessKey(group: GroupId): Buffer {
  return groupKey(WITNESS_KIND, group);
}

/** The group of a header's or a witness's key; undefined when the key is no such key. */
export function groupOfKey(key: Buffer): GroupId | undefined {
  return key.length === GROUP_KEY_BYTES ? key.readUInt32BE(1) : undefined;
}

export function chunkKey(group: GroupId, life: number, first: Slot): Buffer {
  const key = Buffer.allocUnsafe(CHUNK_KEY_BYTES);
  key[0] = CHUNK_KIND;
  key.writeUInt32BE(group, 1);
  writeSafeInteger(key, life, 5);
  writeSafeInteger(key, first, 13);
  return key;
}

/** Undefined when the key is no chunk's key. */
export function chunkPlace(key: Buffer): ChunkPlace | undefined {
  if (key.length !== CHUNK_KEY_BYTES) return undefined;
  return { group: key.readUInt32BE(1), life: readSafeInteger(key, 5), first: readSafeInteger(key, 13) };
}

function groupKey(kind: number, group: GroupId): Buffer {
  const key = Buffer.allocUnsafe(GROUP_KEY_BYTES);
  key[0] = kind;
  key.writeUInt32BE(group, 1);
  return key;
}
