import type { FileHandle } from 'node:fs/promises';
import { KIB } from '../base/units.ts';
import { crc32c } from './crc32c.ts';
import { LevelCursor, LevelFormatError, readFully, unmasked } from './level-format.ts';

/**
 * The format is LevelDB's doc/table_format: data blocks, a filter, the index of filters, the index of data blocks, and a footer of 48
 * bytes, which names both indexes. Behind each block stand its type, which says how it is compressed, and the masked CRC-32C of both.
 */
const FOOTER_BYTES = 48;
const AT_MAGIC = FOOTER_BYTES - 8;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const AT_CHECKSUM = 1;
const TRAILER_BYTES = AT_CHECKSUM + 4;
const NOT_COMPRESSED = 0;
/** Blocks are read so many bytes at a time, unless one alone is larger: the checksum of half a megabyte takes about a millisecond. */
const READ_BYTES = 512 * KIB;

/** Where a block stands, without its trailer. */
interface BlockPlace {
  readonly offset: number;
  readonly size: number;
}

/** The index is sound, but compressed, which this module does not undo: whether the data blocks are sound is not known. */
export class CompressedIndexError extends Error {
  override readonly name = 'CompressedIndexError';
}

/**
 * Checks every byte of a table file of this size, in bytes, against the checksums in it. LevelDB writes a table without gaps, so that
 * blocks which do not lie one behind the other are damage, too. Rejects with LevelFormatError that says what is damaged,
 * CompressedIndexError, or the error of a read.
 */
export async function checkTable(handle: FileHandle, sizeBytes: number): Promise<void> {
  if (sizeBytes < FOOTER_BYTES) throw new LevelFormatError('the table is too short');
  const footer = await readBytes(handle, sizeBytes - FOOTER_BYTES, FOOTER_BYTES);
  if (!footer.subarray(AT_MAGIC).equals(MAGIC)) throw new LevelFormatError('the footer is damaged: its magic number');
  const places = new LevelCursor(footer.subarray(0, AT_MAGIC));
  const filters = placeOf(places);
  const index = placeOf(places);
  if (places.rest().some((byte) => byte !== 0)) throw new LevelFormatError('the footer is damaged: its padding');
  if (endOf(filters) !== index.offset || endOf(index) !== sizeBytes - FOOTER_BYTES) {
    throw new LevelFormatError('the footer is damaged: its places');
  }
  const blocks = [...(await placesIn(handle, index)), ...(await placesIn(handle, filters))];
  let end = 0;
  for (const block of blocks) {
    if (block.offset !== end) throw new LevelFormatError(`the index is damaged: no block ends at ${block.offset}`);
    end = endOf(block);
  }
  if (end !== filters.offset) throw new LevelFormatError(`the index is damaged: no block ends at ${filters.offset}`);
  await checkBlocks(handle, blocks);
}

/** Blocks that lie one behind the other, as many in one read as fit. */
async function checkBlocks(handle: FileHandle, blocks: readonly BlockPlace[]): Promise<void> {
  let run: BlockPlace[] = [];
  let bytes = 0;
  for (const block of blocks) {
    const length = block.size + TRAILER_BYTES;
    if (run.length > 0 && bytes + length > READ_BYTES) {
      await checkRun(handle, run, bytes);
      run = [];
      bytes = 0;
    }
    run.push(block);
    bytes += length;
  }
  if (run.length > 0) await checkRun(handle, run, bytes);
}

async function checkRun(handle: FileHandle, blocks: readonly BlockPlace[], length: number): Promise<void> {
  const start = (blocks[0] as BlockPlace).offset;
  const bytes = await readBytes(handle, start, length);
  for (const block of blocks) checkBlock(bytes.subarray(block.offset - start, endOf(block) - start), block.offset);
}

/** Of a block with its trailer. */
function checkBlock(bytes: Buffer, offset: number): void {
  const checksumAt = bytes.length - TRAILER_BYTES + AT_CHECKSUM;
  if (unmasked(bytes.readUInt32LE(checksumAt)) !== crc32c(bytes, 0, checksumAt)) {
    throw new LevelFormatError(`the block at ${offset} is damaged: its checksum`);
  }
}

/** What an index block says of the places of others, in its order (table/block.cc): entries, restarts, their number. */
async function placesIn(handle: FileHandle, place: BlockPlace): Promise<BlockPlace[]> {
  const bytes = await readBytes(handle, place.offset, place.size + TRAILER_BYTES);
  checkBlock(bytes, place.offset);
  if (bytes[place.size] !== NOT_COMPRESSED) throw new CompressedIndexError(`the index at ${place.offset} is compressed`);
  if (place.size < 4) throw new LevelFormatError('the index is too short');
  const restartBytes = 4 * bytes.readUInt32LE(place.size - 4);
  if (restartBytes > place.size - 4) throw new LevelFormatError('the index has too many restarts');
  const entries = new LevelCursor(bytes.subarray(0, place.size - 4 - restartBytes));
  const places: BlockPlace[] = [];
  while (!entries.atEnd) {
    // How many bytes of the key are those of the entry before; the others, which stand here; the value.
    entries.varint();
    const keyBytes = entries.varint();
    entries.varint();
    entries.skip(keyBytes);
    places.push(placeOf(entries));
  }
  return places;
}

function placeOf(cursor: LevelCursor): BlockPlace {
  const offset = cursor.varint();
  return { offset, size: cursor.varint() };
}

function endOf({ offset, size }: BlockPlace): number {
  return offset + size + TRAILER_BYTES;
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  if ((await readFully(handle, bytes, position)) < length) throw new LevelFormatError('the table is cut short');
  return bytes;
}
