import { assert } from '../base/assert.ts';
import type { FrameStream, PeerIdentity } from '../env/transport.ts';
import { sealFrame, unsealFrame } from '../wire/sealed-frame.ts';
import type { FrameCodec } from '../wire/stream-codecs.ts';
import { FAREWELL_MS, MAX_FRAME_BYTES, SPLIT_FRAME_BYTES } from './grpc-settings.ts';
import type { Closeable, TransportShared } from './grpc-shared.ts';
import { isDamage } from './grpc-shared.ts';

/** The stream object of grpc-js, client's or server's, as far as it is used here. */
export interface ByteStream {
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  write(bytes: Buffer, callback: () => void): unknown;
  end(): unknown;
}

/** How one end of a gRPC stream is ended; client and server differ in it. */
export interface StreamEnd {
  /** Ends at once and says why, as far as that side can. */
  abort(reason: string): void;
}

/** One end of an open stream, after both said hello. The transport tells it with `ended` and `finished` what becomes of the gRPC stream. */
export class GrpcFrameStream<Out, In> implements FrameStream<Out, In>, Closeable {
  readonly peer: PeerIdentity;
  readonly done: Promise<void>;
  readonly #bytes: ByteStream;
  readonly #outgoing: FrameCodec<Out>;
  readonly #incoming: FrameCodec<In>;
  readonly #shared: TransportShared;
  readonly #end: StreamEnd;
  #resolveDone: () => void = () => {};
  #farewell: NodeJS.Timeout | undefined;
  #open = true;
  #queuedBytes = 0;
  #onFrame: (frame: In) => void = () => {};
  #onClose: (reason: string) => void = () => {};
  /** Frames that came before the owner could set its handlers; undefined once they are delivered. */
  #held: In[] | undefined = [];
  /** Why the stream ended while frames were held. */
  #heldReason: string | undefined;

  constructor(
    byteStream: ByteStream,
    end: StreamEnd,
    peer: PeerIdentity,
    outgoing: FrameCodec<Out>,
    incoming: FrameCodec<In>,
    shared: TransportShared,
  ) {
    this.#bytes = byteStream;
    this.#end = end;
    this.peer = peer;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#shared = shared;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    shared.open.add(this);
    byteStream.on('data', (bytes: Buffer) => this.#received(bytes));
  }

  get onFrame(): (frame: In) => void {
    return this.#onFrame;
  }

  set onFrame(handler: (frame: In) => void) {
    this.#onFrame = handler;
    this.#releaseHeld();
  }

  get onClose(): (reason: string) => void {
    return this.#onClose;
  }

  set onClose(handler: (reason: string) => void) {
    this.#onClose = handler;
    this.#releaseHeld();
  }

  send(frame: Out): void {
    if (!this.#open) return;
    const bytes = sealFrame(this.#shared.writer, this.#shared.digest, this.#outgoing.write, frame);
    const length = bytes.length;
    if (length > SPLIT_FRAME_BYTES) {
      const halves = this.#outgoing.halve(frame);
      if (halves !== undefined) {
        this.send(halves[0]);
        this.send(halves[1]);
        return;
      }
      assert(length <= MAX_FRAME_BYTES, () => `a frame of ${length} bytes that cannot be divided`);
    }
    this.#shared.counters.sentFrames.add();
    this.#shared.counters.sentBytes.add(length);
    this.#queuedBytes += length;
    this.#bytes.write(bytes, () => {
      this.#queuedBytes -= length;
    });
  }

  queuedBytes(): number {
    return this.#open ? this.#queuedBytes : 0;
  }

  /** What was sent before still goes out, if the other side takes it soon. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#held = undefined;
    this.#bytes.end();
    this.#awaitEnd();
  }

  /** The other side or the network ended the stream: nothing more will be received. */
  ended(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#held === undefined) this.#onClose(reason);
    else this.#heldReason = reason;
  }

  /** Nothing is left of the gRPC stream. */
  finished(): void {
    clearTimeout(this.#farewell);
    this.#shared.open.delete(this);
    this.#resolveDone();
  }

  /** Cuts the other side off when it neither takes what is queued nor ends its side. */
  #awaitEnd(): void {
    const queuedBytes = this.#queuedBytes;
    this.#farewell = setTimeout(() => {
      if (this.#queuedBytes < queuedBytes) this.#awaitEnd();
      else this.#end.abort('not closed in time');
    }, FAREWELL_MS);
  }

  #received(bytes: Buffer): void {
    if (!this.#open) return;
    this.#shared.counters.receivedFrames.add();
    this.#shared.counters.receivedBytes.add(bytes.length);
    let frame: In;
    try {
      frame = this.#incoming.read(unsealFrame(bytes, this.#shared.digest));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#damaged(error);
      return;
    }
    if (this.#held === undefined) this.#onFrame(frame);
    else this.#held.push(frame);
  }

  #damaged(error: Error): void {
    const reason = `damaged frame: ${error.message}`;
    this.#shared.counters.damagedFrames.add();
    this.#shared.logger.error('damaged-frame', { peer: this.peer.name, error });
    this.#end.abort(reason);
    this.ended(reason);
  }

  /** The owner set one of its handlers, and the other one right after it. */
  #releaseHeld(): void {
    if (this.#held !== undefined) queueMicrotask(() => this.#deliverHeld());
  }

  #deliverHeld(): void {
    while (this.#held !== undefined && this.#held.length > 0) this.#onFrame(this.#held.shift() as In);
    // Undefined: closed by the owner meanwhile, or delivered before.
    if (this.#held === undefined) return;
    this.#held = undefined;
    if (this.#heldReason !== undefined) this.#onClose(this.#heldReason);
  }
}
