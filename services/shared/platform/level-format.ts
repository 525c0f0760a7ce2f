import type { FileHandle } from 'node:fs/promises';
import { KIB } from '../base/units.ts';

/** A file of LevelDB's does not say what its format allows, or is shorter than it must be. */
export class LevelFormatError extends Error {
  override readonly name = 'LevelFormatError';
}

/** Logs and manifests (doc/log_format): blocks of 32 KiB; a record's header is its masked CRC-32C, length and type. */
export const LOG_BLOCK_BYTES = 32 * KIB;
export const LOG_BLOCKS_A_READ = 32;
export const RECORD_HEADER_BYTES = 7;
export const AT_RECORD_LENGTH = 4;
export const AT_RECORD_TYPE = 6;
/** Types of records: a whole one, and the first, any middle and the last part of one. */
export const FULL_RECORD = 1;
export const FIRST_PART = 2;
export const LAST_PART = 4;

/** LevelDB masks stored checksums, since the CRC of bytes that hold a CRC is a poor one (util/crc32c.h). */
export function unmasked(stored: number): number {
  const rotated = (stored - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** Reads until the buffer is full or the file ends; returns how many bytes there were. */
export async function readFully(handle: FileHandle, into: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const { bytesRead } = await handle.read(into, length, into.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** Goes over bytes that hold numbers and lengths as LevelDB writes them (util/coding.h). Throws LevelFormatError at what cannot be. */
export class LevelCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What was not gone over yet. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** Seven bits a byte, the least first. LevelDB's go up to 2^64; those here are places and sizes, which no file takes so far. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new LevelFormatError('a number has no end');
      this.#at += 1;
      value += (byte & 127) * factor;
      if (byte < 128 && Number.isSafeInteger(value)) return value;
    }
    throw new LevelFormatError('a number is too large');
  }

  skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw new LevelFormatError('a length is too large');
    this.#at += length;
  }

  /** A length, and so many bytes. */
  skipPrefixed(): void {
    this.skip(this.varint());
  }
}
