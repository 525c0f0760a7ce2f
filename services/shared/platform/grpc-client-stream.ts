import type { ClientDuplexStream } from '@grpc/grpc-js';
import { status as GrpcStatus } from '@grpc/grpc-js';
import type { PeerIdentity } from '../env/transport.ts';
import { TransportError } from '../env/transport.ts';
import { readFirstFrame, writeHello } from '../wire/codec-hello.ts';
import { sealFrame, unsealFrame } from '../wire/sealed-frame.ts';
import type { FrameCodec } from '../wire/stream-codecs.ts';
import type { StreamKind } from '../wire/frames.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { GrpcFrameStream } from './grpc-frame-stream.ts';
import { ownHello, streamRefusal } from './grpc-handshake.ts';
import type { Closeable, TransportShared } from './grpc-shared.ts';
import { isDamage, sameBytes } from './grpc-shared.ts';

/** Where a stream goes, and how its frames are written and read. */
export interface StreamTarget<Out, In> {
  readonly address: string;
  readonly kind: StreamKind;
  /** Path of the gRPC method. */
  readonly path: string;
  readonly outgoing: FrameCodec<Out>;
  readonly incoming: FrameCodec<In>;
}

/** Opens a stream over a connection of its own, which lives as long as the stream. Rejects with TransportError. */
export function openClientStream<Out, In>(
  target: StreamTarget<Out, In>,
  timeoutMs: number,
  shared: TransportShared,
): Promise<GrpcFrameStream<Out, In>> {
  return new Promise((resolve, reject) => {
    new Opening(target, timeoutMs, shared, resolve, reject).start();
  });
}

/** A stream from the first connection attempt to the other side's hello, and after that what its gRPC call reports. */
class Opening<Out, In> implements Closeable {
  readonly done: Promise<void>;
  readonly #target: StreamTarget<Out, In>;
  readonly #timeoutMs: number;
  readonly #shared: TransportShared;
  readonly #resolve: (stream: GrpcFrameStream<Out, In>) => void;
  readonly #reject: (error: TransportError) => void;
  readonly #connection: GrpcConnection;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  #timer: NodeJS.Timeout | undefined;
  #resolveDone: () => void = () => {};
  #stream: GrpcFrameStream<Out, In> | undefined;
  #failed = false;

  constructor(
    target: StreamTarget<Out, In>,
    timeoutMs: number,
    shared: TransportShared,
    resolve: (stream: GrpcFrameStream<Out, In>) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.#shared = shared;
    this.#resolve = resolve;
    this.#reject = reject;
    this.done = new Promise((resolveDone) => {
      this.#resolveDone = resolveDone;
    });
    this.#connection = new GrpcConnection(target.address, target.kind);
    this.#call = this.#connection.client.makeBidiStreamRequest(target.path, sameBytes, sameBytes);
  }

  start(): void {
    this.#shared.open.add(this);
    this.#timer = setTimeout(() => this.#fail(`no answer within ${this.#timeoutMs} ms`), this.#timeoutMs);
    // A failed call reports its status as an error, too; any other error of the stream object ends the call.
    this.#call.on('error', () => this.#call.cancel());
    this.#call.on('status', ({ code, details }: { code: number; details: string }) => this.#onStatus(code, details));
    this.#call.once('data', (bytes: Buffer) => this.#onFirstFrame(bytes));
    this.#call.write(sealFrame(this.#shared.writer, this.#shared.digest, writeHello, ownHello(this.#shared.identity)));
  }

  /** The transport closes while the stream is being opened. */
  close(): void {
    this.#fail('the transport was closed');
  }

  #onFirstFrame(bytes: Buffer): void {
    if (this.#failed) return;
    let peer: PeerIdentity | string;
    try {
      peer = this.#checkHello(bytes);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#shared.counters.damagedFrames.add();
      this.#fail(`damaged frame: ${error.message}`);
      return;
    }
    if (typeof peer === 'string') {
      this.#fail(peer);
      return;
    }
    this.#leave();
    const { outgoing, incoming } = this.#target;
    this.#stream = new GrpcFrameStream(this.#call, { abort: () => this.#call.cancel() }, peer, outgoing, incoming, this.#shared);
    this.#resolve(this.#stream);
  }

  /** The other side, or why it is not acceptable. */
  #checkHello(bytes: Buffer): PeerIdentity | string {
    const hello = readFirstFrame(unsealFrame(bytes, this.#shared.digest));
    if (hello === undefined) return 'the first frame is no hello';
    const { clusterId, name, incarnation } = hello;
    return streamRefusal(ownHello(this.#shared.identity), hello) ?? { clusterId, name, incarnation };
  }

  #onStatus(code: number, details: string): void {
    const ok = code === GrpcStatus.OK;
    if (this.#stream === undefined) {
      this.#fail(details === '' ? `status ${GrpcStatus[code]}` : details);
    } else if (!ok) {
      this.#connection.destroy();
      this.#finish(this.#stream, details);
    } else {
      this.#connection.close();
      const stream = this.#stream;
      // What the other side sent before it closed may still be on its way to the owner.
      if (this.#call.readableEnded) this.#finish(stream, 'closed by the other side');
      else this.#call.once('end', () => this.#finish(stream, 'closed by the other side'));
    }
  }

  #finish(stream: GrpcFrameStream<Out, In>, reason: string): void {
    stream.ended(reason);
    stream.finished();
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#leave();
    this.#call.cancel();
    this.#connection.destroy();
    const { kind, address } = this.#target;
    this.#reject(new TransportError(`${kind} stream to ${address}: ${reason}`));
  }

  /** The opening is over, one way or the other. */
  #leave(): void {
    clearTimeout(this.#timer);
    this.#shared.open.delete(this);
    this.#resolveDone();
  }
}
