import { ByteReader } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';

/** A slot of one group, as heartbeats carry it: group 32 bits, slot 64 bits. */
export interface GroupSlot {
  readonly group: GroupId;
  readonly slot: Slot;
}

const GROUP_SLOT_BYTES = 12;

export function encodeGroupSlots(groupSlots: readonly GroupSlot[]): Buffer {
  const writer = new ByteWriter(groupSlots.length * GROUP_SLOT_BYTES);
  for (const { group, slot } of groupSlots) writer.u32(group).u64(slot);
  return writer.finish();
}

/** Throws MalformedBytesError on a length that is no multiple of twelve. */
export function decodeGroupSlots(bytes: Uint8Array): GroupSlot[] {
  const reader = new ByteReader(bytes);
  const groupSlots: GroupSlot[] = [];
  while (reader.remaining > 0) groupSlots.push({ group: reader.u32(), slot: reader.u64() });
  return groupSlots;
}
