import type { Prng } from '../../../services/shared/base/prng.ts';
import type { StatorHandlers } from '../../../services/shared/wire/frames.ts';
import type { OwnIdentity } from '../../../services/shared/platform/grpc-handshake.ts';
import type { ProtoWriter } from '../../../services/shared/wire/proto-writer.ts';
import type { Kernel } from './kernel.ts';
import type { ConnectionEnd } from './sim-connection.ts';
import { SimLink } from './sim-link.ts';
import type { SimProcess } from './sim-process.ts';

/** A connection whose other side is silently gone is noticed after so long (platform/grpc-settings.ts: ping, then wait). */
const KEEPALIVE_LEAST_MS = 5000;
export const KEEPALIVE_MOST_MS = 10_000;
/** One-way latency between two machines lies in this range. */
const LATENCY_LEAST_MS = 0.15;
const LATENCY_MOST_MS = 1.5;

/** A process that can be reached. */
export interface Listener {
  readonly process: SimProcess;
  readonly identity: OwnIdentity;
  readonly handlers: StatorHandlers;
  readonly writer: ProtoWriter;
  /** Streams that were opened to it or by it. */
  readonly streams: Set<ConnectionEnd & { close(): void }>;
}

/** Every process listens at the same port of a machine of its own. */
const PORT = 7000;

export function addressOf(machine: string): string {
  return `${machine}:${PORT}`;
}

export function machineAt(address: string): string {
  return address.slice(0, address.indexOf(':'));
}

/** Machines by name, and the links between them. */
export class SimNetwork {
  readonly kernel: Kernel;
  readonly #random: Prng;
  readonly #links = new Map<string, SimLink>();
  readonly #listeners = new Map<string, Listener>();
  /** Machines without power: nothing answers there, not even with a refusal. */
  readonly #dark = new Set<string>();
  readonly #ends = new Set<ConnectionEnd>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.#random = kernel.random();
  }

  /** The direction from one machine to another. */
  link(from: string, to: string): SimLink {
    const name = `${from}>${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const latencyMs = LATENCY_LEAST_MS + this.#random.float() * (LATENCY_MOST_MS - LATENCY_LEAST_MS);
      link = new SimLink(this.kernel, this.#random.split(), latencyMs);
      this.#links.set(name, link);
    }
    return link;
  }

  listen(listener: Listener): void {
    this.#listeners.set(listener.process.name, listener);
  }

  /** Who takes connections on a machine; `refused`: nobody, and the machine says so; `silent`: there is no machine. */
  at(machine: string): Listener | 'refused' | 'silent' {
    if (this.#dark.has(machine)) return 'silent';
    const listener = this.#listeners.get(machine);
    return listener?.process.alive === true ? listener : 'refused';
  }

  opened(end: ConnectionEnd): void {
    this.#ends.add(end);
  }

  closed(end: ConnectionEnd): void {
    this.#ends.delete(end);
  }

  /** What a process has sent and nobody received yet, over all its connections. */
  sentBytes(process: SimProcess): number {
    let bytes = 0;
    for (const end of this.#ends) if (end.process === process) bytes += end.pipe.bytes;
    return bytes;
  }

  // --- faults ------------------------------------------------------------------------------------------------------

  /** Nothing goes from one machine to the other until healed; after a while their connections are given up. */
  cut(from: string, to: string): void {
    const link = this.link(from, to);
    link.cut();
    const { epoch } = link;
    for (const end of [...this.#ends]) {
      if (!between(end, from, to)) continue;
      this.#loseLater(end, 'keepalive timeout', () => link.epoch === epoch);
    }
  }

  heal(from: string, to: string): void {
    this.link(from, to).heal();
  }

  /** The connections between two machines break; what is on its way is lost. New ones can be opened. */
  breakConnections(a: string, b: string): number {
    let broken = 0;
    for (const end of [...this.#ends]) {
      if (!end.open || !between(end, a, b)) continue;
      broken += 1;
      this.#breakBoth(end, 'connection reset');
    }
    return broken;
  }

  /**
   * One side gives its connections up, and the other one does not hear of it before everything that was sent on them has come,
   * which takes `delayMs`; meanwhile new ones are opened and used. How many there are.
   */
  abandonConnections(from: string, to: string, delayMs: number): number {
    const abandoned = [...this.#ends].filter((end) => end.open && end.process.name === from && end.other.process.name === to);
    for (const end of abandoned) {
      this.kernel.after(delayMs, end.pipe.goAstray());
      end.process.run(() => end.lost('given up'));
    }
    return abandoned.length;
  }

  /** A process stands still: it answers no pings, and its peers give it up after a while. */
  paused(process: SimProcess, isStillPaused: () => boolean): void {
    for (const end of [...this.#ends]) {
      if (end.other.process === process) this.#loseLater(end, 'keepalive timeout', isStillPaused);
    }
  }

  /** A process died on a machine that lives: the machine ends its connections, with or without what was still to be sent. */
  died(process: SimProcess): void {
    this.#listeners.delete(process.name);
    for (const end of this.#endsOf(process)) {
      if (this.#random.chance(0.5)) end.pipe.loseAll();
      this.kernel.after(0, () => end.lost('the process died'));
    }
  }

  /** A machine lost its power: nobody is told. Its peers notice by silence, or when it is back and knows nothing of them. */
  darkened(process: SimProcess): void {
    this.#listeners.delete(process.name);
    this.#dark.add(process.name);
    for (const end of this.#endsOf(process)) {
      if (this.#random.chance(0.5)) end.pipe.loseAll();
      this.#loseLater(end.other, 'keepalive timeout', () => true);
    }
  }

  lit(machine: string): void {
    this.#dark.delete(machine);
    for (const end of [...this.#ends]) {
      if (end.process.name === machine || end.other.process.name !== machine || end.other.process.alive) continue;
      this.kernel.after(this.#random.float() * 300, () => this.#breakBoth(end, 'reset by a machine that knows nothing of it'));
    }
  }

  #endsOf(process: SimProcess): ConnectionEnd[] {
    return [...this.#ends].filter((end) => end.process === process);
  }

  #loseLater(end: ConnectionEnd, reason: string, stillSo: () => boolean): void {
    const delayMs = KEEPALIVE_LEAST_MS + this.#random.float() * (KEEPALIVE_MOST_MS - KEEPALIVE_LEAST_MS);
    this.kernel.after(delayMs, () => {
      if (!end.open || !stillSo()) return;
      // A reset makes the sender forget what it had not sent; an orderly end leaves it to the machine.
      if (this.#random.chance(0.5)) end.pipe.loseAll();
      end.process.run(() => end.lost(reason));
    });
  }

  #breakBoth(end: ConnectionEnd, reason: string): void {
    for (const side of [end, end.other]) {
      side.pipe.end();
      side.process.run(() => side.lost(reason));
      this.#ends.delete(side);
    }
  }
}

function between(end: ConnectionEnd, a: string, b: string): boolean {
  const names = [end.process.name, end.other.process.name];
  return names.includes(a) && names.includes(b);
}
