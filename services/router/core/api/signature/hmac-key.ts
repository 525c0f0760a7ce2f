import type { Digest } from '../../../../shared/env/digest.ts';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const MESSAGE_CHARACTERS_MAX = 1024;

/**
 * HMAC-SHA-256 (RFC 2104) under one key for short ASCII messages, as two plain hashes over padded keys kept ready: half the
 * cost of creating an HMAC object for each message.
 */
export class HmacKey {
  readonly #digest: Digest;
  readonly #inner = Buffer.alloc(BLOCK_BYTES + MESSAGE_CHARACTERS_MAX, INNER_PAD);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, OUTER_PAD);

  /** `key` has 32 bytes. */
  constructor(digest: Digest, key: Uint8Array) {
    this.#digest = digest;
    for (let at = 0; at < HASH_BYTES; at++) {
      this.#inner[at] = INNER_PAD ^ (key[at] as number);
      this.#outer[at] = OUTER_PAD ^ (key[at] as number);
    }
  }

  /** Lower-case hexadecimal. `message` is ASCII and at most 1,024 characters. */
  hex(message: string): string {
    const length = this.#inner.write(message, BLOCK_BYTES, 'latin1');
    this.#outer.write(this.#digest.sha256Hex(this.#inner.subarray(0, BLOCK_BYTES + length)), BLOCK_BYTES, 'hex');
    return this.#digest.sha256Hex(this.#outer);
  }
}
