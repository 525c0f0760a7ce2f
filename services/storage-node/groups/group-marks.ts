import { ByteReader } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { GroupId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import { readStateHash, writeStateHash } from '../core/state-hash-record.ts';

/** A replica's state hash right after it applied the mark at `slot`. */
export interface Mark {
  readonly slot: Slot;
  /** Sixteen hexadecimal digits (btree/state-hash.ts). */
  readonly hash: string;
  /** The replica that the copy came from, unless all copies were found equal since. */
  readonly origin?: ReplicaId;
}

/** The mark of one group, as answers to heartbeats carry it: group 32 bits, slot 64 bits, state hash 64 bits; few have an origin. */
export interface GroupMark extends Mark {
  readonly group: GroupId;
}

const GROUP_MARK_BYTES = 20;
const ORIGIN_BYTES = 8;

export function encodeGroupMarks(marks: readonly GroupMark[]): Buffer {
  const writer = new ByteWriter(marks.length * GROUP_MARK_BYTES);
  for (const { group, slot, hash } of marks) writeStateHash(writer.u32(group).u64(slot), hash);
  return writer.finish();
}

/** Throws MalformedBytesError on a length that is no multiple of twenty. */
export function decodeGroupMarks(bytes: Uint8Array): GroupMark[] {
  const reader = new ByteReader(bytes);
  const marks: GroupMark[] = [];
  while (reader.remaining > 0) marks.push({ group: reader.u32(), slot: reader.u64(), hash: readStateHash(reader) });
  return marks;
}

/** The origins of these marks, which travel beside them: group 32 bits, replica 32 bits. */
export function encodeOrigins(marks: readonly GroupMark[]): Buffer {
  const told = marks.filter(({ origin }) => origin !== undefined);
  const writer = new ByteWriter(told.length * ORIGIN_BYTES);
  for (const { group, origin = 0 } of told) writer.u32(group).u32(origin);
  return writer.finish();
}

/** Throws MalformedBytesError on a length that is no multiple of eight. */
export function decodeOrigins(bytes: Uint8Array): Map<GroupId, ReplicaId> {
  const reader = new ByteReader(bytes);
  const origins = new Map<GroupId, ReplicaId>();
  while (reader.remaining > 0) origins.set(reader.u32(), reader.u32());
  return origins;
}
