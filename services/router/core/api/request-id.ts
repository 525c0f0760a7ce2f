import type { Random } from '../../../shared/env/clock.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUV';
const ID_CHARACTERS = 52;
/** Random bytes are fetched for so many ids at once: one call a request would cost more than the id. */
const IDS_PER_FILL = 128;

/** Makes the ids of `x-amzn-RequestId`: 52 upper-case letters and digits, as the service's. */
export class RequestIds {
  readonly #random: Random;
  readonly #text = Buffer.alloc(ID_CHARACTERS);
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): string {
    if (this.#next === this.#bytes.length) {
      this.#bytes = this.#random.bytes(ID_CHARACTERS * IDS_PER_FILL);
      this.#next = 0;
    }
    for (let at = 0; at < ID_CHARACTERS; at++) {
      this.#text[at] = ALPHABET.charCodeAt((this.#bytes[this.#next + at] as number) & 31);
    }
    this.#next += ID_CHARACTERS;
    return this.#text.toString('latin1');
  }
}
