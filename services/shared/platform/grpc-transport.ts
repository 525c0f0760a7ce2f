import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { must } from '../base/assert.ts';
import type { FrameStream } from '../env/transport.ts';
import { TransportError } from '../env/transport.ts';
import type { AdminRequest, AdminResponse } from '../wire/admin.ts';
import type { StatorHandlers, StatorTransport, StreamFrames, StreamKind } from '../wire/frames.ts';
import { STREAM_CODECS } from '../wire/stream-codecs.ts';
import { callAdmin, serveAdmin } from './grpc-admin.ts';
import { openClientStream } from './grpc-client-stream.ts';
import type { StreamService } from './grpc-server-stream.ts';
import { acceptServerStream } from './grpc-server-stream.ts';
import { CLOSE_LIMIT_MS, FAREWELL_MS, serverOptions } from './grpc-settings.ts';
import type { TransportOptions, TransportShared } from './grpc-shared.ts';
import { createShared, sameBytes } from './grpc-shared.ts';
import { loadProtoFiles, PROTO_PACKAGE } from './proto-files.ts';

type Method = MethodDefinition<Buffer, Buffer>;

/** The transport of a process, and where it listens. */
export interface GrpcTransport extends StatorTransport {
  /** The port it listens at, after `listen`. */
  port(): number;
}

/** Streams and calls between processes over gRPC; see proto/README.md for the bytes. */
export function createTransport(options: TransportOptions): GrpcTransport {
  // What grpc-js would print reaches us as statuses and errors.
  setLogVerbosity(logVerbosity.NONE);
  return new StatorGrpcTransport(options);
}

class StatorGrpcTransport implements GrpcTransport {
  readonly #listen: string;
  readonly #shared: TransportShared;
  readonly #streamMethods: Readonly<Record<StreamKind, Method>>;
  readonly #adminMethod: Method;
  #server: Server | undefined;
  #port: number | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#listen = options.listen;
    this.#shared = createShared(options);
    const definitions = loadProtoFiles();
    const method = (service: string, name: string): Method => {
      const definition = must(definitions[`${PROTO_PACKAGE}.${service}`], `proto/ has no service ${service}`) as ServiceDefinition;
      const { path, requestStream, responseStream } = must(definition[name], `proto/ has no method ${service}.${name}`);
      return {
        path,
        requestStream,
        responseStream,
        requestSerialize: sameBytes,
        requestDeserialize: sameBytes,
        responseSerialize: sameBytes,
        responseDeserialize: sameBytes,
      };
    };
    this.#streamMethods = {
      control: method('Control', 'Exchange'),
      bulk: method('Bulk', 'Exchange'),
      requests: method('Requests', 'Exchange'),
      watch: method('Watch', 'Exchange'),
    };
    this.#adminMethod = method('Admin', 'Call');
  }

  async listen(handlers: StatorHandlers): Promise<void> {
    const server = new Server(serverOptions());
    for (const kind of Object.keys(this.#streamMethods) as StreamKind[]) this.#serveKind(server, kind, handlers);
    server.addService({ call: this.#adminMethod } as ServiceDefinition, {
      call: (call: Parameters<typeof serveAdmin>[0], callback: Parameters<typeof serveAdmin>[1]) => {
        void serveAdmin(call, callback, handlers.admin, this.#shared);
      },
    });
    this.#server = server;
    this.#port = await bind(server, this.#listen);
  }

  port(): number {
    return must(this.#port, 'the transport does not listen yet');
  }

  open<K extends StreamKind>(
    address: string,
    kind: K,
    timeoutMs: number,
  ): Promise<FrameStream<StreamFrames[K]['up'], StreamFrames[K]['down']>> {
    if (this.#closed) return Promise.reject(new TransportError('the transport was closed'));
    if (this.#shared.identity.clusterId() === '') {
      return Promise.reject(new TransportError(`${this.#shared.identity.name} belongs to no cluster yet`));
    }
    const { up, down } = STREAM_CODECS[kind];
    const target = { address, kind, path: this.#streamMethods[kind].path, outgoing: up, incoming: down };
    return openClientStream(target, timeoutMs, this.#shared);
  }

  call(address: string, request: AdminRequest, timeoutMs: number): Promise<AdminResponse> {
    if (this.#closed) return Promise.reject(new TransportError('the transport was closed'));
    return callAdmin(address, this.#adminMethod.path, request, timeoutMs, this.#shared);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#shared.open];
    for (const closeable of open) closeable.close();
    await within(CLOSE_LIMIT_MS, Promise.all(open.map((closeable) => closeable.done)));
    const server = this.#server;
    if (server === undefined) return;
    const down = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await within(FAREWELL_MS, down);
    server.forceShutdown();
    await down;
  }

  #serveKind<K extends StreamKind>(server: Server, kind: K, handlers: StatorHandlers): void {
    const { up, down } = STREAM_CODECS[kind];
    const handler = handlers[kind] as ((stream: FrameStream<StreamFrames[K]['down'], StreamFrames[K]['up']>) => void) | undefined;
    const service: StreamService<StreamFrames[K]['down'], StreamFrames[K]['up']> = { kind, outgoing: down, incoming: up, handler };
    server.addService({ exchange: this.#streamMethods[kind] } as ServiceDefinition, {
      exchange: (call: Parameters<typeof acceptServerStream>[0]) => acceptServerStream(call, service, this.#shared),
    });
  }
}

/** The port that was bound. Rejects with TransportError when the address is in use or wrong. */
function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(new TransportError(`cannot listen at ${address}: ${error.message}`));
    });
  });
}

/** Waits for the promise, but not longer than the limit. */
async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
