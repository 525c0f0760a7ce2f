import type { Clock } from '../../../services/shared/env/clock.ts';
import type { Kernel } from './kernel.ts';

/** Some day in November 2026, where the wall clocks of all machines begin. */
const WALL_START_MS = 1_795_000_000_000;

/** The clocks of one machine: they run at a rate of their own, the wall clock may be stepped, and both may stand still. */
export class SimClock implements Clock {
  readonly #kernel: Kernel;
  /** Readings at the last change of the rate. */
  #baseMs: number;
  #baseAtMs: number;
  #rate = 1;
  #stopped = false;
  #waiting: (() => void)[] = [];
  #wallOffsetMs: number;

  constructor(kernel: Kernel, bootMs: number, wallErrorMs: number) {
    this.#kernel = kernel;
    this.#baseMs = bootMs;
    this.#baseAtMs = kernel.nowMs;
    this.#wallOffsetMs = WALL_START_MS + kernel.nowMs - bootMs + wallErrorMs;
  }

  monotonicMs(): number {
    return this.#baseMs + (this.#kernel.nowMs - this.#baseAtMs) * (this.#stopped ? 0 : this.#rate);
  }

  /** Whole milliseconds, as Date.now() gives. */
  wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.monotonicMs());
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Calls back when the clock, which stands still, goes on. */
  whenItGoesOn(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** How long the kernel waits until this clock has moved on by so much. */
  trueDelayMs(ownDelayMs: number): number {
    return ownDelayMs / this.#rate;
  }

  /** 1 is true time. */
  setRate(rate: number): void {
    this.#rebase();
    this.#rate = rate;
  }

  /** Both clocks stand still, as on a machine that is suspended. */
  stop(): void {
    this.#rebase();
    this.#stopped = true;
  }

  /** They go on; the wall clock is set right by whoever knows better. */
  goOn(): void {
    this.#rebase();
    this.#stopped = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }

  #rebase(): void {
    this.#baseMs = this.monotonicMs();
    this.#baseAtMs = this.#kernel.nowMs;
  }

  /** The wall clock is set forward or back. */
  stepWall(stepMs: number): void {
    this.#wallOffsetMs += stepMs;
  }
}
