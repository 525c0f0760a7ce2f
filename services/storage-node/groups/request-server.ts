import { assert } from '../../shared/base/assert.ts';
import type { GroupId } from '../../shared/base/ids.ts';
import { isWrite, operationBytes } from '../../shared/cluster-client/operations.ts';
import type { Clock, Timers } from '../../shared/env/clock.ts';
import type { StorageRequest } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { type AnswerOutbox, AnswerPace, type RequestStream } from './answer-outbox.ts';
import type { Group } from './group.ts';
import type { RangeReader } from './range-reader.ts';
import { type LaneParts, RequestLane } from './request-lane.ts';
import { TurnAllowance } from './turn-allowance.ts';

export interface RequestServerOptions {
  /** Requests under way on this node; more are refused at once. */
  readonly requestsMax: number;
  /** Bytes of keys, items and expressions of the requests under way; more are refused at once. */
  readonly requestBytesMax: number;
  /** Answers queued for one router; a router that takes no answers gets no more work done. */
  readonly queuedBytesMax: number;
}

/** What one turn of the loop begins of the requests that came: that many, or as many as this time allows. */
const TURN_MS = 2;
const TURN_REQUESTS = 256;
const DRAIN_CHECK_MS = 20;
const DRAIN_QUIET_MS = 200;
const DRAIN_PATIENCE_MS = 3000;

/** Serves the request streams of routers: takes a frame's requests in turn and answers what a turn finished in one frame. */
export class RequestServer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #groupOf: (group: GroupId) => Group | undefined;
  readonly #isLost: (group: GroupId) => boolean;
  readonly #parts: LaneParts;
  readonly #options: RequestServerOptions;
  /** For each life of a router the stream that it opened last, and what ends it. */
  readonly #newest = new Map<number, { readonly stream: RequestStream; readonly end: () => void }>();
  readonly #lanes = new Set<RequestLane>();
  #draining = false;
  #writeTakenAtMs = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  #underWayBytes = 0;
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
    this.#options = parts.options;
    const { clock, timers, ranges } = parts;
    const allowance = new TurnAllowance(clock, timers, TURN_MS, TURN_REQUESTS);
    this.#parts = { timers, ranges, allowance, pace: new AnswerPace(timers) };
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Bytes of the requests under way. */
  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Bytes of answers that no router has taken yet. */
  get answerBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.#lanes) bytes += outbox.bytes;
    return bytes;
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
    const lane = new RequestLane(this.#parts, stream);
    this.#lanes.add(lane);
    const { incarnation } = stream.peer;
    const ended = (): void => {
      lane.close();
      this.#lanes.delete(lane);
    };
    const end = (): void => {
      ended();
      stream.close();
    };
    this.#newest.get(incarnation)?.end();
    this.#newest.set(incarnation, { stream, end });
    stream.onFrame = (frame) => {
      if (this.#newest.get(incarnation)?.stream !== stream) return;
      for (const request of frame.requests) this.#take(request, lane);
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
    const nowMs = this.#clock.monotonicMs();
    for (const lane of this.#lanes) {
      lane.expire(nowMs);
      lane.outbox.giveSignOfLife();
    }
  }

  #take(request: StorageRequest, lane: RequestLane): void {
    const { operation } = request;
    const { outbox } = lane;
    const nowMs = this.#clock.monotonicMs();
    if (isWrite(operation)) this.#writeTakenAtMs = nowMs;
    const bytes = operationBytes(operation);
    const group = this.#groupOf(request.group);
    const refusal = this.#refusal(group, outbox, bytes);
    if (refusal !== undefined) {
      this.refused += 1;
      outbox.add({ id: request.id, ...refusal });
      return;
    }
    this.served.set(operation.kind, (this.served.get(operation.kind) ?? 0) + 1);
    this.#underWay += 1;
    this.#underWayBytes += bytes;
    outbox.awaited += 1;
    let answered = false;
    const respond = (answer: Answer): void => {
      assert(!answered, 'a request was answered twice');
      answered = true;
      this.#underWay -= 1;
      this.#underWayBytes -= bytes;
      outbox.awaited -= 1;
      outbox.add({ id: request.id, ...answer });
    };
    if (group === undefined) respond(this.#isLost(request.group) ? LOST : NO_SUCH_GROUP);
    else lane.take({ request, group, deadlineMs: nowMs + request.deadlineMs, respond });
  }

  #refusal(group: Group | undefined, outbox: AnswerOutbox, bytes: number): Answer | undefined {
    const { requestsMax, requestBytesMax, queuedBytesMax } = this.#options;
    if (this.#draining) return stopping(group);
    if (this.#underWay >= requestsMax || this.#underWayBytes + bytes > requestBytesMax)
      return { status: 'overloaded', message: 'the storage node has too many requests under way' };
    if (outbox.bytes < queuedBytesMax) return undefined;
    return { status: 'overloaded', message: 'answers are not taken fast enough' };
  }
}

const NO_SUCH_GROUP: Answer = { status: 'no-such-group' };
const LOST: Answer = { status: 'no-copy', message: 'the copy on this node was lost, and what it was is not known yet' };

/** Whoever took the group over is named, so that routers go there at once instead of looking for a leader after a pause. */
function stopping(group: Group | undefined): Answer {
  const leader = group === undefined || group.paxos.leading !== undefined ? undefined : group.leaderNode();
  return leader === undefined ? { status: 'not-ready', message: 'the node is stopping' } : { status: 'not-leader', leader };
}
