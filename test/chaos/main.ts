import { join } from 'node:path';
import { runCampaign } from './campaign.ts';
import type { ChaosRunResult } from './chaos-run.ts';
import type { Fault } from './faults/fault.ts';
import { FAULTS, faultNamed } from './faults/faults.ts';
import { insideOwnNamespaces } from './own-namespaces.ts';
import { summarize, summaryTable } from './report/summary.ts';
import { missingTools } from './tools.ts';

const DEFAULT_RUNS = 1;
const DEFAULT_SECONDS = 8;

interface Choice {
  readonly faults: readonly Fault[];
  readonly runs: number;
  readonly firstRun: number;
  readonly secondsMax: number;
  readonly folder: string;
}

if (await insideOwnNamespaces()) await main(readChoice(process.env));

async function main(choice: Choice): Promise<void> {
  const results: ChaosRunResult[] = [];
  const skipped: Record<string, string> = {};
  const report = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const fault of choice.faults) {
    const missing = await missingTools(fault.needs);
    if (missing.length > 0) {
      skipped[fault.name] = `needs ${missing.join(', ')}`;
      report(`${fault.name}: skipped: ${skipped[fault.name]}`);
      continue;
    }
    results.push(...(await runCampaign(fault, { ...choice, report })));
  }
  const summary = summarize(results, skipped);
  report(['', ...summaryTable(summary), `pictures: ${choice.folder}`].join('\n'));
  report(JSON.stringify(summary));
  process.exitCode = summary.violations > 0 || summary.operations === 0 ? 1 : 0;
}

/** As make gives them: an empty value is none. */
function readChoice(environment: NodeJS.ProcessEnv): Choice {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const number = (name: string): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number of 1 or more, not "${given}"`);
    return value;
  };
  const kills = number('KILLS');
  const fault = kills === undefined ? text('FAULT') : 'kill-leader';
  return {
    faults: fault === undefined ? FAULTS : fault.split(',').map(faultNamed),
    runs: kills ?? number('RUNS') ?? DEFAULT_RUNS,
    firstRun: number('FIRST') ?? 1,
    secondsMax: number('SECONDS') ?? DEFAULT_SECONDS,
    folder: join(text('DIR') ?? '.stator', 'chaos'),
  };
}
