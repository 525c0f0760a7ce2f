import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runPaxosCommand } from './paxos/commands.ts';
import { PaxosEnvironment } from './paxos/environment.ts';
import { formatScenario, parseCommand, parseScenario } from './scenario-file.ts';

/** The scenarios are read from the sources, so that a rewrite changes what is committed. */
const SCENARIOS = join(process.cwd(), 'test/golden/paxos/scenarios');
const rewrite = process.env['REWRITE'] === '1';

describe('golden scenarios of consensus', () => {
  const files = readdirSync(SCENARIOS).filter((file) => file.endsWith('.txt'));
  assert(files.length > 0, 'no scenarios found');
  for (const file of files) {
    test(file, () => {
      const path = join(SCENARIOS, file);
      const environment = new PaxosEnvironment();
      const steps = parseScenario(readFileSync(path, 'utf8'));
      const played = steps.map((step) => ({ ...step, expected: runPaxosCommand(environment, parseCommand(step.command)) }));
      if (rewrite) writeFileSync(path, formatScenario(played));
      else assert.equal(formatScenario(played), formatScenario(steps));
    });
  }
});

test('a command that does not exist is refused, so that no rewrite takes that for its output', () => {
  assert.throws(() => runPaxosCommand(new PaxosEnvironment(), parseCommand('nonsense')), /^Error: there is no command nonsense$/);
});
