import { assert } from './assert.ts';

/** A growing byte buffer with big-endian fixed-width writers, for every format we define ourselves. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(Math.max(16, capacityBytes));
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#room(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
    return this;
  }

  /** An integer of 0 to 2^53 - 1 in eight bytes. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, () => `not a safe unsigned integer: ${value}`);
    this.#room(8);
    putHalf(this.#buffer, this.#length, value / 0x1_0000_0000);
    putHalf(this.#buffer, this.#length + 4, value);
    this.#length += 8;
    return this;
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A 32-bit length and the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** A 32-bit length and the UTF-8 bytes of a string. */
  text(text: string): this {
    return this.bytes(Buffer.from(text, 'utf8'));
  }

  /** Overwrites four bytes written before, for lengths and checksums known only at the end. */
  patchU32(offset: number, value: number): this {
    assert(offset + 4 <= this.#length, 'patch beyond what was written');
    this.#buffer.writeUInt32BE(value, offset);
    return this;
  }

  /** What was written, over the writer's own memory: the writer is not used again. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** The lowest 32 bits of the whole part. Without the checks that `writeUInt32BE` makes: tables of 100,000 numbers are written in one turn. */
function putHalf(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value >>> 0;
}
