import type { Clock, Timer, Timers } from '../../services/shared/env/clock.ts';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that stands still until a test moves it on. Nothing happens by itself, so a test sees every state in between. */
export class ManualTimers implements Timers, Clock {
  #nowMs = 1_000;
  #order = 0;
  readonly #entries: Entry[] = [];
  #endOfTurn: (() => void)[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Whole milliseconds, as Date.now() gives. */
  wallMs(): number {
    return Math.floor(1_700_000_000_000 + this.#nowMs);
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    let at = this.#entries.length;
    while (at > 0 && isLater(this.#entries[at - 1] as Entry, entry)) at -= 1;
    this.#entries.splice(at, 0, entry);
    return {
      cancel: () => {
        const place = this.#entries.indexOf(entry);
        if (place >= 0) this.#entries.splice(place, 1);
      },
    };
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Moves time on, running what falls due one by one, each in a turn of its own. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.settle();
    for (let next = this.#entries[0]; next !== undefined && next.atMs <= untilMs; next = this.#entries[0]) {
      this.#entries.shift();
      this.#nowMs = next.atMs;
      next.callback();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves time on until the promise is settled; throws when it is not within `limitMs`. */
  async until<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    const deadlineMs = this.#nowMs + limitMs;
    await this.settle();
    while (!settled) {
      const next = this.#entries[0];
      if (next === undefined || next.atMs > deadlineMs) throw new Error(`not settled within ${limitMs} ms`);
      await this.advance(next.atMs - this.#nowMs);
    }
    return promise;
  }

  /** Moves time on until the condition holds; throws when it does not within `limitMs`. */
  async untilTrue(condition: () => boolean, limitMs = 60_000): Promise<void> {
    const deadlineMs = this.#nowMs + limitMs;
    await this.settle();
    while (!condition()) {
      const next = this.#entries[0];
      if (next === undefined || next.atMs > deadlineMs) throw new Error(`the condition did not hold within ${limitMs} ms`);
      await this.advance(next.atMs - this.#nowMs);
    }
  }

  /** Time jumps without anything running in between, as when a process was stopped. */
  jump(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** Ends this turn: all promise reactions, and what asked for the end of the turn. */
  async settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#endOfTurn.length === 0) return;
      const callbacks = this.#endOfTurn;
      this.#endOfTurn = [];
      for (const callback of callbacks) callback();
    }
  }
}

function isLater(a: Entry, b: Entry): boolean {
  return a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order);
}
