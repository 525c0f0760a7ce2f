import type { Socket } from 'node:net';

/** What becomes of bytes in one direction between two processes. */
export interface Link {
  /** Nothing passes; what is sent meanwhile waits, as in TCP, and passes when the cut is healed. */
  readonly cut: boolean;
  readonly delayMs: number;
}

export const OPEN_LINK: Link = { cut: false, delayMs: 0 };

/** Bytes held back for a delay before the sender is made to wait. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

interface Held {
  /** Undefined: the sender has nothing more to send. */
  readonly bytes: Buffer | undefined;
  readonly dueAtMs: number;
}

/** One direction of a proxied connection. */
export class Flow {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #inspect: (bytes: Buffer) => void;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #link = OPEN_LINK;
  #sinkIsFull = false;
  #timer: NodeJS.Timeout | undefined;

  /** `inspect` sees bytes before they are passed on, and may call `setLink`. */
  constructor(source: Socket, sink: Socket, inspect: (bytes: Buffer) => void = () => {}) {
    this.#source = source;
    this.#sink = sink;
    this.#inspect = inspect;
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.on('end', () => this.#take(undefined));
    sink.on('drain', () => {
      this.#sinkIsFull = false;
      this.#pump();
    });
  }

  setLink(link: Link): void {
    this.#link = link;
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #take(bytes: Buffer | undefined): void {
    if (bytes !== undefined) this.#inspect(bytes);
    this.#held.push({ bytes, dueAtMs: performance.now() + this.#link.delayMs });
    this.#heldBytes += bytes?.length ?? 0;
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    while (!this.#link.cut && !this.#sinkIsFull) {
      const next = this.#held[0];
      if (next === undefined || next.dueAtMs > nowMs) break;
      this.#held.shift();
      this.#pass(next.bytes);
    }
    const next = this.#held[0];
    if (next !== undefined && (this.#link.cut || this.#sinkIsFull || this.#heldBytes > HELD_BYTES_MAX)) this.#source.pause();
    else this.#source.resume();
    if (next !== undefined && !this.#link.cut && !this.#sinkIsFull) {
      this.#timer = setTimeout(() => this.#pump(), Math.max(1, next.dueAtMs - nowMs));
    }
  }

  #pass(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#sink.end();
      return;
    }
    this.#heldBytes -= bytes.length;
    if (this.#sink.writable) this.#sinkIsFull = !this.#sink.write(bytes);
  }
}
