import { must } from '../../services/shared/base/assert.ts';
import { runSeed } from '../sim/run.ts';
import { SPECS } from '../sim/specs/specs.ts';
import type { PlayedSeed } from './detection.ts';

/**
 * A program of its own, so that it runs the tree in which it stands: plays the seeds that its arguments name, as `spec:seed`,
 * up to the first violation. Each line of its output is one PlayedSeed.
 */
for (const argument of process.argv.slice(2)) {
  const [name, number] = argument.split(':');
  const seed = Number(number);
  const spec = name === '' ? SPECS[seed % SPECS.length] : SPECS.find((known) => known.name === name);
  if (spec === undefined) throw new Error(`there is no spec ${name}`);
  tell({ spec: spec.name, seed });
  const { violations } = await runSeed(spec, seed);
  if (violations.length === 0) continue;
  const { check, message } = must(violations[0]);
  tell({ spec: spec.name, seed, check, message });
  break;
}

function tell(played: PlayedSeed): void {
  process.stdout.write(`${JSON.stringify(played)}\n`);
}
