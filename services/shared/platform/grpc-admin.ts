import type { sendUnaryData, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { status as GrpcStatus } from '@grpc/grpc-js';
import { AdminCallError, TransportError } from '../env/transport.ts';
import type { PeerIdentity } from '../env/transport.ts';
import type { AdminRequest, AdminResponse } from '../wire/admin.ts';
import { readAdminCall, writeAdminCall } from '../wire/codec-admin-call.ts';
import type { AdminReply } from '../wire/codec-admin-reply.ts';
import { readAdminReply, writeAdminReply } from '../wire/codec-admin-reply.ts';
import { sealFrame, unsealFrame } from '../wire/sealed-frame.ts';
import { callRefusal, ownHello } from './grpc-handshake.ts';
import { GrpcConnection } from './grpc-connection.ts';
import type { Closeable, TransportShared } from './grpc-shared.ts';
import { isDamage, sameBytes } from './grpc-shared.ts';

export type AdminHandler = (request: AdminRequest, peer: PeerIdentity) => Promise<AdminResponse>;

/** One call over a connection of its own. Rejects with TransportError or AdminCallError. */
export async function callAdmin(
  address: string,
  path: string,
  request: AdminRequest,
  timeoutMs: number,
  shared: TransportShared,
): Promise<AdminResponse> {
  const hello = ownHello(shared.identity);
  const call = sealFrame(shared.writer, shared.digest, writeAdminCall, { hello, request });
  const bytes = await unaryCall(address, path, call, timeoutMs, shared);
  let reply: AdminReply;
  try {
    reply = readAdminReply(unsealFrame(bytes, shared.digest));
  } catch (error) {
    if (!isDamage(error)) throw error;
    shared.counters.damagedFrames.add();
    throw new TransportError(`${request.kind} at ${address}: damaged reply: ${error.message}`);
  }
  const refusal = callRefusal(hello, reply.hello, request.kind);
  if (refusal !== undefined) throw new TransportError(`${request.kind} at ${address}: ${refusal}`);
  if (reply.outcome.kind === 'refusal') throw new AdminCallError(reply.outcome.code, reply.outcome.message);
  return reply.outcome;
}

function unaryCall(address: string, path: string, bytes: Buffer, timeoutMs: number, shared: TransportShared): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const connection = new GrpcConnection(address, 'admin');
    const deadline = Date.now() + timeoutMs;
    let finished: () => void = () => {};
    const callback = (error: ServiceError | null, reply?: Buffer): void => {
      shared.open.delete(entry);
      finished();
      if (error === null && reply !== undefined) {
        connection.close();
        resolve(reply);
      } else {
        connection.destroy();
        reject(new TransportError(`call to ${address}: ${error?.details ?? 'no reply'}`));
      }
    };
    const call = connection.client.makeUnaryRequest<Buffer, Buffer>(path, sameBytes, sameBytes, bytes, { deadline }, callback);
    const done = new Promise<void>((resolveDone) => {
      finished = resolveDone;
    });
    const entry: Closeable = { close: () => call.cancel(), done };
    shared.open.add(entry);
  });
}

/** Serves one call of another process. */
export async function serveAdmin(
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
  handler: AdminHandler | undefined,
  shared: TransportShared,
): Promise<void> {
  const own = ownHello(shared.identity);
  let received: ReturnType<typeof readAdminCall>;
  try {
    received = readAdminCall(unsealFrame(call.request, shared.digest));
  } catch (error) {
    if (!isDamage(error)) throw error;
    shared.counters.damagedFrames.add();
    callback({ code: GrpcStatus.DATA_LOSS, details: `damaged call: ${error.message}` });
    return;
  }
  const { hello, request } = received;
  const refusal = callRefusal(own, hello, request.kind);
  if (refusal !== undefined) {
    shared.logger.warn('call-refused', { call: request.kind, peer: hello.name, address: call.getPeer(), reason: refusal });
    callback({ code: GrpcStatus.FAILED_PRECONDITION, details: refusal });
    return;
  }
  if (handler === undefined) {
    callback({ code: GrpcStatus.UNIMPLEMENTED, details: `${own.name} takes no administrative calls` });
    return;
  }
  const { clusterId, name, incarnation } = hello;
  const outcome = await handler(request, { clusterId, name, incarnation }).catch((error: unknown) => {
    return asRefusal(error, request, shared);
  });
  // The cluster id may just have been learned: `init-cluster` answers with the new one.
  const reply: AdminReply = { hello: ownHello(shared.identity), outcome };
  callback(null, sealFrame(shared.writer, shared.digest, writeAdminReply, reply));
}

function asRefusal(error: unknown, request: AdminRequest, shared: TransportShared): AdminReply['outcome'] {
  if (error instanceof AdminCallError) return { kind: 'refusal', code: error.code, message: error.message };
  shared.logger.error('admin-call-failed', { call: request.kind, error });
  return { kind: 'refusal', code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
