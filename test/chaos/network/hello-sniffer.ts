import type { Checksum } from '../../../services/shared/wire/sealed-frame.ts';
import { readFirstFrame } from '../../../services/shared/wire/codec-hello.ts';
import { unsealFrame } from '../../../services/shared/wire/sealed-frame.ts';

/** RFC 9113: the client's connection preface (3.4), and the head of a frame (4.1): length, type, flags, stream. */
const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const DATA_FRAME = 0;
/** gRPC over HTTP/2: a flag for compression and the length go before each message. */
const MESSAGE_HEAD_BYTES = 5;

/**
 * Watches what a client sends on a new gRPC connection until its first message has passed, whose hello says who it is: the
 * same field in every stream's first frame and in every call (proto/README.md).
 */
export class HelloSniffer {
  readonly #digest: Checksum;
  #bytes = Buffer.alloc(0);
  #at = PREFACE_BYTES;
  #message = Buffer.alloc(0);

  constructor(digest: Checksum) {
    this.#digest = digest;
  }

  /** The next bytes; the client's name once they complete the hello, undefined as long as they do not. */
  feed(bytes: Buffer): string | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= this.#at + FRAME_HEAD_BYTES) {
      const end = this.#at + FRAME_HEAD_BYTES + this.#bytes.readUIntBE(this.#at, 3);
      if (this.#bytes.length < end) return undefined;
      const isData = this.#bytes[this.#at + 3] === DATA_FRAME;
      if (isData) this.#message = Buffer.concat([this.#message, this.#bytes.subarray(this.#at + FRAME_HEAD_BYTES, end)]);
      this.#at = end;
      const name = this.#nameInMessage();
      if (name !== undefined) return name;
    }
    return undefined;
  }

  #nameInMessage(): string | undefined {
    if (this.#message.length < MESSAGE_HEAD_BYTES) return undefined;
    const end = MESSAGE_HEAD_BYTES + this.#message.readUInt32BE(1);
    if (this.#message.length < end) return undefined;
    return readFirstFrame(unsealFrame(this.#message.subarray(MESSAGE_HEAD_BYTES, end), this.#digest))?.name ?? '';
  }
}
