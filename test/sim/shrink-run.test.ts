import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import type { Strike } from './faults/nemesis.ts';
import type { RunChoices, RunResult } from './run.ts';
import type { RunRecord } from './run-record.ts';
import { type ShrinkingParts, shrinkRun } from './shrink-run.ts';
import type { Spec } from './specs/spec.ts';
import { SPECS } from './specs/specs.ts';

const [SPEC] = SPECS;
const STRIKES: readonly Strike[] = Array.from({ length: 40 }, (_, at) => ({ atMs: at * 1000, kind: 'kill', seed: at, what: `${at}` }));

/** A run whose outcome is decided by the test instead of by a cluster. */
function ended(isFailure: boolean): RunResult {
  const violations = isFailure ? [{ check: 'register', message: 'lost', atMs: 1 }] : [];
  const rest = { loadedAtMs: 0, operations: 1, simulatedMs: 1, events: 1, traceHash: '', lastLines: [] };
  return { violations, faults: new Map(), strikes: STRIKES, ...rest };
}

/** Runs fail as `isFailure` says; `records`: what was handed out, in its order. */
async function shrink(isFailure: (choices: RunChoices, spec: Spec) => boolean, goesOn: () => boolean = () => true) {
  const records: RunRecord[] = [];
  const parts: ShrinkingParts = {
    onFailing: (record) => records.push(record),
    goesOn,
    play: async (spec, _seed, choices = {}) => ended(isFailure(choices, spec)),
  };
  const outcome = await shrinkRun(must(SPEC), 7, ended(true), parts);
  return { records, ...outcome };
}

/** The fault is among those that the run has time for. */
function has(at: number, { faults = [] }: RunChoices, { durationMs }: Spec): boolean {
  return faults.some(({ seed, atMs }) => seed === at && atMs < durationMs);
}

describe('a failed run', () => {
  it('is written down whole before anything is tried, and then each time that it is smaller', async () => {
    const { records, record, complete } = await shrink((choices, spec) => has(3, choices, spec) && has(31, choices, spec));
    assert.deepEqual(records[0], { spec: SPEC?.name, seed: 7, seconds: 60, violated: 'register: lost' });
    assert.deepEqual(
      record.faults?.map(({ seed }) => seed),
      [3, 31],
    );
    assert(record.seconds > 31 && record.seconds < 36 && complete);
    assert.deepEqual(records.at(-1), record);
    for (const [at, each] of records.entries()) assert(at < 2 || (each.faults?.length ?? 0) <= (records[at - 1]?.faults?.length ?? 0));
  });

  it('takes a number of runs that follows from its faults, and says when that was not enough', async () => {
    const everySecond = (choices: RunChoices, spec: Spec): boolean =>
      STRIKES.every(({ seed }) => seed % 2 === 0 || has(seed, choices, spec));
    const { runs, runsMax, complete, records } = await shrink(everySecond);
    assert.deepEqual([runs, runsMax, complete], [2 * STRIKES.length + 20, runs, false]);
    assert(records.length > 1);
  });

  it('is left as it is when there is no time, or when it never fails again', async () => {
    const late = await shrink(
      () => true,
      () => false,
    );
    assert.deepEqual([late.runs, late.complete, late.records.length], [0, false, 1]);
    const other = await shrink(() => false);
    assert.deepEqual([other.runs, other.complete, other.records.length, other.record.faults], [1, true, 1, undefined]);
  });
});
