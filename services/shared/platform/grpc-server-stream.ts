import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status as GrpcStatus } from '@grpc/grpc-js';
import type { Hello } from '../wire/codec-hello.ts';
import { readFirstFrame, writeHello } from '../wire/codec-hello.ts';
import type { StreamKind } from '../wire/frames.ts';
import { sealFrame, unsealFrame } from '../wire/sealed-frame.ts';
import type { FrameCodec } from '../wire/stream-codecs.ts';
import { GrpcFrameStream } from './grpc-frame-stream.ts';
import { MAX_HELLO_BYTES, ownHello, streamRefusal } from './grpc-handshake.ts';
import { HELLO_TIMEOUT_MS } from './grpc-settings.ts';
import type { TransportShared } from './grpc-shared.ts';
import { isDamage } from './grpc-shared.ts';

type ServerCall = ServerDuplexStream<Buffer, Buffer>;

/** How the frames of a kind of stream are written and read, and who takes the streams; no handler: the kind is not served. */
export interface StreamService<Out, In> {
  readonly kind: StreamKind;
  readonly outgoing: FrameCodec<Out>;
  readonly incoming: FrameCodec<In>;
  readonly handler: ((stream: GrpcFrameStream<Out, In>) => void) | undefined;
}

/** Takes a stream that another process opened: its hello first, then ours, then the handler. */
export function acceptServerStream<Out, In>(call: ServerCall, service: StreamService<Out, In>, shared: TransportShared): void {
  // grpc-js turns an error into the status itself; this keeps one that comes after the end from being thrown.
  call.on('error', () => {});
  const timer = setTimeout(() => refuse(call, GrpcStatus.DEADLINE_EXCEEDED, 'no first frame in time'), HELLO_TIMEOUT_MS);
  call.once('cancelled', () => clearTimeout(timer));
  call.once('data', (bytes: Buffer) => {
    clearTimeout(timer);
    const hello = checkHello(call, service.kind, bytes, shared);
    if (hello === undefined) return;
    if (service.handler === undefined) {
      refuse(call, GrpcStatus.UNIMPLEMENTED, `${shared.identity.name} does not serve ${service.kind} streams`);
      return;
    }
    call.write(sealFrame(shared.writer, shared.digest, writeHello, ownHello(shared.identity)));
    service.handler(establish(call, hello, service, shared));
  });
}

function establish<Out, In>(
  call: ServerCall,
  hello: Hello,
  service: StreamService<Out, In>,
  shared: TransportShared,
): GrpcFrameStream<Out, In> {
  const { clusterId, name, incarnation } = hello;
  const end = { abort: (reason: string) => refuse(call, GrpcStatus.DATA_LOSS, reason) };
  const stream = new GrpcFrameStream(call, end, { clusterId, name, incarnation }, service.outgoing, service.incoming, shared);
  call.once('end', () => {
    stream.ended('closed by the other side');
    call.end();
  });
  call.once('cancelled', () => {
    stream.ended('cancelled by the other side, or the connection was lost');
    stream.finished();
  });
  return stream;
}

/** The hello of the first frame; undefined when the stream was refused. */
function checkHello(call: ServerCall, kind: StreamKind, bytes: Buffer, shared: TransportShared): Hello | undefined {
  let hello: Hello | undefined;
  try {
    if (bytes.length <= MAX_HELLO_BYTES) hello = readFirstFrame(unsealFrame(bytes, shared.digest));
  } catch (error) {
    if (!isDamage(error)) throw error;
    shared.counters.damagedFrames.add();
    refuse(call, GrpcStatus.DATA_LOSS, `damaged frame: ${error.message}`);
    return undefined;
  }
  if (hello === undefined) {
    refuse(call, GrpcStatus.FAILED_PRECONDITION, 'the first frame is no hello');
    return undefined;
  }
  const refusal = streamRefusal(ownHello(shared.identity), hello);
  if (refusal === undefined) return hello;
  shared.logger.warn('stream-refused', { kind, peer: hello.name, address: call.getPeer(), reason: refusal });
  refuse(call, GrpcStatus.FAILED_PRECONDITION, refusal);
  return undefined;
}

/** Ends the call with a status other than OK: grpc-js takes it from the error and sends it behind what is still queued. */
function refuse(call: ServerCall, code: GrpcStatus, details: string): void {
  call.emit('error', { code, details });
}
