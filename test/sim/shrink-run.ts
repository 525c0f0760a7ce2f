import { must } from '../../services/shared/base/assert.ts';
import { SECOND_MS } from '../../services/shared/base/units.ts';
import type { Strike } from './faults/nemesis.ts';
import { type RunChoices, type RunResult, runSeed } from './run.ts';
import type { RunRecord } from './run-record.ts';
import { shrinkList, shrinkNumber } from './shrink.ts';
import type { Spec } from './specs/spec.ts';

/** A change of anything shifts all that comes after it, so not every smaller run that could fail does. So many are tried. */
const TRIES_MAX = 120;

/** Makes a run that failed smaller: faults first, then its time, then its load. What is left violates the same check. */
export async function shrinkRun(spec: Spec, seed: number, result: RunResult): Promise<RunRecord> {
  const shrinking = new Shrinking(spec, seed, result);
  await shrinking.work();
  return shrinking.record();
}

class Shrinking {
  readonly #spec: Spec;
  readonly #seed: number;
  /** The check that every smaller run has to violate. */
  readonly #check: string;
  #message: string;
  #faults: readonly Strike[];
  #seconds: number;
  #workloads: readonly string[];
  #tries = 0;
  /** Nothing is left out yet, so that the record need not name what the seed draws. */
  #untouched = true;

  constructor(spec: Spec, seed: number, { violations, strikes }: RunResult) {
    this.#spec = spec;
    this.#seed = seed;
    const violation = must(violations[0]);
    this.#check = violation.check;
    this.#message = violation.message;
    this.#faults = strikes;
    this.#seconds = spec.durationMs / SECOND_MS;
    this.#workloads = spec.workloads.map(({ name }) => name);
  }

  async work(): Promise<void> {
    // What did not begin is left out from here on: if that alone lets the run pass, nothing can be made smaller.
    if (!(await this.#fails({}))) return;
    this.#untouched = false;
    this.#faults = await shrinkList(this.#faults, (faults) => this.#fails({ faults }));
    this.#seconds = await shrinkNumber(0, this.#seconds, (seconds) => this.#fails({ seconds }));
    if (this.#workloads.length > 1) this.#workloads = await shrinkList(this.#workloads, (workloads) => this.#fails({ workloads }));
    this.#faults = this.#faults.filter(({ atMs }) => atMs < this.#seconds * SECOND_MS);
  }

  record(): RunRecord {
    const what = { spec: this.#spec.name, seed: this.#seed, seconds: this.#seconds };
    const violated = `${this.#check}: ${(this.#message.split('\n')[0] ?? '').slice(0, 300)}`;
    if (this.#untouched) return { ...what, violated };
    return { ...what, workloads: this.#workloads, faults: this.#faults, violated };
  }

  async #fails(part: RunChoices & { readonly seconds?: number }): Promise<boolean> {
    if (this.#tries === TRIES_MAX) return false;
    this.#tries += 1;
    const choices = { faults: part.faults ?? this.#faults, workloads: part.workloads ?? this.#workloads };
    const durationMs = (part.seconds ?? this.#seconds) * SECOND_MS;
    const violation = (await runSeed({ ...this.#spec, durationMs }, this.#seed, choices)).violations[0];
    if (violation?.check !== this.#check) return false;
    this.#message = violation.message;
    return true;
  }
}
