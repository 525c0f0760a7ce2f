import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChaosRunResult } from '../chaos-run.ts';
import { percentile, summarize, summaryTable } from './summary.ts';
import { Timeline } from './timeline.ts';

function result(run: number, change: Partial<ChaosRunResult> = {}): ChaosRunResult {
  const figures = { operations: 100, failed: 1, longestGapMs: run * 1000, backAfterMs: run * 10, elections: 2, figures: { peak: run } };
  return { fault: 'kill-leader', run, ...figures, timeline: new Timeline([], 0), violation: undefined, ...change };
}

test('percentiles are values that occurred', () => {
  assert.equal(percentile([3, 1, 2], 0.5), 2);
  assert.equal(percentile([1, 2], 0.5), 1);
  assert.equal(
    percentile(
      Array.from({ length: 100 }, (_, at) => at + 1),
      0.99,
    ),
    99,
  );
});

test('runs of a fault come together; what was skipped is named and is no run', () => {
  const results = [result(1), result(2), result(3, { violation: 'lost', backAfterMs: undefined }), result(1, { fault: 'loss' })];
  const summary = summarize(results, { 'clock-steps': 'needs faketime' });
  assert.deepEqual(summary.faults['kill-leader'], {
    runs: 3,
    gapP50Ms: 2000,
    gapP99Ms: 3000,
    backP50Ms: 10,
    backP99Ms: 20,
    operations: 300,
    failed: 3,
    elections: 6,
    violations: 1,
    figures: { peak: 2 },
  });
  assert.deepEqual([summary.operations, summary.violations], [400, 1]);
  const table = summaryTable(summary);
  assert.equal(table.length, 4);
  assert.equal(table[3], 'clock-steps  skipped: needs faketime');
});

test('goodput below the aim is said to be', () => {
  const of = (goodputPercent: number): string =>
    summaryTable(summarize([result(1, { fault: 'overload', figures: { goodputPercent } })], {}))[1] ?? '';
  assert.match(of(79), / 79 %, below the aim of 80 %/);
  assert.match(of(80), / 80 %\s*$/);
  assert.doesNotMatch(summaryTable(summarize([result(1)], {})).join('\n'), /%/);
});
