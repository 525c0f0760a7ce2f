import { assert } from '../base/assert.ts';
import { compareKeyInside, compareKeys } from './key-order.ts';
import { LEAF_LEVEL, PAGE_BYTES, PAGE_HEADER_BYTES, pageCount, writePageHeader } from './page-format.ts';
import { hashShareA, hashShareB } from './state-hash.ts';
import type { Totals } from './totals.ts';

/**
 * Leaves are kept in memory exactly as they are stored, one buffer each, because millions of small objects would cost the
 * garbage collector more than everything saved here. A leaf image is never changed, only replaced by another: slices of it
 * that a reader was given stay right, and a checkpoint under way keeps what it captured for nothing.
 *
 *   16  u16 × count  offset of each entry, in the order of the keys
 *   …   the entries, in the same order and without gaps:
 *         0  u16  key length
 *         2  u32  value length; the top bit says that the value lies in an overflow page
 *         6  u32  CRC-32 of the value, as its writer gave it
 *        10  u32  size in DynamoDB's accounting
 *        14  key, then the value or the eight bytes of the overflow page's id
 */
const ENTRY_HEADER_BYTES = 14;
const OVERFLOW_FLAG = 0x8000_0000;
const OVERFLOW_REFERENCE_BYTES = 8;

/** What a leaf stores for one key. Exactly one of `value` and `overflowId` counts: an id of 0 means that the value is here. */
export interface LeafEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly overflowId: number;
  readonly valueBytes: number;
  readonly checksum: number;
  readonly itemBytes: number;
}

export function emptyLeaf(id: number): Buffer {
  const image = Buffer.allocUnsafeSlow(PAGE_HEADER_BYTES);
  writePageHeader(image, LEAF_LEVEL, 0, id);
  return image;
}

/** Index of the key, or -1 - (the index at which it would stand). */
export function findEntry(image: Buffer, key: Uint8Array): number {
  let low = 0;
  let high = pageCount(image);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = entryOffset(image, middle);
    const order = compareKeyInside(image, at + ENTRY_HEADER_BYTES, keyLengthAt(image, at), key);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1 - low;
}

/** Index of the first entry whose key is not less. */
export function lowerBound(image: Buffer, key: Uint8Array): number {
  const found = findEntry(image, key);
  return found >= 0 ? found : -1 - found;
}

export function entryKey(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index) + ENTRY_HEADER_BYTES;
  return image.subarray(at, at + keyLengthAt(image, at - ENTRY_HEADER_BYTES));
}

/** The value, unless it lies in an overflow page. */
export function entryInlineValue(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index);
  const start = at + ENTRY_HEADER_BYTES + keyLengthAt(image, at);
  return image.subarray(start, start + valueWordAt(image, at));
}

/** Id of the entry's overflow page; 0 when the value lies in the leaf. */
export function entryOverflowId(image: Buffer, index: number): number {
  const at = entryOffset(image, index);
  if (valueWordAt(image, at) < OVERFLOW_FLAG) return 0;
  const start = at + ENTRY_HEADER_BYTES + keyLengthAt(image, at);
  return image.readUInt32BE(start) * 0x1_0000_0000 + image.readUInt32BE(start + 4);
}

export function entryValueBytes(image: Buffer, index: number): number {
  const word = valueWordAt(image, entryOffset(image, index));
  return word < OVERFLOW_FLAG ? word : word - OVERFLOW_FLAG;
}

export function entryChecksum(image: Buffer, index: number): number {
  return u32At(image, entryOffset(image, index) + 6);
}

export function entryItemBytes(image: Buffer, index: number): number {
  return u32At(image, entryOffset(image, index) + 10);
}

export function leafTotals(image: Buffer): Totals {
  const items = pageCount(image);
  let itemBytes = 0;
  let hashA = 0;
  let hashB = 0;
  for (let index = 0; index < items; index++) {
    const checksum = entryChecksum(image, index);
    itemBytes += entryItemBytes(image, index);
    hashA = (hashA + hashShareA(checksum)) | 0;
    hashB = (hashB + hashShareB(checksum)) | 0;
  }
  return { items, itemBytes, hashA, hashB };
}

/** Why the image cannot be a leaf; undefined when directory and lengths fit together. The checksum is verified before. */
export function leafDefect(image: Buffer): string | undefined {
  const count = pageCount(image);
  let expected = PAGE_HEADER_BYTES + 2 * count;
  if (expected > image.length) return 'directory longer than the page';
  for (let index = 0; index < count; index++) {
    const at = entryOffset(image, index);
    if (at !== expected) return `entry ${index} begins at ${at}, not at ${expected}`;
    if (at + ENTRY_HEADER_BYTES > image.length) return `entry ${index} ends beyond the page`;
    expected = at + storedBytesAt(image, at);
  }
  return expected === image.length ? undefined : `entries end at ${expected} of ${image.length} bytes`;
}

/** True when every key is greater than the one before. */
export function keysAscend(image: Buffer): boolean {
  for (let index = 1; index < pageCount(image); index++) {
    if (compareKeys(entryKey(image, index - 1), entryKey(image, index)) >= 0) return false;
  }
  return true;
}

/** The leaf with `removed` entries (0 or 1) at `index` replaced by the given one, if any. May be larger than a page. */
export function replaceEntry(image: Buffer, index: number, removed: number, entry: LeafEntry | undefined): Buffer {
  const count = pageCount(image);
  const start = entryEdge(image, count, index);
  const end = entryEdge(image, count, index + removed);
  const inserted = entry === undefined ? 0 : entryBytes(entry);
  const newCount = count - removed + (entry === undefined ? 0 : 1);
  const headShift = 2 * (newCount - count);
  const tailShift = headShift + inserted - (end - start);
  const replaced = Buffer.allocUnsafeSlow(image.length + tailShift);
  image.copy(replaced, 0, 0, PAGE_HEADER_BYTES);
  replaced.writeUInt16BE(newCount, 6);
  let directory = PAGE_HEADER_BYTES;
  for (let at = 0; at < index; at++) directory = writeU16(replaced, directory, entryOffset(image, at) + headShift);
  if (entry !== undefined) directory = writeU16(replaced, directory, start + headShift);
  for (let at = index + removed; at < count; at++) directory = writeU16(replaced, directory, entryOffset(image, at) + tailShift);
  image.copy(replaced, directory, PAGE_HEADER_BYTES + 2 * count, start);
  if (entry !== undefined) writeEntry(replaced, start + headShift, entry);
  image.copy(replaced, end + tailShift, end, image.length);
  return replaced;
}

/** A leaf of the entries from `from` (included) to `to` (excluded), under an id. */
export function sliceLeaf(image: Buffer, from: number, to: number, id: number): Buffer {
  const count = pageCount(image);
  const start = entryEdge(image, count, from);
  const end = entryEdge(image, count, to);
  const body = PAGE_HEADER_BYTES + 2 * (to - from);
  const slice = Buffer.allocUnsafeSlow(body + end - start);
  writePageHeader(slice, LEAF_LEVEL, to - from, id);
  let directory = PAGE_HEADER_BYTES;
  for (let at = from; at < to; at++) directory = writeU16(slice, directory, entryOffset(image, at) - start + body);
  image.copy(slice, body, start, end);
  return slice;
}

/** All entries of two neighbours, under the id of the left one. */
export function joinLeaves(left: Buffer, right: Buffer): Buffer {
  const leftCount = pageCount(left);
  const rightCount = pageCount(right);
  const joined = Buffer.allocUnsafeSlow(left.length + right.length - PAGE_HEADER_BYTES);
  left.copy(joined, 0, 0, PAGE_HEADER_BYTES);
  joined.writeUInt16BE(leftCount + rightCount, 6);
  const rightShift = left.length - PAGE_HEADER_BYTES;
  let directory = PAGE_HEADER_BYTES;
  for (let at = 0; at < leftCount; at++) directory = writeU16(joined, directory, entryOffset(left, at) + 2 * rightCount);
  for (let at = 0; at < rightCount; at++) directory = writeU16(joined, directory, entryOffset(right, at) + rightShift);
  left.copy(joined, directory, PAGE_HEADER_BYTES + 2 * leftCount, left.length);
  right.copy(joined, left.length + 2 * rightCount, PAGE_HEADER_BYTES + 2 * rightCount, right.length);
  return joined;
}

/**
 * Where to cut a leaf that has outgrown its page: the indexes at which the second and further pieces begin, none when it
 * fits. `insertedAt` is the index of an entry that continued an ascending run (else -1): then the cut is at the run, and
 * what is behind it stays full, since nothing comes there any more.
 */
export function leafCuts(image: Buffer, insertedAt: number): number[] {
  const cuts: number[] = [];
  cutRange(image, 0, pageCount(image), insertedAt, cuts);
  return cuts;
}

function cutRange(image: Buffer, from: number, to: number, insertedAt: number, cuts: number[]): void {
  if (to - from <= 1 || rangeBytes(image, from, to) <= PAGE_BYTES) return;
  const cut = insertedAt > from && insertedAt < to ? cutAtRun(image, from, to, insertedAt) : cutInHalf(image, from, to);
  cutRange(image, from, cut, -1, cuts);
  cuts.push(cut);
  cutRange(image, cut, to, -1, cuts);
}

/** Behind the inserted entry, or before it where it is the last or does not fit any more. */
function cutAtRun(image: Buffer, from: number, to: number, insertedAt: number): number {
  const behind = insertedAt + 1;
  return behind < to && rangeBytes(image, from, behind) <= PAGE_BYTES ? behind : insertedAt;
}

function cutInHalf(image: Buffer, from: number, to: number): number {
  const half = rangeBytes(image, from, to) / 2;
  let cut = from + 1;
  while (cut < to - 1 && rangeBytes(image, from, cut) < half) cut += 1;
  const over = rangeBytes(image, from, cut) - half;
  return cut - 1 > from && half - rangeBytes(image, from, cut - 1) < over ? cut - 1 : cut;
}

/** Length of a leaf of these entries. */
function rangeBytes(image: Buffer, from: number, to: number): number {
  const count = pageCount(image);
  return PAGE_HEADER_BYTES + 2 * (to - from) + entryEdge(image, count, to) - entryEdge(image, count, from);
}

/** Bytes of an entry inside a leaf, without its directory word. */
export function entryBytes(entry: LeafEntry): number {
  return ENTRY_HEADER_BYTES + entry.key.length + (entry.overflowId === 0 ? entry.valueBytes : OVERFLOW_REFERENCE_BYTES);
}

/** Returns the offset behind the entry. */
export function writeEntry(image: Buffer, offset: number, entry: LeafEntry): number {
  writeU16(image, offset, entry.key.length);
  writeU32(image, offset + 2, entry.overflowId === 0 ? entry.valueBytes : entry.valueBytes + OVERFLOW_FLAG);
  writeU32(image, offset + 6, entry.checksum);
  writeU32(image, offset + 10, entry.itemBytes);
  image.set(entry.key, offset + ENTRY_HEADER_BYTES);
  const at = offset + ENTRY_HEADER_BYTES + entry.key.length;
  if (entry.overflowId === 0) {
    image.set(entry.value, at);
    return at + entry.valueBytes;
  }
  writeU32(image, at, Math.floor(entry.overflowId / 0x1_0000_0000));
  writeU32(image, at + 4, entry.overflowId >>> 0);
  return at + OVERFLOW_REFERENCE_BYTES;
}

export function writeU16(image: Buffer, offset: number, value: number): number {
  assert(value <= 0xffff, 'an offset beyond 64 KiB');
  image[offset] = value >>> 8;
  image[offset + 1] = value;
  return offset + 2;
}

function writeU32(image: Buffer, offset: number, value: number): void {
  image[offset] = value >>> 24;
  image[offset + 1] = value >>> 16;
  image[offset + 2] = value >>> 8;
  image[offset + 3] = value;
}

function entryOffset(image: Buffer, index: number): number {
  const at = PAGE_HEADER_BYTES + 2 * index;
  return ((image[at] as number) << 8) | (image[at + 1] as number);
}

/** Like entryOffset, but `index` may be the number of entries: then the end of the last. */
function entryEdge(image: Buffer, count: number, index: number): number {
  return index === count ? image.length : entryOffset(image, index);
}

function keyLengthAt(image: Buffer, at: number): number {
  return ((image[at] as number) << 8) | (image[at + 1] as number);
}

function valueWordAt(image: Buffer, at: number): number {
  return u32At(image, at + 2);
}

function u32At(image: Buffer, at: number): number {
  const high = ((image[at] as number) << 24) | ((image[at + 1] as number) << 16);
  return (high | ((image[at + 2] as number) << 8) | (image[at + 3] as number)) >>> 0;
}

function storedBytesAt(image: Buffer, at: number): number {
  const word = valueWordAt(image, at);
  return ENTRY_HEADER_BYTES + keyLengthAt(image, at) + (word < OVERFLOW_FLAG ? word : OVERFLOW_REFERENCE_BYTES);
}
