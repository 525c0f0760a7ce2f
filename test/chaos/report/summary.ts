import { formatTable } from '../../../services/ctl/text-table.ts';
import type { ChaosRunResult } from '../chaos-run.ts';

/** What the runs of one fault came to. Times in milliseconds, over runs. */
export interface FaultSummary {
  readonly runs: number;
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  readonly backP50Ms: number;
  readonly backP99Ms: number;
  readonly operations: number;
  readonly failed: number;
  /** Ballots begun. */
  readonly elections: number;
  readonly violations: number;
  /** What the fault itself measured, median over runs. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The last line of the program. */
export interface ChaosSummary {
  readonly faults: Readonly<Record<string, FaultSummary>>;
  /** Why each of these was not run. */
  readonly skipped: Readonly<Record<string, string>>;
  readonly operations: number;
  readonly violations: number;
}

const TITLES = [
  'fault',
  'runs',
  'gap p50',
  'gap p99',
  'healed p50',
  'healed p99',
  'operations',
  'failed',
  'elections',
  'violations',
  'goodput',
];
/** Of the peak; an aim, since it is a matter of time: nothing fails for it. */
const GOODPUT_AIM_PERCENT = 80;

export function summarize(results: readonly ChaosRunResult[], skipped: Readonly<Record<string, string>>): ChaosSummary {
  const faults: Record<string, FaultSummary> = {};
  for (const name of new Set(results.map(({ fault }) => fault))) faults[name] = summaryOf(results.filter(({ fault }) => fault === name));
  const sum = (value: (summary: FaultSummary) => number): number => Object.values(faults).reduce((total, each) => total + value(each), 0);
  return { faults, skipped, operations: sum(({ operations }) => operations), violations: sum(({ violations }) => violations) };
}

/** Longest gap of acknowledged writes in one partition, and time from the end of the fault until all had one again. */
export function summaryTable({ faults, skipped }: ChaosSummary): string[] {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const rows = Object.entries(faults).map(([name, summary]) => [
    name,
    String(summary.runs),
    seconds(summary.gapP50Ms),
    seconds(summary.gapP99Ms),
    seconds(summary.backP50Ms),
    seconds(summary.backP99Ms),
    String(summary.operations),
    String(summary.failed),
    String(summary.elections),
    String(summary.violations),
    goodput(summary),
  ]);
  const notRun = Object.entries(skipped).map(([name, reason]) => [name, `skipped: ${reason}`]);
  return [...formatTable(TITLES, rows), ...notRun.map((row) => row.join('  '))];
}

/** Of faults that measure it. */
function goodput({ figures }: FaultSummary): string {
  const percent = figures['goodputPercent'];
  if (percent === undefined) return '';
  return percent < GOODPUT_AIM_PERCENT ? `${percent} %, below the aim of ${GOODPUT_AIM_PERCENT} %` : `${percent} %`;
}

/** The value that so large a share of the values does not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function summaryOf(results: readonly ChaosRunResult[]): FaultSummary {
  const gaps = results.map(({ longestGapMs }) => longestGapMs);
  const names = [...new Set(results.flatMap(({ figures }) => Object.keys(figures)))];
  // A run that never came back has a violation to show for it.
  const backs = results.flatMap(({ backAfterMs }) => (backAfterMs === undefined ? [] : [backAfterMs]));
  return {
    runs: results.length,
    gapP50Ms: Math.round(percentile(gaps, 0.5)),
    gapP99Ms: Math.round(percentile(gaps, 0.99)),
    backP50Ms: Math.round(percentile(backs, 0.5)),
    backP99Ms: Math.round(percentile(backs, 0.99)),
    operations: results.reduce((sum, { operations }) => sum + operations, 0),
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    elections: results.reduce((sum, { elections }) => sum + (elections ?? 0), 0),
    violations: results.filter(({ violation }) => violation !== undefined).length,
    figures: Object.fromEntries(names.map((name) => [name, percentile(valuesOf(results, name), 0.5)])),
  };
}

function valuesOf(results: readonly ChaosRunResult[], figure: string): number[] {
  return results.flatMap(({ figures }) => figures[figure] ?? []);
}
