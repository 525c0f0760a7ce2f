import { AdminCallError, type FrameStream, TransportError } from '../../../services/shared/env/transport.ts';
import { callRefusal, type OwnIdentity, ownHello, streamRefusal } from '../../../services/shared/platform/grpc-handshake.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import type { AdminRequest, AdminResponse } from '../../../services/shared/wire/admin.ts';
import { type AdminCall, readAdminCall, writeAdminCall } from '../../../services/shared/wire/codec-admin-call.ts';
import { type AdminReply, readAdminReply, writeAdminReply } from '../../../services/shared/wire/codec-admin-reply.ts';
import type { Hello } from '../../../services/shared/wire/codec-hello.ts';
import type { StatorHandlers, StatorTransport, StreamFrames, StreamKind } from '../../../services/shared/wire/frames.ts';
import { ProtoWriter } from '../../../services/shared/wire/proto-writer.ts';
import { sealFrame, unsealFrame } from '../../../services/shared/wire/sealed-frame.ts';
import { STREAM_CODECS } from '../../../services/shared/wire/stream-codecs.ts';
import { type ConnectionEnd, SimStream } from './sim-connection.ts';
import type { SimEnvironment } from './sim-environment.ts';
import { SimPipe } from './sim-link.ts';
import { type Listener, machineAt, type SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

/** TCP's and HTTP/2's greetings before the first frame of a connection arrives, in one-way latencies. */
const GREETINGS = 2;

/** What became of an attempt to reach another process; called once. */
interface Attempt {
  readonly succeed: (value: unknown) => void;
  readonly fail: (reason: string) => void;
  readonly isOver: () => boolean;
}

/** The transport of one life of a process. Bytes and refusals are those of the real one. */
export class SimTransport implements StatorTransport {
  readonly #network: SimNetwork;
  readonly #process: SimProcess;
  readonly #environment: SimEnvironment;
  readonly #writer = new ProtoWriter();
  readonly #open = new Set<ConnectionEnd & { close(): void }>();
  readonly #identity: OwnIdentity;
  #clusterId = '';
  #closed = false;

  constructor(network: SimNetwork, process: SimProcess, environment: SimEnvironment) {
    this.#network = network;
    this.#process = process;
    this.#environment = environment;
    this.#identity = { name: process.name, incarnation: process.incarnation, clusterId: () => this.#clusterId };
  }

  /** The process belongs to this cluster from now on. */
  joinCluster(clusterId: string): void {
    this.#clusterId = clusterId;
  }

  async listen(handlers: StatorHandlers): Promise<void> {
    this.#network.listen({ process: this.#process, identity: this.#identity, handlers, writer: this.#writer, streams: this.#open });
  }

  async open<K extends StreamKind>(
    address: string,
    kind: K,
    timeoutMs: number,
  ): Promise<FrameStream<StreamFrames[K]['up'], StreamFrames[K]['down']>> {
    if (this.#closed) throw new TransportError('the transport was closed');
    if (this.#clusterId === '') throw new TransportError(`${this.#process.name} belongs to no cluster yet`);
    return this.#attempt(`${kind} stream to ${address}`, timeoutMs, (attempt) => {
      this.#reach(address, attempt, (listener) => this.#greet(listener, kind, attempt));
    });
  }

  async call(address: string, request: AdminRequest, timeoutMs: number): Promise<AdminResponse> {
    if (this.#closed) throw new TransportError('the transport was closed');
    const hello = ownHello(this.#identity);
    const bytes = sealFrame<AdminCall>(this.#writer, nodeDigest, writeAdminCall, { hello, request });
    const reply = await this.#attempt<Buffer>(`call to ${address}`, timeoutMs, (attempt) => {
      this.#reach(address, attempt, (listener) => this.#serve(listener, bytes, attempt));
    });
    const { hello: other, outcome } = readAdminReply(unsealFrame(reply, nodeDigest));
    const refusal = callRefusal(hello, other, request.kind);
    if (refusal !== undefined) throw new TransportError(`${request.kind} at ${address}: ${refusal}`);
    if (outcome.kind === 'refusal') throw new AdminCallError(outcome.code, outcome.message);
    return outcome;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of [...this.#open]) end.close();
  }

  #attempt<T>(what: string, timeoutMs: number, start: (attempt: Attempt) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let over = false;
      const end = (): boolean => {
        const first = !over;
        over = true;
        timer.cancel();
        return first;
      };
      const fail = (reason: string): void => {
        if (end()) reject(new TransportError(`${what}: ${reason}`));
      };
      const timer = this.#environment.timers.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
      const succeed = (value: unknown): void => {
        if (end()) resolve(value as T);
      };
      start({ succeed, fail, isOver: () => over });
    });
  }

  /** Comes to the process that listens at the address, if both directions carry anything. */
  #reach(address: string, attempt: Attempt, arrive: (listener: Listener) => void): void {
    const { kernel } = this.#network;
    const machine = machineAt(address);
    const there = this.#network.link(this.#process.name, machine);
    const back = this.#network.link(machine, this.#process.name);
    let travelMs = 0;
    for (let greeting = 0; greeting < GREETINGS; greeting++) travelMs += there.drawLatencyMs() + back.drawLatencyMs();
    kernel.after(travelMs + there.drawLatencyMs(), () => {
      if (there.isCut || back.isCut) return;
      const listener = this.#network.at(machine);
      if (listener === 'silent') return;
      if (listener === 'refused') kernel.after(back.drawLatencyMs(), () => this.#process.run(() => attempt.fail('connection refused')));
      else listener.process.run(() => arrive(listener));
    });
  }

  /** At the other side: both say hello, then the stream stands. */
  #greet<K extends StreamKind>(listener: Listener, kind: K, attempt: Attempt): void {
    const back = new SimPipe(this.#network.link(listener.process.name, this.#process.name), this.#process);
    const refusal = streamRefusal(ownHello(listener.identity), ownHello(this.#identity));
    const handler = listener.handlers[kind] as ((stream: unknown) => void) | undefined;
    if (refusal !== undefined || handler === undefined) {
      this.#fail(back, attempt, refusal ?? `${listener.process.name} does not serve ${kind} streams`);
      return;
    }
    const there = new SimPipe(this.#network.link(this.#process.name, listener.process.name), listener.process);
    const { up, down } = STREAM_CODECS[kind];
    type Up = StreamFrames[K]['up'];
    type Down = StreamFrames[K]['down'];
    const near = new SimStream<Up, Down>({
      process: this.#process,
      peer: peerOf(ownHello(listener.identity)),
      pipe: there,
      writer: this.#writer,
      outgoing: up,
      incoming: down,
      onEnd: (end) => {
        this.#open.delete(near);
        this.#network.closed(end);
      },
    });
    const far = new SimStream<Down, Up>({
      process: listener.process,
      peer: peerOf(ownHello(this.#identity)),
      pipe: back,
      writer: listener.writer,
      outgoing: down,
      incoming: up,
      onEnd: (end) => {
        listener.streams.delete(far);
        this.#network.closed(end);
      },
    });
    near.join(far);
    far.join(near);
    this.#open.add(near);
    listener.streams.add(far);
    this.#network.opened(near);
    this.#network.opened(far);
    back.send(0, 0, () => {
      if (attempt.isOver() || this.#closed) near.close();
      else attempt.succeed(near);
    });
    handler(far);
  }

  #fail(back: SimPipe, attempt: Attempt, reason: string): void {
    back.send(0, 0, () => {
      back.end();
      attempt.fail(reason);
    });
  }

  /** At the other side: an administrative call is carried out and answered. */
  #serve(listener: Listener, bytes: Buffer, attempt: Attempt): void {
    const back = new SimPipe(this.#network.link(listener.process.name, this.#process.name), this.#process);
    const { hello, request } = readAdminCall(unsealFrame(bytes, nodeDigest));
    const refusal = callRefusal(ownHello(listener.identity), hello, request.kind);
    if (refusal !== undefined) return this.#fail(back, attempt, refusal);
    const handler = listener.handlers.admin;
    if (handler === undefined) return this.#fail(back, attempt, `${listener.process.name} takes no administrative calls`);
    const reply = (outcome: AdminReply['outcome']): void => {
      if (!listener.process.alive) return;
      const answer: AdminReply = { hello: ownHello(listener.identity), outcome };
      const sealed = sealFrame(listener.writer, nodeDigest, writeAdminReply, answer);
      back.send(sealed.length, sealed.readUInt32LE(sealed.length - 4), () => {
        back.end();
        attempt.succeed(sealed);
      });
    };
    handler(request, peerOf(hello)).then(reply, (error: unknown) => {
      if (error instanceof AdminCallError) reply({ kind: 'refusal', code: error.code, message: error.message });
      else listener.process.end(`the administrative call ${request.kind} failed: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }
}

function peerOf({ clusterId, name, incarnation }: Hello): Omit<Hello, 'protocolVersion'> {
  return { clusterId, name, incarnation };
}
