import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import { stateHashText } from '../../shared/btree/state-hash.ts';

/**
 * What log records of the type `state-hash` say. All that is decided about copies that differ stands in the log itself: so every
 * replica hears of it once, in order, whoever leads, and nothing that is lost, repeated or late can rebuild a replica twice.
 *
 * - `mark`: each replica keeps its state hash as of this slot and tells the leader. The record also carries the proposer's hash
 *   as of the mark before, at `slot` (0: none): with writes under way a leader cannot know what its hash will be at the record
 *   that it proposes, but every replica can compare the one before.
 * - `verdict`: at the mark at `slot` a majority had `hash` and `replica` had another: it gives its tree up.
 * - `halt`: at the mark at `slot` no majority agreed: nobody answers any more.
 * - `resume`: at the mark at `slot` all agreed: behind a halt all answer again, and copies that had come from other replicas
 *   before the mark are witnesses of their own from there on.
 */
export type StateHashRecord =
  | { readonly kind: 'mark'; readonly slot: Slot; readonly hash: string }
  | { readonly kind: 'verdict'; readonly slot: Slot; readonly replica: ReplicaId; readonly hash: string }
  | { readonly kind: 'halt'; readonly slot: Slot }
  | { readonly kind: 'resume'; readonly slot: Slot };

/** Numbers on disk: never changed, never reused. */
export const STATE_HASH_KIND_NUMBERS = { mark: 1, verdict: 2, halt: 3, resume: 4 } as const;

const FORMAT = 1;
const RECORD_BYTES = 22;
export const NO_HASH = '0'.repeat(16);

/** Payload of the log record: format (1, of value 1), kind (1), slot (8), replica (4, else 0), state hash (8, else 0). */
export function encodeStateHashRecord(record: StateHashRecord): Buffer {
  const writer = new ByteWriter(RECORD_BYTES);
  writer.u8(FORMAT).u8(STATE_HASH_KIND_NUMBERS[record.kind]).u64(record.slot);
  writer.u32(record.kind === 'verdict' ? record.replica : 0);
  writeStateHash(writer, record.kind === 'mark' || record.kind === 'verdict' ? record.hash : NO_HASH);
  return writer.finish();
}

/** Throws MalformedBytesError for a form or kind that this version does not know: the replica must stop, or it would diverge. */
export function decodeStateHashRecord(payload: Uint8Array): StateHashRecord {
  const reader = new ByteReader(payload);
  const format = reader.u8();
  if (format !== FORMAT) throw new MalformedBytesError(`state-hash record of format ${format}; this version knows ${FORMAT}`);
  const kind = reader.u8();
  const slot = reader.u64();
  const replica = reader.u32();
  const hash = readStateHash(reader);
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind a state-hash record');
  switch (kind) {
    case STATE_HASH_KIND_NUMBERS.mark:
      return { kind: 'mark', slot, hash };
    case STATE_HASH_KIND_NUMBERS.verdict:
      return { kind: 'verdict', slot, replica, hash };
    case STATE_HASH_KIND_NUMBERS.halt:
      return { kind: 'halt', slot };
    case STATE_HASH_KIND_NUMBERS.resume:
      return { kind: 'resume', slot };
    default:
      throw new MalformedBytesError(`state-hash record of kind ${kind}`);
  }
}

/** Sixteen hexadecimal digits as eight bytes. */
export function writeStateHash(writer: ByteWriter, hash: string): void {
  writer.u32(Number.parseInt(hash.slice(0, 8), 16)).u32(Number.parseInt(hash.slice(8), 16));
}

export function readStateHash(reader: ByteReader): string {
  return stateHashText(reader.u32(), reader.u32());
}
