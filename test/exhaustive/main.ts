import { countSetting, namesSetting, settingsOrEnd } from '../harness/settings.ts';
import { Conduct } from './machine.ts';
import { loadOpenCore } from './open-core.ts';
import { Search } from './search.ts';
import { SPECS } from './specs.ts';

const STATES = 1_000_000;

const specs = settingsOrEnd(() => namesSetting(process.env, 'SPEC', SPECS)) ?? SPECS;
const limits = {
  states: settingsOrEnd(() => countSetting(process.env, 'STATES')) ?? STATES,
  progress: (progress: string) => process.stderr.write(`${progress}\n`),
};

const totals = { states: 0, depth: 0, closed: true, violations: 0 };
const core = await loadOpenCore();
for (const spec of specs) {
  const startedMs = performance.now();
  const { states, depth, closed, violations, story } = new Search(core, spec, new Conduct()).run(limits);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const outcome = violations > 0 ? 'a violation' : closed ? 'all of them' : 'not all of them';
  process.stdout.write(`${spec.name}: ${states} states, ${outcome}, depth ${depth}, ${seconds} s\n`);
  for (const line of story) process.stdout.write(`  ${line}\n`);
  totals.states += states;
  totals.depth = Math.max(totals.depth, depth);
  totals.closed &&= closed;
  totals.violations += violations;
}
process.stdout.write(`${JSON.stringify(totals)}\n`);
process.exitCode = totals.violations > 0 ? 1 : 0;
