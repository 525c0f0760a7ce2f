import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.ts';
import {
  AT_RECORD_LENGTH,
  AT_RECORD_TYPE,
  FIRST_PART,
  FULL_RECORD,
  LAST_PART,
  LevelCursor,
  LevelFormatError,
  LOG_BLOCK_BYTES,
  LOG_BLOCKS_A_READ,
  RECORD_HEADER_BYTES,
  readFully,
  unmasked,
} from './level-format.ts';

/** Fields of a change to the set of tables, by the tag before each (db/version_edit.cc). */
const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE_NUMBER = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG_NUMBER = 9;

/**
 * The table files of a LevelDB store by their numbers, with their sizes in bytes, as its manifest names them. Other table files in the
 * folder belong to nothing: a compaction that was broken off leaves half of one.
 *
 * Reads up to the first record that cannot be read: at the end it is a change that never was; before, LevelDB itself refuses to
 * open the store. Without a manifest there are no tables.
 */
export async function namedTables(folder: string): Promise<Map<number, number>> {
  const tables = new Map<number, number>();
  const handle = await openManifest(folder);
  if (handle === undefined) return tables;
  try {
    for await (const record of records(handle)) applyChange(record, tables);
  } catch (error) {
    if (!(error instanceof LevelFormatError)) throw error;
  } finally {
    await handle.close();
  }
  return tables;
}

async function openManifest(folder: string): Promise<FileHandle | undefined> {
  try {
    const name = (await readFile(join(folder, 'CURRENT'), 'utf8')).trimEnd();
    return /^MANIFEST-\d+$/.test(name) ? await open(join(folder, name), 'r') : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sound records from the beginning, put together from their parts. */
async function* records(handle: FileHandle): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(LOG_BLOCKS_A_READ * LOG_BLOCK_BYTES);
  let parts: Buffer[] = [];
  for (let offset = 0, length = chunk.length; length === chunk.length; offset += length) {
    length = await readFully(handle, chunk, offset);
    for (let at = 0; at < length; at += LOG_BLOCK_BYTES) {
      for (const { type, payload } of recordParts(chunk.subarray(at, Math.min(at + LOG_BLOCK_BYTES, length)))) {
        if (type === FULL_RECORD || type === FIRST_PART) parts = [];
        parts.push(Buffer.from(payload));
        if (type === FULL_RECORD || type === LAST_PART) yield Buffer.concat(parts);
      }
    }
  }
}

function* recordParts(block: Buffer): Generator<{ readonly type: number; readonly payload: Buffer }> {
  // What is too short for a header at the end of a block is filled with zeros.
  for (let at = 0; block.length - at >= RECORD_HEADER_BYTES; ) {
    const type = block[at + AT_RECORD_TYPE] as number;
    const payloadAt = at + RECORD_HEADER_BYTES;
    const end = payloadAt + block.readUInt16LE(at + AT_RECORD_LENGTH);
    if (type < FULL_RECORD || type > LAST_PART || end > block.length) throw new LevelFormatError('a record has no end');
    if (unmasked(block.readUInt32LE(at)) !== crc32c(block, at + AT_RECORD_TYPE, end)) throw new LevelFormatError('a record is damaged');
    yield { type, payload: block.subarray(payloadAt, end) };
    at = end;
  }
}

/** A table that moves to another level is deleted and new in the same change, in this order. */
function applyChange(record: Buffer, tables: Map<number, number>): void {
  const fields = new LevelCursor(record);
  while (!fields.atEnd) {
    switch (fields.varint()) {
      case COMPARATOR:
        fields.skipPrefixed();
        break;
      case LOG_NUMBER:
      case NEXT_FILE_NUMBER:
      case LAST_SEQUENCE:
      case PREVIOUS_LOG_NUMBER:
        fields.varint();
        break;
      case COMPACT_POINTER:
        skipLevel(fields);
        fields.skipPrefixed();
        break;
      case DELETED_FILE:
        skipLevel(fields);
        tables.delete(fields.varint());
        break;
      case NEW_FILE: {
        skipLevel(fields);
        const number = fields.varint();
        tables.set(number, fields.varint());
        // Its least and its greatest key.
        fields.skipPrefixed();
        fields.skipPrefixed();
        break;
      }
      default:
        throw new LevelFormatError('a change has an unknown field');
    }
  }
}

function skipLevel(fields: LevelCursor): void {
  fields.varint();
}
