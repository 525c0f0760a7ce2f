/** Time as the process sees it. */
export interface Clock {
  /** Milliseconds with a fraction on a clock that never goes back; its zero means nothing. Leases and timeouts use only this. */
  monotonicMs(): number;
  /** Whole milliseconds since 1970, which may jump. Only for what people and clients see, and for log times. */
  wallMs(): number;
}

/** A pending timer; opaque. */
export interface Timer {
  cancel(): void;
}

/** Things that happen later. Callbacks run alone on the loop, never inside the call that made them. */
export interface Timers {
  /** Calls back once, after at least `delayMs`. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back at the end of this turn of the loop: what one turn collected leaves as one batch. */
  endOfTurn(callback: () => void): void;
  /** A promise for the same as `after`. */
  sleep(delayMs: number): Promise<void>;
}

/** Unpredictable numbers. In simulations a seeded generator. */
export interface Random {
  /** 0 to 2^32 - 1. */
  uint32(): number;
  /** 0 (included) to 1 (excluded). */
  float(): number;
  /** Random bytes. */
  bytes(length: number): Uint8Array;
}
