import { MalformedBytesError } from '../base/byte-reader.ts';

const TWO_28 = 0x1000_0000;
/** 2^53 - 1 has 25 bits above the low 28. */
const HIGH_LIMIT = 0x200_0000;
/** Shorter strings are built in JavaScript when they are ASCII: cheaper than a call into native code. */
const SHORT_TEXT_LENGTH = 24;

/** What an absent `bytes` field means, where its absence says nothing. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Reads one protobuf message: `while (reader.more()) switch (reader.tag()) …`, unknown fields to `skip`. Byte strings are
 * parts of the frame's own memory, not copies. Throws MalformedBytesError, and never reads outside the message.
 */
export class ProtoReader {
  readonly #buffer: Buffer;
  #at: number;
  /** Behind the last byte of the message that is being read, the innermost one. */
  #end: number;

  constructor(buffer: Buffer, end: number) {
    this.#buffer = buffer;
    this.#at = 0;
    this.#end = end;
  }

  /** Begins a nested message; the result goes to `leave` when its fields are read. */
  enter(): number {
    const outer = this.#end;
    this.#end = this.#takeLength();
    return outer;
  }

  leave(outer: number): void {
    this.#end = outer;
  }

  more(): boolean {
    return this.#at < this.#end;
  }

  /** Key of the next field. */
  tag(): number {
    return this.uint();
  }

  /** An integer of 0 to 2^53 - 1. */
  uint(): number {
    const buffer = this.#buffer;
    if (this.#at >= this.#end) throw new MalformedBytesError('the message ends within an integer');
    const first = buffer[this.#at] as number;
    if (first < 0x80) {
      this.#at += 1;
      return first;
    }
    return this.#longUint();
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  bytes(): Buffer {
    const end = this.#takeLength();
    const start = this.#at;
    this.#at = end;
    return start === end ? NO_BYTES : this.#buffer.subarray(start, end);
  }

  text(): string {
    const end = this.#takeLength();
    const start = this.#at;
    this.#at = end;
    if (end - start <= SHORT_TEXT_LENGTH) {
      let text = '';
      let at = start;
      for (; at < end; at++) {
        const code = this.#buffer[at] as number;
        if (code > 0x7f) break;
        text += String.fromCharCode(code);
      }
      if (at === end) return text;
    }
    return this.#buffer.toString('utf8', start, end);
  }

  /** Passes over a field that this version does not know. */
  skip(tag: number): void {
    const wireType = tag % 8;
    if (wireType === 0) this.#skipVarint();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#at = this.#takeLength();
    else if (wireType === 5) this.#take(4);
    else throw new MalformedBytesError(`wire type ${wireType}`);
  }

  #longUint(): number {
    const low = this.#uint28();
    if (low < TWO_28) return low;
    const high = this.#uint28();
    if (high >= HIGH_LIMIT) throw new MalformedBytesError('integer over 2^53 - 1');
    return low - TWO_28 + high * TWO_28;
  }

  /** Up to four bytes; TWO_28 is added when the integer goes on behind them. */
  #uint28(): number {
    const buffer = this.#buffer;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.#at >= this.#end) throw new MalformedBytesError('the message ends within an integer');
      const byte = buffer[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return value + TWO_28;
  }

  #skipVarint(): void {
    for (let length = 0; length < 10; length++) {
      const at = this.#at;
      this.#take(1);
      if ((this.#buffer[at] as number) < 0x80) return;
    }
    throw new MalformedBytesError('integer of more than ten bytes');
  }

  #take(length: number): void {
    if (length > this.#end - this.#at) throw new MalformedBytesError(`${length} bytes wanted, ${this.#end - this.#at} left`);
    this.#at += length;
  }

  /** Reads a length; returns the position behind the bytes that it announces. */
  #takeLength(): number {
    const length = this.uint();
    if (length > this.#end - this.#at) throw new MalformedBytesError(`${length} bytes announced, ${this.#end - this.#at} left`);
    return this.#at + length;
  }
}
