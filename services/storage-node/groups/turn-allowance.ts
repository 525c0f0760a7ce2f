import type { Clock, Timers } from '../../shared/env/clock.ts';

/**
 * How much of one kind of work a turn of the loop may do: a time, and a number of steps. What is left over waits for another
 * turn, so that consensus, whose input is read between turns, never waits for long.
 */
export class TurnAllowance {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #timeMs: number;
  readonly #steps: number;
  #startedAtMs: number | undefined;
  #done = 0;

  constructor(clock: Clock, timers: Timers, timeMs: number, steps: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#timeMs = timeMs;
    this.#steps = steps;
  }

  /** Takes one step. False when this turn has done enough. */
  step(): boolean {
    if (this.#startedAtMs === undefined) {
      this.#startedAtMs = this.#clock.monotonicMs();
      this.#done = 1;
      this.#timers.endOfTurn(this.#reset);
      return true;
    }
    if (this.#done >= this.#steps || this.#clock.monotonicMs() - this.#startedAtMs >= this.#timeMs) return false;
    this.#done += 1;
    return true;
  }

  readonly #reset = (): void => {
    this.#startedAtMs = undefined;
  };
}
