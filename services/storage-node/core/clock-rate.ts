/** A look at a peer's monotonic clock by a message and its answer: the peer looked some time between the sending and the receipt. */
export interface ClockReading {
  /** On the own monotonic clock. */
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  /** On the peer's, whose zero means nothing here. */
  readonly peerMs: number;
}

/** So long a difference that was seen counts, and so far back readings are compared. */
const WINDOW_MS = 20_000;
/** Readings that are closer to each other tell nothing more. */
const SPACING_MS = 1000;
/** Clocks travel in whole microseconds. */
const ROUNDING_MS = 0.01;

/**
 * Whether the clock of one peer runs at the rate of the own one. Between two readings the peer's clock went on by at least the time
 * from the first receipt to the second sending and at most by that from the first sending to the second receipt, give or take
 * what clocks may differ; anything else is a proof that one of the two is wrong. It needs no average and is never mistaken about
 * clocks that keep to their promise, however long messages travel; the longer they do, the less it sees.
 */
export class ClockRate {
  /** The peer's rate in terms of the own, if both keep to their promise: the one as slow and the other as fast as allowed. */
  readonly #slowest: number;
  readonly #fastest: number;
  readonly #readings: ClockReading[] = [];
  #differsUntilMs = Number.NEGATIVE_INFINITY;

  /** `driftMax`: greatest relative error of one clock. */
  constructor(driftMax: number) {
    this.#slowest = (1 - driftMax) / (1 + driftMax);
    this.#fastest = (1 + driftMax) / (1 - driftMax);
  }

  /** In the order of the receipts. */
  heard(reading: ClockReading): void {
    const readings = this.#readings;
    const newest = readings.at(-1);
    // The peer's machine was started anew: its clock is another one.
    if (newest !== undefined && reading.peerMs < newest.peerMs) readings.length = 0;
    while (readings.length > 0 && reading.receivedAtMs - (readings[0] as ClockReading).receivedAtMs > WINDOW_MS) readings.shift();
    if (readings.some((earlier) => this.#differ(earlier, reading))) {
      this.#differsUntilMs = reading.receivedAtMs + WINDOW_MS;
      readings.length = 0;
    }
    const last = readings.at(-1);
    if (last === undefined || reading.receivedAtMs - last.receivedAtMs >= SPACING_MS) readings.push(reading);
  }

  /** A difference was seen lately. */
  differs(nowMs: number): boolean {
    return nowMs < this.#differsUntilMs;
  }

  #differ(earlier: ClockReading, later: ClockReading): boolean {
    const peerMs = later.peerMs - earlier.peerMs;
    const leastMs = later.sentAtMs - earlier.receivedAtMs;
    const mostMs = later.receivedAtMs - earlier.sentAtMs;
    return peerMs < leastMs * this.#slowest - ROUNDING_MS || peerMs > mostMs * this.#fastest + ROUNDING_MS;
  }
}
