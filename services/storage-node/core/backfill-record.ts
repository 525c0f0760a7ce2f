import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';

/**
 * What a record of type `backfill` carries: the entries that a new global index has for the items of a range of keys, as they
 * are just before this record in the log. So they are in order with the writes that the index is fed. README.md has the format.
 */
export interface BackfillChunk {
  readonly indexId: string;
  /** The range begins here, where the chunk before ended. */
  readonly from: Uint8Array;
  /** Where the next one begins; undefined: this was the last one. */
  readonly next: Uint8Array | undefined;
  /** Items looked at since the beginning, those of this chunk included. */
  readonly items: number;
  /** Puts. */
  readonly entries: readonly Required<IndexChange>[];
}

const NOTHING = new Uint8Array(0);

export function encodeBackfillChunk({ indexId, from, next, items, entries }: BackfillChunk): Buffer {
  const bytes = entries.reduce((sum, { key, value }) => sum + 8 + key.length + value.length, 128 + from.length + (next?.length ?? 0));
  const writer = new ByteWriter(bytes);
  writer
    .text(indexId)
    .bytes(from)
    .u8(next === undefined ? 0 : 1)
    .bytes(next ?? NOTHING);
  writer.u64(items).u32(entries.length);
  for (const { key, value } of entries) writer.bytes(key).bytes(value);
  return writer.finish();
}

/** Bytes lie over the same memory. Throws MalformedBytesError for anything that encodeBackfillChunk did not write. */
export function decodeBackfillChunk(payload: Uint8Array): BackfillChunk {
  const reader = new ByteReader(payload);
  const indexId = reader.text();
  const from = reader.bytes();
  const goesOn = reader.u8();
  const next = reader.bytes();
  if (goesOn > 1 || (goesOn === 0 && next.length > 0)) throw new MalformedBytesError('the end of a backfill chunk');
  const items = reader.u64();
  const entries: Required<IndexChange>[] = [];
  for (let left = reader.u32(); left > 0; left--) entries.push({ key: reader.bytes(), value: reader.bytes() });
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind a backfill chunk');
  return { indexId, from, next: goesOn === 1 ? next : undefined, items, entries };
}
