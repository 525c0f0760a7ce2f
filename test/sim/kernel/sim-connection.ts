import type { FrameStream, PeerIdentity } from '../../../services/shared/env/transport.ts';
import { sealFrame, unsealFrame } from '../../../services/shared/wire/sealed-frame.ts';
import type { FrameCodec } from '../../../services/shared/wire/stream-codecs.ts';
import type { ProtoWriter } from '../../../services/shared/wire/proto-writer.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import { MIB } from '../../../services/shared/base/units.ts';
import type { SimPipe } from './sim-link.ts';
import type { SimProcess } from './sim-process.ts';

/** A frame over this leaves in parts, as over gRPC (platform/grpc-settings.ts). */
const SPLIT_FRAME_BYTES = 4 * MIB;
/** What the network takes without being asked twice: socket buffers and HTTP/2 windows. */
const WINDOW_BYTES = 4 * MIB;

/** What the network knows of one end of a connection, whatever it carries. */
export interface ConnectionEnd {
  readonly process: SimProcess;
  readonly other: ConnectionEnd;
  /** From here to the other end. */
  readonly pipe: SimPipe;
  readonly open: boolean;
  /** The network says that the connection is gone. */
  lost(reason: string): void;
}

/**
 * One end of a stream. Frames become bytes when they are sent and frames again when they arrive, by the codecs of the real
 * transport. Like its streams, this one keeps what arrives until the owner has set its handlers.
 */
export class SimStream<Out, In> implements FrameStream<Out, In>, ConnectionEnd {
  readonly process: SimProcess;
  readonly peer: PeerIdentity;
  readonly pipe: SimPipe;
  readonly #writer: ProtoWriter;
  readonly #outgoing: FrameCodec<Out>;
  readonly #incoming: FrameCodec<In>;
  readonly #onEnd: (end: ConnectionEnd) => void;
  #other: SimStream<In, Out> | undefined;
  #open = true;
  #onFrame: (frame: In) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;
  #held: In[] | undefined = [];
  #heldReason: string | undefined;

  constructor(parts: {
    process: SimProcess;
    peer: PeerIdentity;
    pipe: SimPipe;
    writer: ProtoWriter;
    outgoing: FrameCodec<Out>;
    incoming: FrameCodec<In>;
    /** Told once, when this end is closed for whatever reason. */
    onEnd: (end: ConnectionEnd) => void;
  }) {
    this.process = parts.process;
    this.peer = parts.peer;
    this.pipe = parts.pipe;
    this.#writer = parts.writer;
    this.#outgoing = parts.outgoing;
    this.#incoming = parts.incoming;
    this.#onEnd = parts.onEnd;
  }

  get open(): boolean {
    return this.#open;
  }

  get other(): SimStream<In, Out> {
    if (this.#other === undefined) throw new Error('a stream has but one end');
    return this.#other;
  }

  join(other: SimStream<In, Out>): void {
    this.#other = other;
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
    if (!this.#open || !this.process.alive) return;
    const bytes = sealFrame(this.#writer, nodeDigest, this.#outgoing.write, frame);
    if (bytes.length > SPLIT_FRAME_BYTES) {
      const halves = this.#outgoing.halve(frame);
      if (halves !== undefined) {
        this.send(halves[0]);
        this.send(halves[1]);
        return;
      }
    }
    const { other } = this;
    this.pipe.send(bytes.length, bytes.readUInt32LE(bytes.length - 4), () => other.#receive(bytes));
  }

  queuedBytes(): number {
    return this.#open ? Math.max(0, this.pipe.bytes - WINDOW_BYTES) : 0;
  }

  close(): void {
    if (!this.#end()) return;
    this.#held = undefined;
    this.#sayFarewell('closed by the other side');
  }

  lost(reason: string): void {
    if (!this.#end()) return;
    this.#sayFarewell(reason);
    if (!this.process.alive) return;
    if (this.#held === undefined) this.#onClose(reason);
    else this.#heldReason = reason;
  }

  /** The other end learns of the end of the connection behind everything that was sent before. */
  #sayFarewell(reason: string): void {
    const { other } = this;
    this.pipe.send(0, 0, () => other.#farewell(reason));
  }

  #farewell(reason: string): void {
    this.other.pipe.end();
    if (!this.#end()) return;
    this.pipe.end();
    if (this.#held === undefined) this.#onClose(reason);
    else this.#heldReason = reason;
  }

  #end(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#onEnd(this);
    return true;
  }

  #receive(bytes: Buffer): void {
    if (!this.#open) return;
    const frame = this.#incoming.read(unsealFrame(bytes, nodeDigest));
    if (this.#held === undefined) this.#onFrame(frame);
    else this.#held.push(frame);
  }

  /** The owner set one of its handlers, and the other one right after it. */
  #releaseHeld(): void {
    if (this.#held !== undefined) void Promise.resolve().then(() => this.#deliverHeld());
  }

  #deliverHeld(): void {
    while (this.#held !== undefined && this.#held.length > 0) this.#onFrame(this.#held.shift() as In);
    if (this.#held === undefined) return;
    this.#held = undefined;
    if (this.#heldReason !== undefined) this.#onClose(this.#heldReason);
  }
}
