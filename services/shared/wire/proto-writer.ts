import { assert } from '../base/assert.ts';

const SLAB_BYTES = 64 * 1024;
/** Strings up to this length are tried as ASCII in JavaScript: cheaper than two calls into native code. */
const SHORT_TEXT_LENGTH = 48;
/** Byte runs up to this length are copied in JavaScript, for the same reason. */
const SHORT_BYTES_LENGTH = 24;
const TWO_28 = 0x1000_0000;

/**
 * Writes protobuf messages from their last byte to their first, because a message stands behind its own length: whoever
 * writes towards the start knows the length when it is due, without counting first and without moving bytes afterwards.
 * So fields are written in reverse, the last element of a list first, and the key of a field after its value.
 *
 * Messages are carved out of slabs from the end to the start; a finished message stays valid, its memory is not used again.
 * Scalars follow proto3: zero, false and empty are left out, except in the methods whose names begin with `present`.
 */
export class ProtoWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** First byte of the message under way. */
  #at = SLAB_BYTES;
  /** Behind its last byte. */
  #end = SLAB_BYTES;

  /** Begins a message that will end in `trailerBytes` bytes which the caller fills after `finish`. */
  begin(trailerBytes: number): void {
    // What a single large message needed is not kept for the small ones after it.
    if (this.#slab.length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#at = SLAB_BYTES;
    }
    this.#end = this.#at;
    this.#room(trailerBytes);
    this.#at -= trailerBytes;
  }

  /** The whole message, the trailer included. */
  finish(): Buffer {
    return this.#slab.subarray(this.#at, this.#end);
  }

  /** Bytes written of the message under way. A nested message's length is the difference of two such positions. */
  position(): number {
    return this.#end - this.#at;
  }

  /** Ends (that is: heads) a nested message or list element whose content began at `position`. */
  nest(tag: number, position: number): void {
    this.#varint(this.position() - position);
    this.#tag(tag);
  }

  /** An integer of 0 to 2^53 - 1. */
  uint(tag: number, value: number): void {
    if (value !== 0) this.presentUint(tag, value);
  }

  presentUint(tag: number, value: number): void {
    this.#varint(value);
    this.#tag(tag);
  }

  bool(tag: number, value: boolean): void {
    if (!value) return;
    this.#varint(1);
    this.#tag(tag);
  }

  bytes(tag: number, value: Uint8Array): void {
    if (value.length !== 0) this.presentBytes(tag, value);
  }

  presentBytes(tag: number, value: Uint8Array): void {
    const length = value.length;
    this.#room(length);
    this.#at -= length;
    if (length > SHORT_BYTES_LENGTH) {
      this.#slab.set(value, this.#at);
    } else {
      const slab = this.#slab;
      const at = this.#at;
      for (let offset = 0; offset < length; offset++) slab[at + offset] = value[offset] as number;
    }
    this.#varint(length);
    this.#tag(tag);
  }

  text(tag: number, value: string): void {
    if (value !== '') this.presentText(tag, value);
  }

  presentText(tag: number, value: string): void {
    let length = value.length;
    if (length > SHORT_TEXT_LENGTH || !this.#ascii(value)) {
      length = Buffer.byteLength(value, 'utf8');
      this.#room(length);
      this.#at -= length;
      this.#slab.write(value, this.#at, length, 'utf8');
    }
    this.#varint(length);
    this.#tag(tag);
  }

  /** Writes a short ASCII string; false, with nothing written, when it is not ASCII. */
  #ascii(value: string): boolean {
    const length = value.length;
    this.#room(length);
    const slab = this.#slab;
    const at = this.#at - length;
    for (let offset = 0; offset < length; offset++) {
      const code = value.charCodeAt(offset);
      if (code > 0x7f) return false;
      slab[at + offset] = code;
    }
    this.#at = at;
    return true;
  }

  #tag(tag: number): void {
    if (tag < 0x80) {
      this.#room(1);
      this.#at -= 1;
      this.#slab[this.#at] = tag;
    } else {
      this.#varint(tag);
    }
  }

  #varint(value: number): void {
    assert(value >= 0 && Number.isSafeInteger(value), () => `not a safe unsigned integer: ${value}`);
    this.#room(8);
    if (value < 0x80) {
      this.#at -= 1;
      this.#slab[this.#at] = value;
    } else if (value < TWO_28) {
      this.#varint28(value);
    } else {
      const high = Math.floor(value / TWO_28);
      const low = value - high * TWO_28;
      this.#varint28(high);
      this.#at -= 4;
      const at = this.#at;
      const slab = this.#slab;
      slab[at] = (low & 0x7f) | 0x80;
      slab[at + 1] = ((low >>> 7) & 0x7f) | 0x80;
      slab[at + 2] = ((low >>> 14) & 0x7f) | 0x80;
      slab[at + 3] = (low >>> 21) | 0x80;
    }
  }

  /** At most 28 bits in one to four bytes. */
  #varint28(value: number): void {
    const length = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
    const at = this.#at - length;
    const slab = this.#slab;
    let rest = value;
    for (let offset = 0; offset < length - 1; offset++) {
      slab[at + offset] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    slab[at + length - 1] = rest;
    this.#at = at;
  }

  /** Makes sure that `bytes` fit before the first byte; otherwise the message under way moves to the end of a new slab. */
  #room(bytes: number): void {
    if (bytes <= this.#at) return;
    const length = this.#end - this.#at;
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (length + bytes)));
    slab.set(this.#slab.subarray(this.#at, this.#end), slab.length - length);
    this.#slab = slab;
    this.#at = slab.length - length;
    this.#end = slab.length;
  }
}
