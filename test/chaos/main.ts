import { join } from 'node:path';
import { countSetting, namesSetting, settingsOrEnd, textSetting } from '../harness/settings.ts';
import { runCampaign } from './campaign.ts';
import type { ChaosRunResult } from './chaos-run.ts';
import type { Fault } from './faults/fault.ts';
import { FAULTS } from './faults/faults.ts';
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

const choice = settingsOrEnd(() => readChoice(process.env));
if (await insideOwnNamespaces()) await main(choice);

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

/** Throws SettingError. */
function readChoice(environment: NodeJS.ProcessEnv): Choice {
  const kills = countSetting(environment, 'KILLS');
  const faults = namesSetting(kills === undefined ? environment : { FAULT: 'kill-leader' }, 'FAULT', FAULTS);
  return {
    faults: faults ?? FAULTS,
    runs: kills ?? countSetting(environment, 'RUNS') ?? DEFAULT_RUNS,
    firstRun: countSetting(environment, 'FIRST') ?? 1,
    secondsMax: countSetting(environment, 'SECONDS') ?? DEFAULT_SECONDS,
    folder: join(textSetting(environment, 'DIR') ?? '.stator', 'chaos'),
  };
}
