import type { Timer, Timers } from '../../../services/shared/env/clock.ts';
import type { SimProcess } from './sim-process.ts';

/** A timer is late by up to so much, as on a loop that has other things to do. */
const LATENESS_MS = 1;

/** The timers of one life of a process. They count by the process's own clock, and are never early by it. */
export class SimTimers implements Timers {
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
  }

  after(delayMs: number, callback: () => void): Timer {
    return new SimTimer(this.#process, delayMs, callback);
  }

  endOfTurn(callback: () => void): void {
    this.#process.endOfTurn(callback);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      new SimTimer(this.#process, delayMs, resolve);
    });
  }
}

class SimTimer implements Timer {
  readonly #process: SimProcess;
  readonly #dueMs: number;
  #callback: (() => void) | undefined;

  constructor(process: SimProcess, delayMs: number, callback: () => void) {
    this.#process = process;
    this.#dueMs = process.clock.monotonicMs() + Math.max(0, delayMs);
    this.#callback = callback;
    this.#plan(process.random.float() * LATENESS_MS);
  }

  cancel(): void {
    this.#callback = undefined;
  }

  #plan(latenessMs: number): void {
    const { clock, kernel } = this.#process;
    if (clock.isStopped) return clock.whenItGoesOn(() => this.#plan(latenessMs));
    const leftMs = Math.max(0, this.#dueMs - clock.monotonicMs());
    kernel.after(clock.trueDelayMs(leftMs) + latenessMs, () => this.#fire());
  }

  #fire(): void {
    if (this.#callback === undefined || !this.#process.alive) return;
    // The clock's rate may have changed since the timer was planned, and what is computed from it is rounded.
    if (this.#process.clock.monotonicMs() + ROUNDING_MS < this.#dueMs) return this.#plan(0);
    this.#process.runTimer(() => {
      const callback = this.#callback;
      this.#callback = undefined;
      callback?.();
    });
  }
}

const ROUNDING_MS = 1e-6;
