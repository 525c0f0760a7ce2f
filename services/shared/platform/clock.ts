import { assert } from '../base/assert.ts';
import type { Clock, Timer, Timers } from '../env/clock.ts';

/** What setTimeout can wait; above it Node calls back at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/**
 * One call back. Node counts from the time at which the turn of the loop began, in whole milliseconds, so that it may call back
 * early; whoever compares with a deadline of its own must not see that.
 */
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #callback: () => void;
  #timeout: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    assert(delayMs <= LONGEST_DELAY_MS, () => `a timer of ${delayMs} ms`);
    this.#dueMs = performance.now() + delayMs;
    this.#callback = callback;
    this.#timeout = setTimeout(this.#check, delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  readonly #check = (): void => {
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) this.#timeout = setTimeout(this.#check, Math.ceil(leftMs));
    else this.#callback();
  };
}

/** Timers of the event loop. What one turn puts off to its end runs together, in order, after the I/O of that turn. */
class SystemTimers implements Timers {
  #endOfTurn: (() => void)[] = [];

  after(delayMs: number, callback: () => void): Timer {
    return new SystemTimer(delayMs, callback);
  }

  endOfTurn(callback: () => void): void {
    if (this.#endOfTurn.length === 0) setImmediate(this.#runEndOfTurn);
    this.#endOfTurn.push(callback);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      new SystemTimer(delayMs, resolve);
    });
  }

  readonly #runEndOfTurn = (): void => {
    const callbacks = this.#endOfTurn;
    this.#endOfTurn = [];
    for (const callback of callbacks) callback();
  };
}

export const systemTimers: Timers = new SystemTimers();
