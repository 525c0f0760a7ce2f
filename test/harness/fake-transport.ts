import type { Timers } from '../../services/shared/env/clock.ts';
import type { FrameStream, PeerIdentity } from '../../services/shared/env/transport.ts';
import { TransportError } from '../../services/shared/env/transport.ts';
import type { AdminRequest, AdminResponse } from '../../services/shared/wire/admin.ts';
import type { StatorHandlers, StatorTransport, StreamFrames, StreamKind } from '../../services/shared/wire/frames.ts';

/** One thing that a process sends: a frame of a stream, or a call. */
export interface Sending {
  readonly from: string;
  readonly to: string;
  readonly kind: StreamKind | 'call';
  /** A frame, or an AdminRequest. */
  readonly content: unknown;
}

/** What a test answers to a sending: nothing, to let it leave; DROP, to lose it; or other content in its place. */
export type SendVerdict = unknown;
export const DROP = Symbol('lost on the way');

interface Place {
  readonly address: string;
  identity: PeerIdentity;
  handlers: StatorHandlers | undefined;
  alive: boolean;
  frozen: boolean;
  /** Nothing leaves and nothing arrives any more. */
  silent: boolean;
  /** What arrived while it stood still. */
  waiting: (() => void)[];
  readonly ends: Set<FakeEnd<unknown, unknown>>;
}

const LATENCY_MS = 0.5;

/**
 * A network in memory under manual time. A place can die (its streams break), stand still (nothing arrives or leaves, as under
 * SIGSTOP) or be cut off; a test can watch everything that is sent.
 */
export class FakeNetwork {
  readonly #timers: Timers;
  readonly #places = new Map<string, Place>();
  /** Called for everything before it leaves. */
  onSend: ((sending: Sending) => SendVerdict) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** The transport of a process at this address; replaces one that died there. */
  transport(address: string, name: string, incarnation: number): StatorTransport {
    this.kill(address);
    const identity = { clusterId: 'test', name, incarnation };
    const place: Place = {
      address,
      identity,
      handlers: undefined,
      alive: true,
      frozen: false,
      silent: false,
      waiting: [],
      ends: new Set(),
    };
    this.#places.set(address, place);
    return new FakeTransport(this, place);
  }

  /** The process dies: all its streams break, and nothing answers there any more. */
  kill(address: string): void {
    const place = this.#places.get(address);
    if (place === undefined || !place.alive) return;
    place.alive = false;
    for (const end of [...place.ends]) end.breakBoth('connection reset');
  }

  /** The process stands still; what is sent to it waits. */
  freeze(address: string): void {
    this.#place(address).frozen = true;
  }

  thaw(address: string): void {
    const place = this.#place(address);
    place.frozen = false;
    const waiting = place.waiting;
    place.waiting = [];
    for (const delivery of waiting) delivery();
  }

  /** From now on the process is as good as dead, but nobody notices: what it sent before still arrives. */
  silence(address: string): void {
    this.#place(address).silent = true;
  }

  /** Ends that silence. What was not sent meanwhile is lost, so its streams have to break. */
  unsilence(address: string): void {
    this.#place(address).silent = false;
    for (const other of this.#places.keys()) this.breakStreams(address, other);
  }

  /** Breaks all streams between two places; new ones can be opened. */
  breakStreams(a: string, b: string): void {
    for (const end of [...this.#place(a).ends]) {
      if (end.place.address === b || end.other.place.address === b) end.breakBoth('connection reset');
    }
  }

  find(address: string): Place | undefined {
    const place = this.#places.get(address);
    return place?.alive === true ? place : undefined;
  }

  /** What really leaves: DROP, or the content. */
  leave(from: Place, sending: Sending): unknown {
    if (from.silent) return DROP;
    return this.onSend?.(sending) ?? sending.content;
  }

  /** Runs `delivery` at the place after the latency of the network, once it moves again, unless it died meanwhile. */
  deliver(from: Place, to: Place, delivery: () => void): void {
    if (!from.alive) return;
    if (from.frozen) {
      from.waiting.push(() => this.deliver(from, to, delivery));
      return;
    }
    const arrive = (): void => {
      if (!to.alive || to.silent) return;
      if (to.frozen) to.waiting.push(arrive);
      else delivery();
    };
    this.#timers.after(LATENCY_MS, arrive);
  }

  async within<T>(timeoutMs: number, work: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#timers.after(timeoutMs, () => reject(new TransportError('timed out')));
      work(
        (value) => {
          timer.cancel();
          resolve(value);
        },
        (error) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  #place(address: string): Place {
    const place = this.find(address);
    if (place === undefined) throw new Error(`nothing lives at ${address}`);
    return place;
  }
}

class FakeTransport implements StatorTransport {
  readonly #network: FakeNetwork;
  readonly #place: Place;

  constructor(network: FakeNetwork, place: Place) {
    this.#network = network;
    this.#place = place;
  }

  async listen(handlers: StatorHandlers): Promise<void> {
    this.#place.handlers = handlers;
  }

  open<K extends StreamKind>(
    address: string,
    kind: K,
    timeoutMs: number,
  ): Promise<FrameStream<StreamFrames[K]['up'], StreamFrames[K]['down']>> {
    type Up = StreamFrames[K]['up'];
    type Down = StreamFrames[K]['down'];
    return this.#network.within(timeoutMs, (resolve, reject) => {
      const to = this.#network.find(address);
      if (to === undefined || !this.#place.alive) return reject(new TransportError(`${address} refused the connection`));
      this.#network.deliver(this.#place, to, () => {
        const serve = to.handlers?.[kind] as ((stream: FrameStream<Down, Up>) => void) | undefined;
        if (serve === undefined) return reject(new TransportError(`${address} does not serve ${kind}`));
        const near = new FakeEnd<Up, Down>(this.#network, this.#place, to.identity, kind);
        const far = new FakeEnd<Down, Up>(this.#network, to, this.#place.identity, kind);
        near.join(far);
        far.join(near);
        serve(far);
        this.#network.deliver(to, this.#place, () => resolve(near));
      });
    });
  }

  call(address: string, request: AdminRequest, timeoutMs: number): Promise<AdminResponse> {
    const content = this.#network.leave(this.#place, { from: this.#place.address, to: address, kind: 'call', content: request });
    return this.#network.within(timeoutMs, (resolve, reject) => {
      if (content === DROP) return;
      const to = this.#network.find(address);
      if (to === undefined || !this.#place.alive) return reject(new TransportError(`${address} refused the connection`));
      this.#network.deliver(this.#place, to, () => {
        const admin = to.handlers?.admin;
        if (admin === undefined) return reject(new TransportError(`${address} does not serve calls`));
        admin(request, this.#place.identity).then(
          (answer) => this.#network.deliver(to, this.#place, () => resolve(answer)),
          (error: Error) => this.#network.deliver(to, this.#place, () => reject(error)),
        );
      });
    });
  }

  async close(): Promise<void> {
    this.#network.kill(this.#place.address);
  }
}

class FakeEnd<Out, In> implements FrameStream<Out, In> {
  readonly peer: PeerIdentity;
  readonly place: Place;
  onFrame: (frame: In) => void = () => {};
  onClose: (reason: string) => void = () => {};
  readonly #network: FakeNetwork;
  readonly #kind: StreamKind;
  #other: FakeEnd<In, Out> | undefined;
  #open = true;

  constructor(network: FakeNetwork, place: Place, peer: PeerIdentity, kind: StreamKind) {
    this.#network = network;
    this.place = place;
    this.peer = peer;
    this.#kind = kind;
    place.ends.add(this as FakeEnd<unknown, unknown>);
  }

  get other(): FakeEnd<In, Out> {
    if (this.#other === undefined) throw new Error('a stream end is alone');
    return this.#other;
  }

  join(other: FakeEnd<In, Out>): void {
    this.#other = other;
  }

  send(frame: Out): void {
    const other = this.other;
    if (!this.#open) return;
    const sending: Sending = { from: this.place.address, to: other.place.address, kind: this.#kind, content: frame };
    const content = this.#network.leave(this.place, sending);
    if (content === DROP) return;
    this.#network.deliver(this.place, other.place, () => {
      if (other.#open) other.onFrame(content as Out);
    });
  }

  queuedBytes(): number {
    return 0;
  }

  close(): void {
    if (!this.#end()) return;
    const other = this.other;
    this.#network.deliver(this.place, other.place, () => {
      if (other.#end()) other.onClose('closed by the other side');
    });
  }

  /** The connection breaks: both sides notice, the dead one excepted. */
  breakBoth(reason: string): void {
    for (const end of [this, this.other]) {
      if (end.#end() && end.place.alive) end.onClose(reason);
    }
  }

  #end(): boolean {
    const wasOpen = this.#open;
    this.#open = false;
    this.place.ends.delete(this as FakeEnd<unknown, unknown>);
    return wasOpen;
  }
}
