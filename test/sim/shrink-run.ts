import { must } from '../../services/shared/base/assert.ts';
import { SECOND_MS } from '../../services/shared/base/units.ts';
import type { Strike } from './faults/nemesis.ts';
import { type RunResult, runSeed } from './run.ts';
import type { RunRecord } from './run-record.ts';
import { shrinkList, shrinkNumber } from './shrink.ts';
import type { Spec } from './specs/spec.ts';

/** What whoever has a run made smaller hears and says meanwhile. */
export interface ShrinkingParts {
  /** A record that fails: at once that of the whole run, then each smaller one. */
  readonly onFailing: (record: RunRecord) => void;
  /** Asked before each further run: false ends it. */
  readonly goesOn: () => boolean;
  /** Plays a run; `runSeed`, but in tests. */
  readonly play?: typeof runSeed;
}

/** How far it came. */
export interface Shrunk {
  readonly record: RunRecord;
  /** Runs that were tried. */
  readonly runs: number;
  /** Most that it would have tried. */
  readonly runsMax: number;
  /** Nothing smaller is left to try. */
  readonly complete: boolean;
}

/**
 * To find the one or two faults that matter takes some two runs for each time that a list of them can be halved, and to leave out each
 * of the rest one: what takes more than these is not worth its time. A change of anything shifts all that comes after it, so not
 * every smaller run that could fail does.
 */
const RUNS_A_FAULT = 2;
/** For the time, in halves down to a tenth of it, and for workloads. */
const RUNS_BESIDE = 20;

/**
 * Makes a run that failed smaller: faults first, then its time, then its load. What is left violates the same check. How many runs
 * that takes at most follows from the number of its faults.
 */
export async function shrinkRun(spec: Spec, seed: number, result: RunResult, parts: ShrinkingParts): Promise<Shrunk> {
  const shrinking = new Shrinking(spec, seed, result, parts);
  await shrinking.work();
  return shrinking.outcome();
}

/** What is tried; undefined: as much of it as is left. */
interface Part {
  readonly faults?: readonly Strike[];
  readonly workloads?: readonly string[];
  readonly seconds?: number;
}

class Shrinking {
  readonly #spec: Spec;
  readonly #seed: number;
  readonly #parts: ShrinkingParts;
  readonly #runsMax: number;
  /** The check that every smaller run has to violate. */
  readonly #check: string;
  #message: string;
  #faults: readonly Strike[];
  #seconds: number;
  #workloads: readonly string[];
  #runs = 0;
  #givenUp = false;
  /** Nothing is left out yet, so that the record need not name what the seed draws. */
  #untouched = true;

  constructor(spec: Spec, seed: number, { violations, strikes }: RunResult, parts: ShrinkingParts) {
    this.#spec = spec;
    this.#seed = seed;
    this.#parts = parts;
    this.#runsMax = RUNS_A_FAULT * strikes.length + RUNS_BESIDE;
    const violation = must(violations[0]);
    this.#check = violation.check;
    this.#message = violation.message;
    this.#faults = strikes;
    this.#seconds = spec.durationMs / SECOND_MS;
    this.#workloads = spec.workloads.map(({ name }) => name);
  }

  async work(): Promise<void> {
    this.#parts.onFailing(this.#record());
    // What did not begin is left out from here on: if that alone lets the run pass, nothing can be made smaller.
    if (!(await this.#fails({}))) return;
    await shrinkList(this.#faults, (faults) => this.#fails({ faults }));
    await shrinkNumber(0, this.#seconds, (seconds) => this.#fails({ seconds }));
    if (this.#workloads.length > 1) await shrinkList(this.#workloads, (workloads) => this.#fails({ workloads }));
  }

  outcome(): Shrunk {
    return { record: this.#record(), runs: this.#runs, runsMax: this.#runsMax, complete: !this.#givenUp };
  }

  #record(): RunRecord {
    const what = { spec: this.#spec.name, seed: this.#seed, seconds: this.#seconds };
    const violated = `${this.#check}: ${(this.#message.split('\n')[0] ?? '').slice(0, 300)}`;
    if (this.#untouched) return { ...what, violated };
    // What would have begun after the end never does.
    const faults = this.#faults.filter(({ atMs }) => atMs < this.#seconds * SECOND_MS);
    return { ...what, workloads: this.#workloads, faults, violated };
  }

  /** Whether the part alone fails, too; then it is what is left. */
  async #fails({ faults = this.#faults, workloads = this.#workloads, seconds = this.#seconds }: Part): Promise<boolean> {
    if (this.#runs === this.#runsMax || !this.#parts.goesOn()) this.#givenUp = true;
    if (this.#givenUp) return false;
    this.#runs += 1;
    const { play = runSeed } = this.#parts;
    const { violations } = await play({ ...this.#spec, durationMs: seconds * SECOND_MS }, this.#seed, { faults, workloads });
    const [violation] = violations;
    if (violation?.check !== this.#check) return false;
    this.#untouched = false;
    this.#message = violation.message;
    this.#faults = faults;
    this.#workloads = workloads;
    this.#seconds = seconds;
    this.#parts.onFailing(this.#record());
    return true;
  }
}
