import { Prng } from '../../../services/shared/base/prng.ts';
import { EventQueue, type SimEvent } from './event-queue.ts';
import { Trace } from './trace.ts';

/** Taken before anything is trapped: the only ways by which the kernel lets promises go on. */
const { nextTick } = process;
const runInNextTurn = setImmediate;
/** What is put behind it waits for the reactions that are queued already. `queueMicrotask` does the same for twice the price. */
const RESOLVED = Promise.resolve();
/** After so many events the kernel leaves its turn of the real loop: only then does Node tell of rejections that nobody handles. */
const EVENTS_A_REAL_TURN = 64;

/** A promise held, an invariant broke, a history is impossible: the run failed. */
export interface Violation {
  /** Which check found it. */
  readonly check: string;
  readonly message: string;
  readonly atMs: number;
}

/** What has an end of its turn: a process that collected something in this turn. */
export interface TurnOwner {
  endTurn(): void;
}

/**
 * Simulated time: a heap of events, taken one by one. After each one all promise reactions run, then what its process put off
 * to the end of the turn, until nothing is left; only then does time move on. Everything random comes from one seed.
 */
export class Kernel {
  readonly trace: Trace;
  readonly violations: Violation[] = [];
  readonly #queue = new EventQueue();
  readonly #prng: Prng;
  #turnOwners: TurnOwner[] = [];
  #nowMs = 0;
  #limitMs = 0;
  #done = false;
  #stopped = false;
  #end: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  /** Processes that did something in this turn, by name. */
  #touched: string[] = [];
  /** Called after each turn in which something happened in some process: what must hold at all times is checked here. */
  afterTurn: ((touched: readonly string[]) => void) | undefined;
  /** Events so far. */
  events = 0;

  constructor(seed: number, print?: (line: string) => void) {
    this.#prng = new Prng(seed);
    this.trace = new Trace(print);
  }

  /** True time, milliseconds since the start of the run. No process can read it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** A stream of random numbers of its own for one concern. The order of the calls is part of what a seed means. */
  random(): Prng {
    return this.#prng.split();
  }

  /** Plans an event; times in the past mean now. */
  at(atMs: number, happen: () => void): void {
    this.#queue.push(Math.max(atMs, this.#nowMs), happen);
  }

  after(delayMs: number, happen: () => void): void {
    this.#queue.push(this.#nowMs + Math.max(0, delayMs), happen);
  }

  /** Has `endTurn` called when the promises of this event have settled. */
  endTurnOf(owner: TurnOwner): void {
    this.#turnOwners.push(owner);
  }

  /** The process of this name does something in this turn. */
  touch(name: string): void {
    if (!this.#touched.includes(name)) this.#touched.push(name);
  }

  violated(check: string, message: string): void {
    this.violations.push({ check, message, atMs: this.#nowMs });
    this.trace.line(this.#nowMs, 'check', `VIOLATION ${check}`, message);
    this.#stopped = true;
  }

  /** Runs until the work is done or something was violated; it counts as a violation when that takes longer than `limitMs`. */
  run(work: () => Promise<void>, limitMs: number): Promise<void> {
    this.#limitMs = limitMs;
    this.after(0, () => {
      work().then(
        () => {
          this.#done = true;
        },
        (error: unknown) => this.violated('scenario', error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
    });
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
      this.#nextEvent();
    });
  }

  #nextEvent(): void {
    const event = this.#done || this.#stopped ? undefined : this.#queue.pop();
    if (event === undefined || event.atMs > this.#limitMs) return this.#endRun(event);
    this.#nowMs = event.atMs;
    this.events += 1;
    try {
      event.happen();
    } catch (error) {
      return this.#end?.reject(error);
    }
    this.#settle();
  }

  #endRun(tooLate: SimEvent | undefined): void {
    if (!this.#done && !this.#stopped) {
      this.violated('deadlock', tooLate === undefined ? 'nothing is left that could happen' : `not done within ${this.#limitMs} ms`);
    }
    // Rejections that nobody handled are told of before the run is over.
    runInNextTurn(() => this.#end?.resolve());
  }

  /** Lets every promise reaction run that is left: Node takes the next tick only when V8's queue of them is empty. */
  #settle(): void {
    if (this.events % EVENTS_A_REAL_TURN === 0) runInNextTurn(this.#onSettled);
    else void RESOLVED.then(this.#askForTick);
  }

  /** A tick that is asked for by a reaction waits for all others. */
  readonly #askForTick = (): void => nextTick(this.#onSettled);

  readonly #onSettled = (): void => {
    if (this.#turnOwners.length > 0) {
      const owners = this.#turnOwners;
      this.#turnOwners = [];
      for (const owner of owners) owner.endTurn();
      return this.#settle();
    }
    this.trace.mixTime(this.#nowMs);
    if (this.#touched.length > 0) {
      const touched = this.#touched;
      this.#touched = [];
      this.afterTurn?.(touched);
    }
    this.#nextEvent();
  };
}
