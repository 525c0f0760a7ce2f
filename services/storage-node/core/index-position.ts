import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';

/**
 * What a record of type `index-position` carries: a partition of a global index goes from one slot of a source to a later one,
 * with all that changed for it between them. README.md has the format.
 */
export interface IndexPosition {
  /** Group of the table's partition. */
  readonly source: GroupId;
  readonly previous: Slot;
  readonly slot: Slot;
  /** The index partition may not know the source; then it begins at `previous`. */
  readonly opens: boolean;
  /** In order: of a key the last one counts. */
  readonly changes: readonly IndexChange[];
}

const FLAG_OPENS = 1;
const CHANGE_DELETE = 0;
const CHANGE_PUT = 1;
const FIXED_BYTES = 32;

export function encodeIndexPosition({ source, previous, slot, opens, changes }: IndexPosition): Buffer {
  const bytes = changes.reduce((sum, { key, value }) => sum + 9 + key.length + (value?.length ?? 0), FIXED_BYTES);
  const writer = new ByteWriter(bytes);
  writer
    .u32(source)
    .u64(previous)
    .u64(slot)
    .u8(opens ? FLAG_OPENS : 0);
  writer.u32(changes.length);
  for (const { key, value } of changes) {
    writer.u8(value === undefined ? CHANGE_DELETE : CHANGE_PUT).bytes(key);
    if (value !== undefined) writer.bytes(value);
  }
  return writer.finish();
}

/** Keys and values lie over the same memory. Throws MalformedBytesError for anything that encodeIndexPosition did not write. */
export function decodeIndexPosition(payload: Uint8Array): IndexPosition {
  const reader = new ByteReader(payload);
  const source = reader.u32();
  const previous = reader.u64();
  const slot = reader.u64();
  const flags = reader.u8();
  if (flags > FLAG_OPENS) throw new MalformedBytesError(`an index position with flags ${flags}`);
  const count = reader.u32();
  const changes: IndexChange[] = [];
  for (let at = 0; at < count; at++) {
    const kind = reader.u8();
    const key = reader.bytes();
    if (kind === CHANGE_PUT) changes.push({ key, value: reader.bytes() });
    else if (kind === CHANGE_DELETE) changes.push({ key });
    else throw new MalformedBytesError(`an index change of kind ${kind}`);
  }
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind an index position');
  return { source, previous, slot, opens: flags === FLAG_OPENS, changes };
}
