import { SECOND_MS } from '../base/units.ts';

/** What long bodies may take from everybody else. */
export interface BodyPaceLimits {
  /** So much of each body is read as it comes; what is longer is read at the pace. */
  readonly freeBytes: number;
  /** With more other requests under way than these there is a queue somewhere, and long bodies have their share only. */
  readonly othersMax: number;
  /** Their share: so many bytes for each other request that was answered, and so many a second in any case. */
  readonly bytesPerOther: number;
  readonly bytesPerSecond: number;
  /** Read in one turn of the loop, also when nobody else is there. */
  readonly turnBytes: number;
  /** Long bodies at a time that get room for all that was announced as soon as they are long. */
  readonly roomyBodies: number;
}

/** The body of a request while it is received. */
export interface PacedBody {
  /** Stops reading it. */
  hold(): void;
  /** Reads on. */
  goOn(): void;
  /** Makes room for all of it. */
  makeRoom(): void;
}

/** Node hands over a body in pieces of so many bytes at the most. */
const PIECE_BYTES = 65_536;
/** How often the share is given out while there is a queue. */
const TICK_MS = 5;
/** Requests come in bursts: a queue that was seen counts for so long. */
const QUEUE_MS = 100;

/**
 * Reads long bodies at the pace that other requests leave. What is not read waits in the buffers of the network and then at the
 * client, where it costs neither memory nor time. Those that came first go on first: they are done soon, instead of all of them late.
 */
export class HttpBodyPace<Body extends PacedBody> {
  readonly #limits: BodyPaceLimits;
  /** The long bodies that are being received, the oldest first, and since when each is held; undefined: it may go on. */
  readonly #bodies = new Map<Body, { heldSinceMs: number | undefined }>();
  /** Bytes that may be read; below zero after a piece that was longer. */
  #allowance: number;
  #grantedMs = 0;
  #queueUntilMs = 0;
  /** Since the last look. */
  #sawQueue = false;
  #others = 0;
  #held = 0;
  #isScheduled = false;

  constructor(limits: BodyPaceLimits) {
    this.#limits = limits;
    this.#allowance = limits.turnBytes;
  }

  /** Bodies that are held back. */
  get held(): number {
    return this.#held;
  }

  /** Another request came whole and is worked on. */
  began(): void {
    if (++this.#others > this.#limits.othersMax) this.#sawQueue = true;
  }

  /** It was answered. */
  ended(): void {
    this.#others--;
    this.#grant(this.#limits.bytesPerOther);
  }

  /** A piece of a body came, and so much of it is there by now; `isWhole`: that was all. Holds the body when it has to wait. */
  received(body: Body, pieceBytes: number, receivedBytes: number, isWhole: boolean): void {
    if (receivedBytes <= this.#limits.freeBytes) return;
    this.#allowance -= pieceBytes;
    if (isWhole) return;
    let state = this.#bodies.get(body);
    if (state === undefined) {
      state = { heldSinceMs: undefined };
      this.#bodies.set(body, state);
      if (this.#bodies.size <= this.#limits.roomyBodies) body.makeRoom();
    }
    // A held one gives what Node had read of it already.
    if (this.#allowance > 0 || state.heldSinceMs !== undefined) return;
    state.heldSinceMs = performance.now();
    this.#held++;
    body.hold();
    this.#schedule();
  }

  /** Whether the body is a long one, until it is forgotten. */
  has(body: Body): boolean {
    return this.#bodies.has(body);
  }

  /** The body is whole, or nobody wants it any more. */
  forget(body: Body): void {
    if (this.#bodies.get(body)?.heldSinceMs !== undefined) this.#held--;
    this.#bodies.delete(body);
  }

  /** The held body that came last; undefined when none is held. */
  youngestHeld(): Body | undefined {
    return this.#allHeld().at(-1);
  }

  /** Those that got nothing of the share for more than a time: older ones took it all. */
  heldLongerThan(elapsedMs: number): readonly Body[] {
    const sinceMs = performance.now() - elapsedMs;
    return this.#allHeld().filter((body) => (this.#bodies.get(body)?.heldSinceMs ?? Infinity) < sinceMs);
  }

  #allHeld(): Body[] {
    return [...this.#bodies].filter(([, { heldSinceMs }]) => heldSinceMs !== undefined).map(([body]) => body);
  }

  #isQueue(nowMs: number): boolean {
    if (this.#sawQueue) this.#queueUntilMs = nowMs + QUEUE_MS;
    this.#sawQueue = this.#others > this.#limits.othersMax;
    return nowMs < this.#queueUntilMs;
  }

  #grant(bytes: number): void {
    this.#allowance = Math.min(this.#limits.turnBytes, this.#allowance + bytes);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#grantedMs = performance.now();
    if (this.#isQueue(this.#grantedMs)) setTimeout(() => this.#release(), TICK_MS);
    else setImmediate(() => this.#release());
  }

  /** Lets as many go on as there is room for a piece of each. */
  #release(): void {
    this.#isScheduled = false;
    const nowMs = performance.now();
    if (this.#isQueue(nowMs)) this.#grant(((nowMs - this.#grantedMs) / SECOND_MS) * this.#limits.bytesPerSecond);
    else this.#allowance = this.#limits.turnBytes;
    let room = this.#allowance;
    for (const [body, state] of this.#bodies) {
      if (room <= 0 || this.#held === 0) break;
      if (state.heldSinceMs === undefined) continue;
      state.heldSinceMs = undefined;
      this.#held--;
      room -= PIECE_BYTES;
      body.goOn();
    }
    if (this.#held > 0) this.#schedule();
  }
}
