import type { Clock, Timers } from '../../shared/env/clock.ts';

/**
 * Work in small pieces, as much of it at the end of a turn of the loop as the turn has time for; the rest at the end of the next ones, in
 * the order in which it came. So many that have much to do take turns, and make no turn longer than one would.
 */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #timeMs: number;
  #queue: (() => void)[] = [];
  #isScheduled = false;

  constructor({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }, timeMs: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#timeMs = timeMs;
  }

  add(piece: () => void): void {
    this.#queue.push(piece);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.endOfTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    const pieces = this.#queue;
    this.#queue = [];
    const startedAtMs = this.#clock.monotonicMs();
    let done = 0;
    do pieces[done++]?.();
    while (done < pieces.length && this.#clock.monotonicMs() - startedAtMs < this.#timeMs);
    if (done === pieces.length) return;
    // What was added meanwhile is behind what has waited.
    this.#queue = [...pieces.slice(done), ...this.#queue];
    this.#schedule();
  };
}
