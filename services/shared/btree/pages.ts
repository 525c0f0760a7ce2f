import { ByteReader, MalformedBytesError } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { compareKeys, keyPrefix, ownCopy } from './key-order.ts';
import { LEAF_LEVEL, OVERFLOW_LEVEL, PAGE_BYTES, PAGE_HEADER_BYTES, pageCount, pageLevel, writePageHeader } from './page-format.ts';
import { PageReference } from './totals.ts';
import type { Totals } from './totals.ts';

/** What the cache and the checkpoint know about any page in memory. */
abstract class PageInMemory {
  readonly id: number;
  /** Changed since its last capture by a checkpoint. */
  dirty = false;
  /** Captured by a checkpoint that has not been written yet. */
  writing = false;
  /** A running checkpoint has still to take its copy of the page. */
  awaitsCapture = false;
  /** That copy, made when the page was changed before its turn came. */
  captured: Buffer | undefined = undefined;
  /** On the disk, or in the batch under way: giving the page up means a delete there. */
  stored: boolean;
  /** No longer part of its tree. */
  released = false;
  /** What its tree counted as bytes to write. */
  dirtyBytes = 0;
  /** What the cache counted for it. */
  footprintBytes = 0;
  /** Position among the pages that may be evicted; -1 when it may not. */
  clockPosition = -1;
  /** The operation that used it last, and the one during which the clock's hand passed it last. */
  usedAt = 0;
  passedAt = 0;

  constructor(id: number, stored: boolean) {
    this.id = id;
    this.stored = stored;
  }

  abstract get level(): number;
  /** Length when stored. */
  abstract get encodedBytes(): number;
  /** What is stored, perhaps in memory that the next change overwrites. */
  abstract encode(): Buffer;
  /** The same in memory that stays. */
  abstract encodeCopy(): Buffer;
}

export class LeafPage extends PageInMemory {
  /** Changed in place once the page is in a tree. */
  image: Buffer;
  /** Where the last insert went, to notice ascending runs; -1 unknown. Only a hint, not stored. */
  lastInsertIndex = -1;
  /** How many inserts in a row came right behind the one before. */
  runLength = 0;

  constructor(id: number, image: Buffer, stored: boolean) {
    super(id, stored);
    this.image = image;
  }

  get level(): number {
    return LEAF_LEVEL;
  }

  get encodedBytes(): number {
    return this.image.length;
  }

  encode(): Buffer {
    return this.image;
  }

  encodeCopy(): Buffer {
    return Buffer.from(this.image);
  }
}

/** One value that is too long for a leaf. LevelDB takes values of any length, so it is one page and no chain. */
export class OverflowPage extends PageInMemory {
  /** Header, then the value. Immutable: a change puts another in its place. */
  image: Buffer;

  constructor(id: number, image: Buffer, stored: boolean) {
    super(id, stored);
    this.image = image;
  }

  get level(): number {
    return OVERFLOW_LEVEL;
  }

  get encodedBytes(): number {
    return this.image.length;
  }

  encode(): Buffer {
    return this.image;
  }

  encodeCopy(): Buffer {
    return this.image;
  }

  get value(): Buffer {
    return overflowValue(this.image);
  }
}

/** The image of an overflow page: the header, the CRC-32 of its entry (so that an old version is known), the value. */
export function overflowImage(id: number, value: Uint8Array, checksum: number): Buffer {
  const image = Buffer.allocUnsafeSlow(OVERFLOW_VALUE_OFFSET + value.length);
  writePageHeader(image, OVERFLOW_LEVEL, 0, id);
  image.writeUInt32BE(checksum, PAGE_HEADER_BYTES);
  image.set(value, OVERFLOW_VALUE_OFFSET);
  return image;
}

export function overflowChecksum(image: Buffer): number {
  return image.readUInt32BE(PAGE_HEADER_BYTES);
}

export function overflowValue(image: Buffer): Buffer {
  return image.subarray(OVERFLOW_VALUE_OFFSET);
}

export const OVERFLOW_VALUE_OFFSET = PAGE_HEADER_BYTES + 4;

export const CHILD_BYTES = 34;
const NO_BYTES = new Uint8Array(0);

/**
 * An interior page, decoded. Child i holds the keys k with separators[i] <= k < separators[i + 1]; the first separator is
 * empty and stands for "everything below". Stored, each child is
 *
 *   0  u64 id   8  u64 items   16  u64 item bytes   24  u32 hash lane A   28  u32 hash lane B   32  u16 length  34  separator
 */
export class InteriorPage extends PageInMemory {
  readonly level: number;
  readonly separators: Uint8Array[];
  readonly children: PageReference[];
  /** The prefix of each separator. */
  readonly #prefixes: number[];
  #encodedBytes: number;

  constructor(id: number, level: number, separators: Uint8Array[], children: PageReference[], stored: boolean) {
    super(id, stored);
    this.level = level;
    this.separators = separators;
    this.children = children;
    this.#prefixes = separators.map(keyPrefix);
    this.#encodedBytes = encodedInteriorBytes(separators);
    if (separators.length > 0) this.#setFirstSeparatorEmpty();
  }

  get encodedBytes(): number {
    return this.#encodedBytes;
  }

  /** Which child is responsible for the key. */
  childIndex(key: Uint8Array): number {
    const prefixes = this.#prefixes;
    const prefix = keyPrefix(key);
    let low = 1;
    let high = prefixes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = (prefixes[middle] as number) - prefix || compareKeys(this.separators[middle] as Uint8Array, key);
      if (order <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Which child holds the greatest keys less than this one. */
  childIndexBelow(key: Uint8Array): number {
    const index = this.childIndex(key);
    return index > 0 && compareKeys(this.separators[index] as Uint8Array, key) === 0 ? index - 1 : index;
  }

  child(index: number): PageReference {
    return this.children[index] as PageReference;
  }

  insert(index: number, separators: readonly Uint8Array[], children: readonly PageReference[]): void {
    this.separators.splice(index, 0, ...separators);
    this.#prefixes.splice(index, 0, ...separators.map(keyPrefix));
    this.children.splice(index, 0, ...children);
    this.#encodedBytes += encodedInteriorBytes(separators) - PAGE_HEADER_BYTES;
  }

  remove(index: number): void {
    const separator = this.separators[index] as Uint8Array;
    this.separators.splice(index, 1);
    this.#prefixes.splice(index, 1);
    this.children.splice(index, 1);
    this.#encodedBytes -= CHILD_BYTES + separator.length;
    if (index === 0 && this.separators.length > 0) this.#setFirstSeparatorEmpty();
  }

  /** Takes the children from `index` on away; they belong into a page whose own separator is the first one returned. */
  cutFrom(index: number): { separators: Uint8Array[]; children: PageReference[] } {
    const cut = { separators: this.separators.splice(index), children: this.children.splice(index) };
    this.#prefixes.length = index;
    this.#encodedBytes -= encodedInteriorBytes(cut.separators) - PAGE_HEADER_BYTES;
    return cut;
  }

  /** The child at which about half of the page lies on either side, with a child at least on both. */
  middle(): number {
    const half = this.#encodedBytes / 2;
    let bytes = PAGE_HEADER_BYTES;
    let index = 0;
    while (index < this.separators.length - 1 && (index < 1 || bytes < half)) {
      bytes += CHILD_BYTES + (this.separators[index] as Uint8Array).length;
      index += 1;
    }
    return index;
  }

  totals(): Totals {
    return childrenTotals(this.children);
  }

  encode(): Buffer {
    const writer = new ByteWriter(this.#encodedBytes);
    const header = Buffer.allocUnsafe(PAGE_HEADER_BYTES);
    writePageHeader(header, this.level, this.children.length, this.id);
    writer.raw(header);
    for (let index = 0; index < this.children.length; index++) {
      const child = this.child(index);
      const separator = this.separators[index] as Uint8Array;
      writer
        .u64(child.id)
        .u64(child.items)
        .u64(child.itemBytes)
        .u32(child.hashA >>> 0)
        .u32(child.hashB >>> 0);
      writer.u16(separator.length).raw(separator);
    }
    return writer.finish();
  }

  encodeCopy(): Buffer {
    return this.encode();
  }

  #setFirstSeparatorEmpty(): void {
    this.#encodedBytes -= (this.separators[0] as Uint8Array).length;
    this.separators[0] = NO_BYTES;
    this.#prefixes[0] = keyPrefix(NO_BYTES);
  }
}

export type Page = LeafPage | InteriorPage | OverflowPage;

export function childrenTotals(children: readonly PageReference[]): Totals {
  const sum = new PageReference(0, { items: 0, itemBytes: 0, hashA: 0, hashB: 0 });
  for (const child of children) sum.add(child.items, child.itemBytes, child.hashA, child.hashB);
  return sum;
}

/** Length of an interior page with these separators when stored. */
function encodedInteriorBytes(separators: readonly Uint8Array[]): number {
  let bytes = PAGE_HEADER_BYTES;
  for (const separator of separators) bytes += CHILD_BYTES + separator.length;
  return bytes;
}

/** Decodes a page whose header and checksum were verified. Throws MalformedBytesError when the children do not fill it exactly. */
export function decodeInterior(id: number, image: Buffer): InteriorPage {
  const separators: Uint8Array[] = [];
  const children: PageReference[] = [];
  const reader = new ByteReader(image, PAGE_HEADER_BYTES);
  for (let index = 0; index < pageCount(image); index++) {
    const childId = reader.u64();
    const totals = { items: reader.u64(), itemBytes: reader.u64(), hashA: reader.u32() | 0, hashB: reader.u32() | 0 };
    children.push(new PageReference(childId, totals));
    separators.push(ownCopy(reader.raw(reader.u16())));
  }
  if (reader.remaining !== 0) throw new MalformedBytesError(`${reader.remaining} bytes behind the last child`);
  return new InteriorPage(id, pageLevel(image), separators, children, true);
}

/** True when a page of this many bytes and children must be split: two children on either side are the least. */
export function interiorOverfull(page: InteriorPage): boolean {
  return page.encodedBytes > PAGE_BYTES && page.children.length >= 4;
}
