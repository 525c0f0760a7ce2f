import { Prng } from '../../../services/shared/base/prng.ts';
import { EventQueue } from './event-queue.ts';
import { Trace } from './trace.ts';

/** Taken before anything is trapped: the only way by which the kernel lets promises go on. */
const runAfterMicrotasks = setImmediate;

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
  #stopped = false;
  /** Processes that did something in this turn, by name. */
  readonly #touched = new Set<string>();
  /** Called after each turn in which something happened in some process: what must hold at all times is checked here. */
  afterTurn: ((touched: ReadonlySet<string>) => void) | undefined;
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
    this.#touched.add(name);
  }

  violated(check: string, message: string): void {
    this.violations.push({ check, message, atMs: this.#nowMs });
    this.trace.line(this.#nowMs, 'check', `VIOLATION ${check}`, message);
    this.#stopped = true;
  }

  /** Runs until the work is done or something was violated; it counts as a violation when that takes longer than `limitMs`. */
  async run(work: () => Promise<void>, limitMs: number): Promise<void> {
    let done = false;
    this.after(0, () => {
      work().then(
        () => {
          done = true;
        },
        (error: unknown) => this.violated('scenario', error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
    });
    while (!done && !this.#stopped) {
      const event = this.#queue.pop();
      if (event === undefined) this.violated('deadlock', 'nothing is left that could happen');
      else if (event.atMs > limitMs) this.violated('deadlock', `not done within ${limitMs} ms`);
      else await this.#turn(event.atMs, event.happen);
    }
  }

  async #turn(atMs: number, happen: () => void): Promise<void> {
    this.#nowMs = atMs;
    this.events += 1;
    happen();
    await settled();
    while (this.#turnOwners.length > 0) {
      const owners = this.#turnOwners;
      this.#turnOwners = [];
      for (const owner of owners) owner.endTurn();
      await settled();
    }
    this.trace.mixTime(atMs);
    if (this.#touched.size === 0) return;
    this.afterTurn?.(this.#touched);
    this.#touched.clear();
  }
}

/** Resolves when no promise reaction is left to run. */
function settled(): Promise<void> {
  return new Promise((resolve) => runAfterMicrotasks(resolve));
}
