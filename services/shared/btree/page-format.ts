import { KIB } from '../base/units.ts';
import { asBuffer } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import { PageDamagedError } from './errors.ts';

/**
 * What all stored pages share: a header of 16 bytes. README.md draws every format byte by byte.
 *
 *   0  u32  CRC-32 of everything behind it
 *   4  u8   format version
 *   5  u8   level: 0 leaf, 1 to 31 interior, 255 overflow value
 *   6  u16  entries of a leaf, children of an interior page, 0 of an overflow page
 *   8  u64  the page's own id, so that a page found under another's key is known
 */
export const PAGE_FORMAT_VERSION = 1;
export const PAGE_HEADER_BYTES = 16;

/** A page with more than one entry is split when it grows beyond this. */
export const PAGE_BYTES = 4 * KIB;

/** Values up to this length lie in the leaf; longer ones have an overflow page of their own. Items of 900 bytes stay in the leaf. */
export const INLINE_VALUE_BYTES_MAX = 1536;

/** A table key with all its escapes (2,048 and 1,024 bytes) followed by another, as indexes have it, stays under this. */
export const KEY_BYTES_MAX = 16 * KIB;

export const LEAF_LEVEL = 0;
export const INTERIOR_LEVEL_MAX = 31;
export const OVERFLOW_LEVEL = 255;

const VERSION_OFFSET = 4;
const LEVEL_OFFSET = 5;
const COUNT_OFFSET = 6;
const ID_OFFSET = 8;

/** Fills everything of the header but the checksum, which sealPage writes. */
export function writePageHeader(image: Buffer, level: number, count: number, id: number): void {
  image[VERSION_OFFSET] = PAGE_FORMAT_VERSION;
  image[LEVEL_OFFSET] = level;
  image.writeUInt16BE(count, COUNT_OFFSET);
  image.writeUInt32BE(Math.floor(id / 0x1_0000_0000), ID_OFFSET);
  image.writeUInt32BE(id >>> 0, ID_OFFSET + 4);
}

export function pageLevel(image: Buffer): number {
  return image[LEVEL_OFFSET] as number;
}

export function pageCount(image: Buffer): number {
  return ((image[COUNT_OFFSET] as number) << 8) | (image[COUNT_OFFSET + 1] as number);
}

/** Puts the checksum in front. Also used for the other records of the store, which begin with a CRC-32 in the same way. */
export function seal(image: Buffer, digest: Digest): Buffer {
  image.writeUInt32BE(digest.crc32(image.subarray(4)), 0);
  return image;
}

/** True when the checksum in front is that of the rest. */
export function sealHolds(image: Buffer, digest: Digest): boolean {
  return image.length >= 4 && image.readUInt32BE(0) === digest.crc32(image.subarray(4));
}

/** The stored bytes as a page image, with checksum, version, id and level verified. Throws PageDamagedError. */
export function verifiedPage(bytes: Uint8Array | undefined, treeId: number, id: number, level: number, digest: Digest): Buffer {
  if (bytes === undefined) throw new PageDamagedError(treeId, id, 'missing');
  const image = asBuffer(bytes);
  if (image.length < PAGE_HEADER_BYTES) throw new PageDamagedError(treeId, id, 'shorter than a header');
  if (!sealHolds(image, digest)) throw new PageDamagedError(treeId, id, 'checksum differs');
  if (image[VERSION_OFFSET] !== PAGE_FORMAT_VERSION)
    throw new PageDamagedError(treeId, id, `unknown format version ${image[VERSION_OFFSET]}`);
  const storedId = image.readUInt32BE(ID_OFFSET) * 0x1_0000_0000 + image.readUInt32BE(ID_OFFSET + 4);
  if (storedId !== id) throw new PageDamagedError(treeId, id, `holds page ${storedId}`);
  if (pageLevel(image) !== level) throw new PageDamagedError(treeId, id, `level ${pageLevel(image)} where ${level} belongs`);
  return image;
}
