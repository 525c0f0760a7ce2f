import { assert } from '../base/assert.ts';
import { compareKeyInside, compareKeys } from './key-order.ts';
import { LEAF_LEVEL, PAGE_BYTES, PAGE_HEADER_BYTES, pageCount, writePageHeader } from './page-format.ts';
import type { PageBuffers } from './page-buffers.ts';
import { hashShareA, hashShareB } from './state-hash.ts';
import type { Totals } from './totals.ts';

/**
 * Leaves are kept in memory exactly as they are stored, one buffer each, because millions of small objects would cost the
 * garbage collector more than everything saved here. An image in a tree is changed in place (page-buffers.ts), so slices of
 * it are good only until the next change: what leaves the tree is copied.
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

export function emptyLeaf(id: number, buffers: PageBuffers): Buffer {
  const image = buffers.take(PAGE_HEADER_BYTES);
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

/** The key as a slice of the image. */
export function entryKey(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index) + ENTRY_HEADER_BYTES;
  return image.subarray(at, at + keyLengthAt(image, at - ENTRY_HEADER_BYTES));
}

/** The value as a slice of the image, unless it lies in an overflow page. */
export function entryInlineValue(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index);
  const start = at + ENTRY_HEADER_BYTES + keyLengthAt(image, at);
  return image.subarray(start, start + valueWordAt(image, at));
}

/** The value in memory of its own, unless it lies in an overflow page. */
export function copyInlineValue(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index);
  return copyOf(image, at + ENTRY_HEADER_BYTES + keyLengthAt(image, at), valueWordAt(image, at));
}

/** The key in memory of its own. */
export function copyKey(image: Buffer, index: number): Buffer {
  const at = entryOffset(image, index);
  return copyOf(image, at + ENTRY_HEADER_BYTES, keyLengthAt(image, at));
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

/** What a leaf says of a value in an overflow page. */
export interface OverflowReference {
  readonly id: number;
  readonly valueBytes: number;
  readonly checksum: number;
}

export function overflowReference(image: Buffer, index: number): OverflowReference {
  return { id: entryOverflowId(image, index), valueBytes: entryValueBytes(image, index), checksum: entryChecksum(image, index) };
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

/**
 * Replaces `removed` entries (0 or 1) at `index` by the given one, if any. Gives the image to use instead of this one, which
 * may share its memory. It may be larger than a page. Key and value of the entry must not lie in the image.
 */
export function replaceEntry(image: Buffer, index: number, removed: number, entry: LeafEntry | undefined, buffers: PageBuffers): Buffer {
  const count = pageCount(image);
  const length = image.length;
  const start = entryEdge(image, count, index);
  const end = entryEdge(image, count, index + removed);
  const added = entry === undefined ? 0 : 1;
  const headShift = 2 * (added - removed);
  const tailShift = headShift + (entry === undefined ? 0 : entryBytes(entry)) - (end - start);
  const page = tailShift > 0 ? buffers.resize(image, length + tailShift) : image;
  const body = PAGE_HEADER_BYTES + 2 * count;
  if (headShift >= 0) {
    if (tailShift !== 0) page.copyWithin(end + tailShift, end, length);
    if (headShift > 0) page.copyWithin(body + headShift, body, start);
    for (let at = count - 1; at >= index + removed; at--) writeEntryOffset(page, at + added - removed, entryOffset(page, at) + tailShift);
    if (headShift > 0) for (let at = index - 1; at >= 0; at--) writeEntryOffset(page, at, entryOffset(page, at) + headShift);
  } else {
    for (let at = 0; at < index; at++) writeEntryOffset(page, at, entryOffset(page, at) + headShift);
    for (let at = index + removed; at < count; at++) writeEntryOffset(page, at - removed, entryOffset(page, at) + tailShift);
    page.copyWithin(body + headShift, body, start);
    page.copyWithin(end + tailShift, end, length);
  }
  if (entry !== undefined) {
    writeEntryOffset(page, index, start + headShift);
    writeEntry(page, start + headShift, entry);
  }
  if (headShift !== 0) page.writeUInt16BE(count + added - removed, 6);
  return tailShift < 0 ? buffers.resize(page, length + tailShift) : page;
}

/** A leaf of its own of the entries from `from` (included) to `to` (excluded), under an id. */
export function sliceLeaf(image: Buffer, from: number, to: number, id: number, buffers: PageBuffers): Buffer {
  const count = pageCount(image);
  const start = entryEdge(image, count, from);
  const end = entryEdge(image, count, to);
  const body = PAGE_HEADER_BYTES + 2 * (to - from);
  const slice = buffers.take(body + end - start);
  writePageHeader(slice, LEAF_LEVEL, to - from, id);
  for (let at = from; at < to; at++) writeEntryOffset(slice, at - from, entryOffset(image, at) - start + body);
  image.copy(slice, body, start, end);
  return slice;
}

/** A leaf of its own of all entries of two neighbours, under the id of the left one. */
export function joinLeaves(left: Buffer, right: Buffer, buffers: PageBuffers): Buffer {
  const leftCount = pageCount(left);
  const rightCount = pageCount(right);
  const joined = buffers.take(left.length + right.length - PAGE_HEADER_BYTES);
  left.copy(joined, 0, 0, PAGE_HEADER_BYTES);
  joined.writeUInt16BE(leftCount + rightCount, 6);
  const rightShift = left.length - PAGE_HEADER_BYTES;
  for (let at = 0; at < leftCount; at++) writeEntryOffset(joined, at, entryOffset(left, at) + 2 * rightCount);
  for (let at = 0; at < rightCount; at++) writeEntryOffset(joined, leftCount + at, entryOffset(right, at) + rightShift);
  left.copy(joined, PAGE_HEADER_BYTES + 2 * (leftCount + rightCount), PAGE_HEADER_BYTES + 2 * leftCount, left.length);
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

function writeU16(image: Buffer, offset: number, value: number): void {
  assert(value <= 0xffff, 'a length or offset beyond 64 KiB');
  image[offset] = value >>> 8;
  image[offset + 1] = value;
}

function writeU32(image: Buffer, offset: number, value: number): void {
  image[offset] = value >>> 24;
  image[offset + 1] = value >>> 16;
  image[offset + 2] = value >>> 8;
  image[offset + 3] = value;
}

/** Sets the offset of an entry in the directory. */
export function writeEntryOffset(image: Buffer, index: number, offset: number): void {
  writeU16(image, PAGE_HEADER_BYTES + 2 * index, offset);
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

function copyOf(image: Buffer, start: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  image.copy(copy, 0, start, start + length);
  return copy;
}

function storedBytesAt(image: Buffer, at: number): number {
  const word = valueWordAt(image, at);
  return ENTRY_HEADER_BYTES + keyLengthAt(image, at) + (word < OVERFLOW_FLAG ? word : OVERFLOW_REFERENCE_BYTES);
}
