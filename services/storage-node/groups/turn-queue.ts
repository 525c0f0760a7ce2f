import type { Clock, Timers } from '../../shared/env/clock.ts';

/**
 * Work in small pieces, as much of it in a turn of the loop as the turn has time for; the rest at the end of the next ones, in
 * the order in which it came. So many that have much to do take turns, and make no turn longer than one would.
 */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #timeMs: number;
  #queue: (() => void)[] = [];
  #isScheduled = false;
  /** When this turn began with such work; undefined: it has done none so far. */
  #beganAtMs: number | undefined;

  constructor({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }, timeMs: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#timeMs = timeMs;
  }

  /** The piece is done at the end of this turn or of a later one. */
  add(piece: () => void): void {
    this.#queue.push(piece);
    this.#schedule();
  }

  /** A piece may be done right now: nothing waits that came before it, and the turn has time left. Else it is to be added. */
  get isFree(): boolean {
    if (this.#queue.length > 0) return false;
    if (this.#beganAtMs !== undefined) return this.#hasTime(this.#beganAtMs);
    this.#begin();
    return true;
  }

  #begin(): number {
    const nowMs = this.#clock.monotonicMs();
    if (this.#beganAtMs === undefined) this.#timers.endOfTurn(this.#reset);
    this.#beganAtMs = nowMs;
    return nowMs;
  }

  #hasTime(beganAtMs: number): boolean {
    return this.#clock.monotonicMs() - beganAtMs < this.#timeMs;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.endOfTurn(this.#turn);
  }

  readonly #reset = (): void => {
    this.#beganAtMs = undefined;
  };

  readonly #turn = (): void => {
    this.#isScheduled = false;
    const pieces = this.#queue;
    this.#queue = [];
    const beganAtMs = this.#begin();
    let done = 0;
    do pieces[done++]?.();
    while (done < pieces.length && this.#hasTime(beganAtMs));
    if (done === pieces.length) return;
    // What was added meanwhile is behind what has waited.
    this.#queue = [...pieces.slice(done), ...this.#queue];
    this.#schedule();
  };
}
