import type { Random } from '../env/clock.ts';

/** Pauses that double from `leastMs` to `greatestMs`, each drawn from its upper half so that many waiters spread out. */
export class Backoff {
  readonly #random: Random;
  readonly #leastMs: number;
  readonly #greatestMs: number;
  #nextMs: number;

  constructor(random: Random, leastMs: number, greatestMs: number) {
    this.#random = random;
    this.#leastMs = leastMs;
    this.#greatestMs = greatestMs;
    this.#nextMs = leastMs;
  }

  /** The pause before the next try, milliseconds. */
  next(): number {
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(this.#greatestMs, pauseMs * 2);
    return pauseMs * (0.5 + this.#random.float() / 2);
  }

  /** After a success. */
  reset(): void {
    this.#nextMs = this.#leastMs;
  }
}
