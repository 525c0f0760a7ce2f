import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChaosCluster, startChaosCluster } from './chaos-cluster.ts';
import { type ChaosRunResult, runChaos } from './chaos-run.ts';
import type { Fault } from './faults/fault.ts';
import { timelineSvg } from './report/timeline-svg.ts';

export interface CampaignOptions {
  readonly runs: number;
  /** Runs are numbered from here; a run's number is the seed of what it draws. */
  readonly firstRun: number;
  readonly secondsMax: number;
  /** Gets a picture of every run, and the logs of one that violated something. */
  readonly folder: string;
  readonly report: (line: string) => void;
}

/** Runs a fault so many times on one cluster; after a violation on a new one. */
export async function runCampaign(fault: Fault, options: CampaignOptions): Promise<ChaosRunResult[]> {
  const results: ChaosRunResult[] = [];
  let chaos: ChaosCluster | undefined;
  await mkdir(options.folder, { recursive: true });
  try {
    for (let run = options.firstRun; run < options.firstRun + options.runs; run++) {
      chaos ??= await startChaosCluster(fault);
      const result = await runChaos(fault, chaos, run, options.secondsMax);
      results.push(result);
      options.report(describeRun(result));
      await writeFile(join(options.folder, `${fault.name}-${run}.svg`), timelineSvg(describeRun(result), result.timeline));
      if (result.violation === undefined) continue;
      await cp(join(chaos.cluster.directory, 'log'), join(options.folder, `${fault.name}-${run}-log`), { recursive: true, force: true });
      await chaos.cluster.remove();
      chaos = undefined;
    }
  } finally {
    await chaos?.cluster.remove();
  }
  return results;
}

/** One line, and what was violated. */
export function describeRun({
  fault,
  run,
  timeline,
  longestGapMs,
  backAfterMs,
  operations,
  failed,
  elections,
  figures: measured,
  violation,
}: ChaosRunResult): string {
  const marks = timeline.marks.map(({ label }) => label).join(', ');
  const back = backAfterMs === undefined ? 'never' : `${(backAfterMs / 1000).toFixed(2)} s`;
  const figures = `gap ${(longestGapMs / 1000).toFixed(2)} s, back after ${back}, ${operations} operations, ${failed} failed, ${elections ?? '?'} elections`;
  const more = Object.entries(measured).map(([name, value]) => `, ${name} ${value}`);
  return `${fault} ${run}: ${marks}: ${figures}${more.join('')}${violation === undefined ? '' : `\n  VIOLATION: ${violation}`}`;
}
