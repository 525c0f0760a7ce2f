import { SECOND_MS } from '../../shared/base/units.ts';

/** Ticks that come later than this behind the last one: the process, or all of its machine, stood still, or the clock was set. */
const STALL_MS = 2 * SECOND_MS;
/** More of them are not remembered: what is counted since then is too much rather than too little. */
const STALLS_REMEMBERED = 32;

interface Stall {
  readonly endedAtMs: number;
  readonly lengthMs: number;
}

/**
 * Time in which this process ran, by the wall clock and ticks. Of what happened while it stood still it could know nothing, so it must not
 * hold that against anybody else.
 */
export class RunningTime {
  #lastMs: number;
  #totalMs = 0;
  #stalls: Stall[] = [];

  constructor(wallMs: number) {
    this.#lastMs = wallMs;
  }

  /** To be called every 50 ms or so. */
  tick(wallMs: number): void {
    const lengthMs = Math.max(0, wallMs - this.#lastMs);
    this.#lastMs = wallMs;
    if (lengthMs <= STALL_MS) this.#totalMs += lengthMs;
    else this.#stalls = [...this.#stalls, { endedAtMs: wallMs, lengthMs }].slice(-STALLS_REMEMBERED);
  }

  /** Of this life of the process, up to the last tick, milliseconds. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** How much of the time from `fromMs` until now it ran, or, before its life, somebody else did; milliseconds. */
  since(fromMs: number, wallMs: number): number {
    let ranMs = wallMs - fromMs;
    for (const { endedAtMs, lengthMs } of this.#stalls) ranMs -= overlap(endedAtMs - lengthMs, endedAtMs, fromMs, wallMs);
    // The tick that ends the stall has not come yet.
    if (wallMs - this.#lastMs > STALL_MS) ranMs -= overlap(this.#lastMs, wallMs, fromMs, wallMs);
    return Math.max(0, ranMs);
  }
}

function overlap(low: number, high: number, fromMs: number, toMs: number): number {
  return Math.max(0, Math.min(high, toMs) - Math.max(low, fromMs));
}
