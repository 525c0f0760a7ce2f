import type { Prng } from '../../../services/shared/base/prng.ts';
import type { Kernel, TurnOwner } from './kernel.ts';
import type { SimClock } from './sim-clock.ts';

/** Thrown where a real process would have ended; whoever catches it is not alive any more. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';
}

/** What waits while a process stands still. */
interface Waiting {
  /** What comes from one source comes in order. */
  readonly source: object;
  readonly run: () => void;
}

const TIMERS = {};
const NO_SOURCE = {};

/**
 * One life of one process: everything that happens in it goes through here, and nothing does once it is dead. A process that
 * stands still (SIGSTOP, a long collection of garbage) finds everything that came meanwhile in one turn of its loop: the
 * timers that are due and what arrived, one connection after the other.
 */
export class SimProcess implements TurnOwner {
  readonly kernel: Kernel;
  readonly name: string;
  readonly clock: SimClock;
  readonly random: Prng;
  /** Another in each life. */
  readonly incarnation: number;
  /** A fault that was injected may make this process log errors and end itself. */
  excused = false;
  /** Errors that this process may log, for what was done to its machine earlier. */
  toleratedErrors: ReadonlySet<string> = new Set();
  readonly #onEnd: (reason: string) => void;
  #alive = true;
  /** So many faults hold it. */
  #pauses = 0;
  #waiting: Waiting[] = [];
  /** Callbacks left of what waited. */
  #backlog = 0;
  #endOfTurn: (() => void)[] = [];

  /** `onEnd`: the process ended by itself; not called for `kill`. */
  constructor(parts: { kernel: Kernel; name: string; clock: SimClock; onEnd: (reason: string) => void }) {
    this.kernel = parts.kernel;
    this.name = parts.name;
    this.clock = parts.clock;
    this.random = parts.kernel.random();
    this.incarnation = this.random.uint32() * 0x1_0000 + (this.random.uint32() >>> 16);
    this.#onEnd = parts.onEnd;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#pauses > 0;
  }

  /** It stands still, or has not yet seen all that came while it did: what it believes is old, but it has not acted on it. */
  get behind(): boolean {
    return this.#pauses > 0 || this.#backlog > 0;
  }

  /** Runs a callback of this process now: only for the kernel's events, never from within another process. */
  run(callback: () => void, source: object = NO_SOURCE): void {
    if (!this.#alive) return;
    if (this.#pauses > 0) this.#waiting.push({ source, run: callback });
    else this.#guard(callback);
  }

  runTimer(callback: () => void): void {
    this.run(callback, TIMERS);
  }

  /** At the end of this turn. */
  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback);
    if (this.#endOfTurn.length === 1 && this.#backlog === 0) this.kernel.endTurnOf(this);
  }

  endTurn(): void {
    const callbacks = this.#endOfTurn;
    this.#endOfTurn = [];
    for (const callback of callbacks) this.#guard(callback);
  }

  pause(): void {
    this.#pauses += 1;
  }

  resume(): void {
    if (this.#pauses === 0) return;
    this.#pauses -= 1;
    if (this.#pauses > 0) return;
    const waiting = this.#inOrderOfSources();
    this.#waiting = [];
    this.#backlog = waiting.length;
    for (const { run } of waiting) this.kernel.after(0, () => this.#runWaiting(run));
  }

  /** SIGKILL: nothing of this process happens any more. */
  kill(): void {
    this.#alive = false;
    this.#waiting = [];
    this.#endOfTurn = [];
  }

  /** The process ends itself, as after a failed write. Unless a fault excuses it, the run has failed. */
  fatal(reason: string, cause: unknown): never {
    this.end(`${reason}: ${describe(cause)}`);
    throw new ProcessEndedError(reason, { cause });
  }

  end(reason: string): void {
    if (!this.#alive) return;
    this.kernel.trace.line(this.kernel.nowMs, this.name, 'process ended itself', reason);
    if (!this.excused) this.kernel.violated('process', `${this.name} ended itself: ${reason}`);
    this.kill();
    this.kernel.after(0, () => this.#onEnd(reason));
  }

  /**
   * The operating system does not say what came first, so the sources come in any order. Timers come first if the loop slept
   * when it was stopped, and somewhere in between if it was stopped while it read its connections.
   */
  #inOrderOfSources(): Waiting[] {
    const bySource = new Map<object, Waiting[]>([[TIMERS, []]]);
    for (const waiting of this.#waiting) {
      const same = bySource.get(waiting.source);
      if (same === undefined) bySource.set(waiting.source, [waiting]);
      else same.push(waiting);
    }
    const left = [...bySource.values()];
    const ordered: Waiting[] = this.random.chance(0.5) ? left.splice(0, 1).flat() : [];
    while (left.length > 0) ordered.push(...left.splice(this.random.below(left.length), 1).flat());
    return ordered;
  }

  #runWaiting(callback: () => void): void {
    this.#backlog -= 1;
    this.#guard(callback);
    if (this.#backlog === 0 && this.#endOfTurn.length > 0) this.kernel.endTurnOf(this);
  }

  /** An exception that nobody catches ends a real process. */
  #guard(callback: () => void): void {
    if (!this.#alive) return;
    this.kernel.touch(this.name);
    try {
      callback();
    } catch (error) {
      if (!(error instanceof ProcessEndedError)) this.end(describe(error));
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` / ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
