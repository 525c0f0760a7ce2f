import { ByteReader, MalformedBytesError } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import type { Digest } from '../env/digest.ts';
import { PageDamagedError, UnknownTreeFormatError } from './errors.ts';
import { PAGE_FORMAT_VERSION, seal, sealHolds } from './page-format.ts';
import { stateHashText } from './state-hash.ts';
import { PageReference } from './totals.ts';

/** A tree as it was when its last checkpoint was written. */
export interface TreeHeader {
  readonly treeId: number;
  /** What the owner gave with the checkpoint: applied slot, configuration and so on. */
  readonly meta: Uint8Array;
  readonly items: number;
  readonly itemBytes: number;
  /** Sixteen hexadecimal digits. */
  readonly stateHash: string;
}

/** The header with the way to the pages. */
export interface StoredTree extends TreeHeader {
  readonly root: PageReference;
  readonly rootLevel: number;
}

export function storedTree(treeId: number, root: PageReference, rootLevel: number, meta: Uint8Array): StoredTree {
  return {
    treeId,
    root: new PageReference(root.id, root),
    rootLevel,
    meta: Uint8Array.from(meta),
    items: root.items,
    itemBytes: root.itemBytes,
    stateHash: stateHashText(root.hashA, root.hashB),
  };
}

export function encodeTree(tree: StoredTree, digest: Digest): Buffer {
  const root = tree.root;
  const writer = new ByteWriter(64 + tree.meta.length);
  writer.u32(0).u8(PAGE_FORMAT_VERSION).u8(tree.rootLevel).u64(tree.treeId);
  writer
    .u64(root.id)
    .u64(root.items)
    .u64(root.itemBytes)
    .u32(root.hashA >>> 0)
    .u32(root.hashB >>> 0);
  writer.bytes(tree.meta);
  return seal(writer.finish(), digest);
}

/** Throws PageDamagedError (page 0) when the bytes are not a header of this tree. */
export function decodeTree(treeId: number, bytes: Uint8Array, digest: Digest): StoredTree {
  return decodeRecord(treeId, bytes, digest, (reader) => {
    const rootLevel = reader.u8();
    const storedId = reader.u64();
    if (storedId !== treeId) throw new PageDamagedError(treeId, 0, `header of tree ${storedId}`);
    const rootId = reader.u64();
    const totals = { items: reader.u64(), itemBytes: reader.u64(), hashA: reader.u32() | 0, hashB: reader.u32() | 0 };
    return storedTree(treeId, new PageReference(rootId, totals), rootLevel, reader.bytes());
  });
}

export function encodeNode(nextPageId: number, digest: Digest): Buffer {
  return seal(new ByteWriter(16).u32(0).u8(PAGE_FORMAT_VERSION).u64(nextPageId).finish(), digest);
}

/** The least page id never given out. */
export function decodeNode(bytes: Uint8Array, digest: Digest): number {
  return decodeRecord(0, bytes, digest, (reader) => reader.u64());
}

/** Pages from `first` (included) to `end` (excluded). */
export interface PageRange {
  readonly first: number;
  readonly end: number;
}

export function encodeRanges(ranges: readonly PageRange[], digest: Digest): Buffer {
  const writer = new ByteWriter(16 + 16 * ranges.length).u32(0).u8(PAGE_FORMAT_VERSION).u32(ranges.length);
  for (const range of ranges) writer.u64(range.first).u64(range.end);
  return seal(writer.finish(), digest);
}

export function decodeRanges(bytes: Uint8Array, digest: Digest): PageRange[] {
  return decodeRecord(0, bytes, digest, (reader) => {
    const ranges: PageRange[] = [];
    for (let left = reader.u32(); left > 0; left--) ranges.push({ first: reader.u64(), end: reader.u64() });
    return ranges;
  });
}

/** Pages of a tree that was removed or replaced, from their root down. */
export interface Garbage {
  readonly treeId: number;
  readonly rootId: number;
  readonly rootLevel: number;
}

export function encodeGarbage(garbage: Garbage, digest: Digest): Buffer {
  const writer = new ByteWriter(32).u32(0).u8(PAGE_FORMAT_VERSION).u8(garbage.rootLevel).u64(garbage.treeId).u64(garbage.rootId);
  return seal(writer.finish(), digest);
}

export function decodeGarbage(bytes: Uint8Array, digest: Digest): Garbage {
  return decodeRecord(0, bytes, digest, (reader) => {
    const rootLevel = reader.u8();
    return { rootLevel, treeId: reader.u64(), rootId: reader.u64() };
  });
}

function decodeRecord<T>(treeId: number, bytes: Uint8Array, digest: Digest, decode: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  try {
    reader.u32();
    if (!sealHolds(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), digest)) {
      throw new PageDamagedError(treeId, 0, 'checksum differs');
    }
    const version = reader.u8();
    if (version !== PAGE_FORMAT_VERSION) throw new UnknownTreeFormatError(`a record of the tree store has format version ${version}`);
    const record = decode(reader);
    // Records do not say their kind: one that a disk put in the place of another has another length.
    if (reader.remaining > 0) throw new PageDamagedError(treeId, 0, `${reader.remaining} bytes too many`);
    return record;
  } catch (error) {
    if (error instanceof MalformedBytesError) throw new PageDamagedError(treeId, 0, error.message);
    throw error;
  }
}
