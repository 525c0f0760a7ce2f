import type { Timers } from '../../shared/env/clock.ts';
import { storedItemJson, storedItemSize, storedSlot } from '../../shared/item/stored-value.ts';
import type { GetOperation, StorageRequest } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { AnswerOutbox, type AnswerPace, LARGE_ANSWER_BYTES, type RequestStream } from './answer-outbox.ts';
import type { Group } from './group.ts';
import type { Respond } from './pending-answers.ts';
import type { RangeReader } from './range-reader.ts';
import type { TurnAllowance } from './turn-allowance.ts';

/** A request that counts as under way; `respond` is called once. */
export interface TakenRequest {
  readonly request: StorageRequest;
  readonly group: Group;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly respond: Respond;
}

/** What the lanes of a node share. */
export interface LaneParts {
  readonly timers: Timers;
  readonly pace: AnswerPace;
  readonly allowance: TurnAllowance;
  readonly ranges: RangeReader;
}

const TOO_LATE: Answer = { status: 'unavailable', message: 'the deadline passed before the request had its turn' };
/** In the place of an item for which there is no room yet. */
const NO_ROOM: Answer = { status: 'ok' };

/**
 * The requests of one stream between their arrival and their answers. A turn of the loop begins so many of all lanes; the rest
 * waits for the next one. Reads of large items wait while the outbox is full.
 */
export class RequestLane {
  readonly outbox: AnswerOutbox;
  readonly #parts: LaneParts;
  readonly #life: number;
  #inbox: TakenRequest[] = [];
  #begun = 0;
  #scheduled = false;
  /** Reads for whose answers there was no room. */
  #waiting: TakenRequest[] = [];

  constructor(parts: LaneParts, stream: RequestStream) {
    this.#parts = parts;
    this.#life = stream.peer.incarnation;
    this.outbox = new AnswerOutbox(stream, parts.timers, parts.pace, () => this.#goOn());
  }

  take(taken: TakenRequest): void {
    if (!this.#scheduled && this.#parts.allowance.step()) return this.#begin(taken);
    this.#inbox.push(taken);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.timers.endOfTurn(this.#turn);
  }

  /** Gives up what nobody waits for any more. */
  expire(nowMs: number): void {
    const late = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const { respond } of late) respond(TOO_LATE);
  }

  /** What has not begun never will. */
  close(): void {
    this.outbox.close();
    const left = [...this.#inbox.slice(this.#begun), ...this.#waiting];
    this.#inbox = [];
    this.#begun = 0;
    this.#waiting = [];
    for (const { respond } of left) respond(TOO_LATE);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    while (this.#begun < this.#inbox.length) {
      if (!this.#parts.allowance.step()) {
        this.#scheduled = true;
        this.#parts.timers.endOfTurn(this.#turn);
        return;
      }
      const taken = this.#inbox[this.#begun] as TakenRequest;
      this.#begun += 1;
      this.#begin(taken);
    }
    this.#inbox = [];
    this.#begun = 0;
  };

  #begin(taken: TakenRequest): void {
    const { operation } = taken.request;
    if (operation.kind === 'get') return this.#get(taken, operation);
    const { group, deadlineMs, respond } = taken;
    if (operation.kind === 'apply-changes') return group.takeChanges(operation, deadlineMs, respond);
    if (operation.kind !== 'range') return group.write(operation, { life: this.#life, number: operation.number }, deadlineMs, respond);
    if (this.outbox.full) this.#waiting.push(taken);
    else this.#parts.ranges.read(group, operation, deadlineMs, respond);
  }

  /** Whether an item is large shows when it is read: then it takes its room before its answer waits for a proof of leadership. */
  #get(taken: TakenRequest, { key, consistent }: GetOperation): void {
    let reserved = 0;
    const respond: Respond = (answer) => {
      if (reserved > 0) this.outbox.release(reserved);
      if (answer === NO_ROOM) this.#waiting.push(taken);
      else taken.respond(answer);
    };
    taken.group.read(key, consistent, taken.deadlineMs, respond, (value) => {
      const bytes = value?.length ?? 0;
      if (bytes < LARGE_ANSWER_BYTES) return itemAnswer(value);
      if (this.outbox.full) return NO_ROOM;
      reserved = bytes;
      this.outbox.reserve(bytes);
      return itemAnswer(value);
    });
  }

  /** There is room again. */
  #goOn(): void {
    while (this.#waiting.length > 0 && !this.outbox.full && this.#parts.allowance.step())
      this.#begin(this.#waiting.shift() as TakenRequest);
    if (this.#waiting.length > 0 && !this.outbox.full) this.#parts.timers.endOfTurn(() => this.#goOn());
  }
}

function itemAnswer(value: Uint8Array | undefined): Answer {
  if (value === undefined) return { status: 'ok', oldSize: 0 };
  return { status: 'ok', item: storedItemJson(value), oldSize: storedItemSize(value), slot: storedSlot(value) };
}
