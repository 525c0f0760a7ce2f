import type { Slot } from '../../shared/base/ids.ts';
import type { Answer } from '../core/write-evaluator.ts';

export type Respond = (answer: Answer) => void;

/** An answer that is ready but may not leave before its slot is applied. */
interface PendingAnswer {
  readonly slot: Slot;
  readonly respond: Respond;
  readonly answer: Answer;
  /** It reveals state without a record of its own: leadership must be confirmed as for a strong read. */
  readonly revealing: boolean;
}

/** Answers in the order of their slots. They belong to one ballot of one process life. */
export class PendingAnswers {
  #queue: PendingAnswer[] = [];
  #head = 0;

  get size(): number {
    return this.#queue.length - this.#head;
  }

  /** Slots never go down from one call to the next. */
  add(slot: Slot, respond: Respond, answer: Answer, revealing: boolean): void {
    this.#queue.push({ slot, respond, answer, revealing });
  }

  /** The next answer whose slot is applied. */
  take(applied: Slot): PendingAnswer | undefined {
    const next = this.#queue[this.#head];
    if (next === undefined || next.slot > applied) return undefined;
    this.#head += 1;
    if (this.#head >= 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }

  /**
   * Leadership is lost: a write that was proposed may or may not happen, and an answer that only reveals state is
   * withdrawn, so that the router asks the next leader.
   */
  drop(): void {
    const dropped = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    for (const { respond, revealing } of dropped) {
      respond(
        revealing ? { status: 'not-leader' } : { status: 'unknown-outcome', message: 'leadership was lost while the write was under way' },
      );
    }
  }
}
