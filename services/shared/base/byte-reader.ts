import { asBuffer } from './bytes.ts';

/** The bytes end before the format does, or hold a value that the format forbids. */
export class MalformedBytesError extends Error {
  override readonly name = 'MalformedBytesError';
}

/** Reads what ByteWriter wrote. Throws MalformedBytesError beyond the end, and never reads outside its range. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#buffer = asBuffer(bytes);
    this.#at = offset;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#buffer.length - this.#at;
  }

  u8(): number {
    return this.#buffer[this.#take(1)] as number;
  }

  u16(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  u64(): number {
    const at = this.#take(8);
    const value = this.#buffer.readUInt32BE(at) * 0x1_0000_0000 + this.#buffer.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(value)) throw new MalformedBytesError('integer over 2^53 - 1');
    return value;
  }

  /** `length` bytes over the same memory. */
  raw(length: number): Buffer {
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  bytes(): Buffer {
    return this.raw(this.u32());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#buffer.length - at) throw new MalformedBytesError(`${length} bytes wanted, ${this.remaining} left`);
    this.#at = at + length;
    return at;
  }
}
