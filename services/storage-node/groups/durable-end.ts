import type { Slot } from '../../shared/base/ids.ts';
import type { DurableChange } from '../../shared/paxos/durable-state.ts';

/**
 * How far the own log is durable, record for record. A write that is under way and replaces records lowers it at once to the
 * last record that stays: on the disk the old ones stand there until the write is done.
 */
export class DurableEnd {
  #slot: Slot;
  /** For each write under way, in order: the last slot that it leaves as it was. */
  readonly #kept: Slot[] = [];

  constructor(slot: Slot) {
    this.#slot = slot;
  }

  get slot(): Slot {
    return this.#slot;
  }

  /** No write is under way. */
  get idle(): boolean {
    return this.#kept.length === 0;
  }

  /** The change was given to the disk. */
  began({ cutAbove, restartAfter }: DurableChange): void {
    const kept = restartAfter ?? cutAbove ?? Number.POSITIVE_INFINITY;
    this.#kept.push(kept);
    this.#slot = Math.min(this.#slot, kept);
  }

  /** The oldest change under way is durable, and with it a log that ended at `last`. */
  finished(last: Slot): void {
    this.#kept.shift();
    this.#slot = Math.min(last, ...this.#kept);
  }
}
