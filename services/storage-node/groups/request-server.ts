import { assert } from '../../shared/base/assert.ts';
import type { GroupId } from '../../shared/base/ids.ts';
import type { Clock, Timers } from '../../shared/env/clock.ts';
import type { FrameStream } from '../../shared/env/transport.ts';
import { storedItemJson, storedItemSize, storedSlot } from '../../shared/item/stored-value.ts';
import type { RequestFrame, ResponseFrame } from '../../shared/wire/frames.ts';
import type { StorageRequest, StorageResponse } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import type { RangeReader } from './range-reader.ts';

type RequestStream = FrameStream<ResponseFrame, RequestFrame>;

export interface RequestServerOptions {
  /** Requests under way on this node; more are refused at once. */
  readonly requestsMax: number;
  /** Answers queued for one router; a router that takes no answers gets no more work done. */
  readonly queuedBytesMax: number;
}

const DRAIN_CHECK_MS = 20;
const DRAIN_QUIET_MS = 200;
const DRAIN_PATIENCE_MS = 3000;

/** Serves the request streams of routers: takes a frame's requests in turn and answers what a turn finished in one frame. */
export class RequestServer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #groupOf: (group: GroupId) => Group | undefined;
  readonly #isLost: (group: GroupId) => boolean;
  readonly #ranges: RangeReader;
  readonly #options: RequestServerOptions;
  /** For each life of a router the stream that it opened last, and what ends it. */
  readonly #newest = new Map<number, { readonly stream: RequestStream; readonly end: () => void }>();
  readonly #outboxes = new Set<ResponseOutbox>();
  #draining = false;
  #writeTakenAtMs = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  /** Sums for metrics. */
  readonly served = new Map<string, number>();
  refused = 0;

  constructor(parts: {
    clock: Clock;
    timers: Timers;
    groupOf: (group: GroupId) => Group | undefined;
    /** A replica that should be here, of which not even the header is readable. */
    isLost: (group: GroupId) => boolean;
    ranges: RangeReader;
    options: RequestServerOptions;
  }) {
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#groupOf = parts.groupOf;
    this.#isLost = parts.isLost;
    this.#ranges = parts.ranges;
    this.#options = parts.options;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Refuses new requests from now on, so that routers turn to the other replicas. Resolves when everything under way is
   * answered and no router sends writes any more: what is still in a socket when the node stops would have an unknown outcome.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    const startedAtMs = this.#clock.monotonicMs();
    this.#writeTakenAtMs = startedAtMs;
    for (;;) {
      await this.#timers.sleep(DRAIN_CHECK_MS);
      const nowMs = this.#clock.monotonicMs();
      const quiet = this.#underWay === 0 && nowMs - this.#writeTakenAtMs >= DRAIN_QUIET_MS;
      if (quiet || nowMs - startedAtMs >= DRAIN_PATIENCE_MS) return;
    }
  }

  /**
   * A router opens a stream anew when it has given the old one up. What the old one may still deliver is not executed: its
   * writes were repeated on the new one, and perhaps answered, so that a late copy would change what a client was told. The
   * old one is closed, so that a router that has not given it up learns that nothing on it is answered any more.
   */
  serve(stream: RequestStream): void {
    const outbox = new ResponseOutbox(stream, this.#timers);
    this.#outboxes.add(outbox);
    const { incarnation } = stream.peer;
    const ended = (): void => {
      outbox.close();
      this.#outboxes.delete(outbox);
    };
    const end = (): void => {
      ended();
      stream.close();
    };
    this.#newest.get(incarnation)?.end();
    this.#newest.set(incarnation, { stream, end });
    stream.onFrame = (frame) => {
      if (this.#newest.get(incarnation)?.stream !== stream) return;
      for (const request of frame.requests) this.#take(request, stream, outbox);
    };
    stream.onClose = () => {
      ended();
      if (this.#newest.get(incarnation)?.stream === stream) this.#newest.delete(incarnation);
    };
  }

  /**
   * Tells routers that wait for answers that this process lives. A router takes a silent node for dead, and what it had sent
   * for lost; but a leader that waits for a quorum will answer, and only its answer spares the client an unknown outcome.
   */
  giveSignsOfLife(): void {
    for (const outbox of this.#outboxes) outbox.giveSignOfLife();
  }

  #take(request: StorageRequest, stream: RequestStream, outbox: ResponseOutbox): void {
    if (request.operation.kind !== 'get' && request.operation.kind !== 'range') this.#writeTakenAtMs = this.#clock.monotonicMs();
    const refusal = this.#refusal(stream);
    if (refusal !== undefined) {
      this.refused += 1;
      outbox.add({ id: request.id, ...refusal });
      return;
    }
    this.#underWay += 1;
    outbox.awaited += 1;
    let answered = false;
    const respond = (answer: Answer): void => {
      assert(!answered, 'a request was answered twice');
      answered = true;
      this.#underWay -= 1;
      outbox.awaited -= 1;
      outbox.add({ id: request.id, ...answer });
    };
    const group = this.#groupOf(request.group);
    if (group === undefined) return respond(this.#isLost(request.group) ? LOST : NO_SUCH_GROUP);
    this.#perform(group, request, stream.peer.incarnation, respond);
  }

  #refusal(stream: RequestStream): Answer | undefined {
    if (this.#draining) return { status: 'not-ready', message: 'the node is stopping' };
    if (this.#underWay >= this.#options.requestsMax)
      return { status: 'overloaded', message: 'the storage node has too many requests under way' };
    if (stream.queuedBytes() < this.#options.queuedBytesMax) return undefined;
    return { status: 'overloaded', message: 'answers are not taken fast enough' };
  }

  #perform(group: Group, request: StorageRequest, life: number, respond: (answer: Answer) => void): void {
    const { operation } = request;
    const deadlineMs = this.#clock.monotonicMs() + request.deadlineMs;
    this.served.set(operation.kind, (this.served.get(operation.kind) ?? 0) + 1);
    switch (operation.kind) {
      case 'get':
        return group.read(operation.key, operation.consistent, deadlineMs, respond, itemAnswer);
      case 'range':
        return this.#ranges.read(group, operation, deadlineMs, respond);
      default:
        return group.write(operation, { life, number: operation.number }, deadlineMs, respond);
    }
  }
}

const NO_SUCH_GROUP: Answer = { status: 'no-such-group' };
const LOST: Answer = { status: 'no-copy', message: 'the copy on this node was lost, and what it was is not known yet' };

function itemAnswer(value: Uint8Array | undefined): Answer {
  if (value === undefined) return { status: 'ok', oldSize: 0 };
  return { status: 'ok', item: storedItemJson(value), oldSize: storedItemSize(value), slot: storedSlot(value) };
}

/** Answers of one turn of the loop, sent as one frame. */
class ResponseOutbox {
  readonly #stream: RequestStream;
  readonly #timers: Timers;
  #responses: StorageResponse[] = [];
  #closed = false;
  /** Requests of the stream that are under way. */
  awaited = 0;

  constructor(stream: RequestStream, timers: Timers) {
    this.#stream = stream;
    this.#timers = timers;
  }

  add(response: StorageResponse): void {
    if (this.#closed) return;
    this.#responses.push(response);
    if (this.#responses.length === 1) this.#timers.endOfTurn(() => this.#flush());
  }

  giveSignOfLife(): void {
    if (!this.#closed && this.awaited > 0 && this.#responses.length === 0) this.#stream.send({ responses: [] });
  }

  close(): void {
    this.#closed = true;
    this.#responses = [];
  }

  #flush(): void {
    if (this.#closed || this.#responses.length === 0) return;
    const responses = this.#responses;
    this.#responses = [];
    this.#stream.send({ responses });
  }
}
