import { KIB, MIB } from '../../shared/base/units.ts';
import type { Timers } from '../../shared/env/clock.ts';
import type { FrameStream } from '../../shared/env/transport.ts';
import type { RequestFrame, ResponseFrame } from '../../shared/wire/frames.ts';
import type { StorageResponse } from '../../shared/wire/storage-operations.ts';

export type RequestStream = FrameStream<ResponseFrame, RequestFrame>;

/** Answers of this size and more are sent one by one, so many bytes a turn; smaller ones leave together at the end of their turn. */
export const LARGE_ANSWER_BYTES = 4 * KIB;
const TURN_BYTES = 256 * KIB;
/** Bytes that a stream is given ahead of the network. */
const AHEAD_BYTES = 1 * MIB;
/** Large answers that one stream may hold, those that wait for a proof of leadership included; what is read beyond is read later. */
const HELD_BYTES_MAX = 4 * MIB;
/** How soon it is tried again to send when no stream takes anything. */
const BLOCKED_MS = 2;
/** Fields of an answer beside its byte strings. */
const FIXED_BYTES = 64;

/** About what an answer takes in memory and on the wire. */
export function answerBytes({ item, range, message }: Omit<StorageResponse, 'id'>): number {
  let bytes = FIXED_BYTES + (item?.length ?? 0) + (message?.length ?? 0);
  if (range !== undefined) for (const { length } of range.items) bytes += length;
  return bytes;
}

/**
 * Answers to one router on their way. Small ones of a turn leave in one frame. Large ones hold pages of the cache in memory and
 * cost a millisecond a megabyte to send: they are bounded in bytes and leave at the node's pace.
 */
export class AnswerOutbox {
  readonly #stream: RequestStream;
  readonly #timers: Timers;
  readonly #pace: AnswerPace;
  readonly #onRoom: () => void;
  #small: StorageResponse[] = [];
  #large: StorageResponse[] = [];
  #smallBytes = 0;
  #largeBytes = 0;
  #reserved = 0;
  #closed = false;
  /** Requests of the stream that are under way. */
  awaited = 0;

  /** `onRoom` is called when it was full and is not any more. */
  constructor(stream: RequestStream, timers: Timers, pace: AnswerPace, onRoom: () => void) {
    this.#stream = stream;
    this.#timers = timers;
    this.#pace = pace;
    this.#onRoom = onRoom;
  }

  /** Bytes of answers that the network has not taken yet. */
  get bytes(): number {
    return this.#smallBytes + this.#largeBytes + this.#stream.queuedBytes();
  }

  /** No large answer may be made now. */
  get full(): boolean {
    return this.#largeBytes + this.#reserved >= HELD_BYTES_MAX;
  }

  /** A large answer was made and waits to be given: it counts from now on. */
  reserve(bytes: number): void {
    this.#reserved += bytes;
  }

  /** It is given, or something else is. */
  release(bytes: number): void {
    const wasFull = this.full;
    this.#reserved -= bytes;
    if (wasFull) this.#timers.endOfTurn(() => this.#tellRoom());
  }

  add(response: StorageResponse): void {
    if (this.#closed) return;
    const bytes = answerBytes(response);
    if (bytes >= LARGE_ANSWER_BYTES) {
      this.#large.push(response);
      this.#largeBytes += bytes;
      this.#pace.wake(this);
      return;
    }
    this.#small.push(response);
    this.#smallBytes += bytes;
    if (this.#small.length === 1) this.#timers.endOfTurn(() => this.#flush());
  }

  /** Sends the oldest large answer. The bytes sent; 0 when there is none or the stream has enough for now. */
  sendLarge(): number {
    if (this.#stream.queuedBytes() >= AHEAD_BYTES) return 0;
    const response = this.#large.shift();
    if (response === undefined) return 0;
    const wasFull = this.full;
    const bytes = answerBytes(response);
    this.#largeBytes -= bytes;
    this.#stream.send({ responses: [response] });
    if (wasFull) this.#tellRoom();
    return bytes;
  }

  get hasLarge(): boolean {
    return this.#large.length > 0;
  }

  giveSignOfLife(): void {
    if (!this.#closed && this.awaited > 0 && this.#small.length === 0) this.#stream.send({ responses: [] });
  }

  close(): void {
    this.#closed = true;
    this.#small = [];
    this.#large = [];
    this.#smallBytes = 0;
    this.#largeBytes = 0;
  }

  #tellRoom(): void {
    if (!this.#closed && !this.full) this.#onRoom();
  }

  #flush(): void {
    if (this.#closed) return;
    let responses: StorageResponse[] = [];
    let bytes = 0;
    for (const response of this.#small) {
      responses.push(response);
      bytes += answerBytes(response);
      if (bytes < TURN_BYTES) continue;
      this.#stream.send({ responses });
      responses = [];
      bytes = 0;
    }
    if (responses.length > 0) this.#stream.send({ responses });
    this.#small = [];
    this.#smallBytes = 0;
  }
}

/** The pace at which a node sends large answers: so many bytes a turn over all routers, which take turns. */
export class AnswerPace {
  readonly #timers: Timers;
  /** With large answers to send; the one whose turn is next is the first. */
  readonly #waiting = new Set<AnswerOutbox>();
  #scheduled = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wake(outbox: AnswerOutbox): void {
    this.#waiting.add(outbox);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timers.endOfTurn(this.#turn);
  }

  readonly #turn = (): void => {
    let bytes = 0;
    let refusals = 0;
    // Each outbox goes to the end once it has sent one; those that take nothing are met once more at most.
    while (bytes < TURN_BYTES && refusals < this.#waiting.size) {
      const [outbox] = this.#waiting as Iterable<AnswerOutbox> as [AnswerOutbox];
      this.#waiting.delete(outbox);
      const sent = outbox.sendLarge();
      bytes += sent;
      refusals = sent === 0 ? refusals + 1 : 0;
      if (outbox.hasLarge) this.#waiting.add(outbox);
    }
    this.#scheduled = this.#waiting.size > 0;
    if (!this.#scheduled) return;
    if (bytes > 0) this.#timers.endOfTurn(this.#turn);
    else this.#timers.after(BLOCKED_MS, this.#turn);
  };
}
