import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.ts';
import {
  AT_RECORD_LENGTH,
  AT_RECORD_TYPE,
  FIRST_PART,
  FULL_RECORD,
  LAST_PART,
  LOG_BLOCK_BYTES,
  LOG_BLOCKS_A_READ,
  RECORD_HEADER_BYTES,
  readFully,
  unmasked,
} from './level-format.ts';

/** Something in LevelDB's own log that a crash does not explain: LevelDB would drop it and what follows, and say nothing. */
export interface LogDamage {
  readonly file: string;
  /** Where in the file it begins. */
  readonly offset: number;
  readonly reason: string;
}

/**
 * Reads the `.log` files of a LevelDB folder, before LevelDB opens it. A missing folder holds no damage.
 *
 * What a crash may leave is a torn *last* logical record: a batch is written after the one before was synced, so whatever of
 * it is missing or out of order, no other record begins behind it. A bad place with a record that begins behind it, in this
 * file or in a later one, is therefore damage. That holds only for a store whose every write is synced. A damaged last record
 * looks like a torn one; the mark file finds that it is missing.
 */
export async function scanLevelLogs(folder: string): Promise<LogDamage[]> {
  const scanner = new LogScanner();
  for (const file of await logFiles(folder)) {
    const handle = await open(join(folder, file), 'r');
    try {
      await scanFile(handle, file, scanner);
    } finally {
      await handle.close();
    }
  }
  return scanner.damage;
}

/** Names of the log files in the order in which LevelDB wrote them. */
async function logFiles(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.filter((name) => /^\d+\.log$/.test(name)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

async function scanFile(handle: FileHandle, file: string, scanner: LogScanner): Promise<void> {
  const chunk = Buffer.allocUnsafe(LOG_BLOCKS_A_READ * LOG_BLOCK_BYTES);
  scanner.beginFile(file);
  for (let offset = 0; ; ) {
    const length = await readFully(handle, chunk, offset);
    for (let at = 0; at < length; at += LOG_BLOCK_BYTES) {
      scanner.block(chunk.subarray(at, Math.min(at + LOG_BLOCK_BYTES, length)), offset + at);
    }
    offset += length;
    if (length < chunk.length) break;
  }
  scanner.endFile();
}

/** Follows the records of all files in their order. */
class LogScanner {
  readonly damage: LogDamage[] = [];
  #file = '';
  /** A bad place behind which no record has begun yet: damage as soon as one does. */
  #suspect: LogDamage | undefined;
  /** Where the logical record began that has no end yet. */
  #openedAt: number | undefined;

  beginFile(file: string): void {
    this.#file = file;
  }

  /** A block of the file; all but the last are whole. */
  block(bytes: Buffer, offset: number): void {
    let at = 0;
    while (bytes.length - at >= RECORD_HEADER_BYTES) {
      const length = bytes.readUInt16LE(at + AT_RECORD_LENGTH);
      const type = bytes[at + AT_RECORD_TYPE] as number;
      const end = at + RECORD_HEADER_BYTES + length;
      if (
        type >= FULL_RECORD &&
        type <= LAST_PART &&
        end <= bytes.length &&
        unmasked(bytes.readUInt32LE(at)) === crc32c(bytes, at + AT_RECORD_TYPE, end)
      ) {
        this.#good(type, offset + at);
      } else {
        this.#suspect ??= { file: this.#file, offset: offset + at, reason: 'a record is torn or damaged' };
        // If its length is right, the next record is found; else the block is lost, as it is for LevelDB, and the next one begins anew.
        if (length === 0) return;
      }
      at = end;
    }
    if (bytes.length < LOG_BLOCK_BYTES && at < bytes.length) {
      this.#suspect ??= { file: this.#file, offset: offset + at, reason: 'a record is torn or damaged' };
    }
  }

  endFile(): void {
    if (this.#openedAt !== undefined) {
      this.#suspect ??= { file: this.#file, offset: this.#openedAt, reason: 'a record has no end' };
    }
    this.#openedAt = undefined;
  }

  #good(type: number, offset: number): void {
    if (type === FULL_RECORD || type === FIRST_PART) {
      if (this.#openedAt !== undefined) this.#suspect ??= { file: this.#file, offset: this.#openedAt, reason: 'a record has no end' };
      if (this.#suspect !== undefined) this.damage.push(this.#suspect);
      this.#suspect = undefined;
      this.#openedAt = type === FIRST_PART ? offset : undefined;
      return;
    }
    if (this.#openedAt === undefined && this.#suspect === undefined) {
      this.damage.push({ file: this.#file, offset, reason: 'a record has no beginning' });
    }
    // Said once for the whole record: from here on it counts as begun.
    this.#openedAt = type === LAST_PART ? undefined : (this.#openedAt ?? offset);
  }
}
