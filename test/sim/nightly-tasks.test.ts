import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tasksOf } from './nightly-tasks.ts';
import { LONG_SPECS } from './specs/specs.ts';

const LONG = LONG_SPECS.map(({ name }) => name);

describe('what a night runs', () => {
  it('is every seed once, over all jobs, and what failed once when no seed is chosen', () => {
    for (const [firstSeed, runs, jobs] of [[undefined, 10_000, 3] as const, [77, 10, 4] as const, [5, 2, 8] as const]) {
      const ranges = tasksOf({ firstSeed, runs, jobs, spec: 'calm' });
      assert.equal(ranges.length, Math.min(jobs, runs));
      const seeds = ranges.flatMap(({ settings: { SEED, RUNS } }) =>
        Array.from({ length: Number(RUNS) }, (_, at) => Number(SEED || '1') + at),
      );
      assert.deepEqual(
        seeds,
        Array.from({ length: runs }, (_, at) => (firstSeed ?? 1) + at),
      );
      assert.equal(ranges[0]?.settings.SEED, firstSeed === undefined ? '' : String(firstSeed));
      assert(ranges.every(({ settings }) => settings.SPEC === 'calm'));
    }
  });

  it('has a long run of each spec for every thousand seeds, one at least, unless a spec is named', () => {
    const longOf = (runs: number, spec?: string) =>
      tasksOf({ firstSeed: 7, runs, jobs: 2, spec }).filter(({ settings: { SPEC } }) => LONG.includes(SPEC));
    for (const [runs, each] of [[10, 1] as const, [1999, 1] as const, [10_000, 10] as const]) {
      const tasks = longOf(runs);
      assert.equal(tasks.length, each * LONG.length);
      assert.equal(new Set(tasks.map(({ settings: { SEED, SPEC } }) => `${SPEC}:${SEED}`)).size, tasks.length);
      assert(tasks.every(({ settings: { RUNS } }) => RUNS === '1'));
    }
    assert.deepEqual(longOf(10_000, 'calm'), []);
  });
});
