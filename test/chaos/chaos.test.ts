import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { describeRun } from './campaign.ts';
import { type ChaosCluster, startChaosCluster } from './chaos-cluster.ts';
import { runChaos } from './chaos-run.ts';
import { faultNamed } from './faults/faults.ts';
import { missingTools } from './tools.ts';

/** The short form of `make chaos`: one run of each, all on one cluster. */
const SHORT_FORM = ['kill-leader', 'cut-one-way', 'stop-leader', 'bit-flip-log', 'clock-steps', 'kill-all'] as const;
const SECONDS_MAX = 3;
const TIMEOUT_MS = 180_000;

describe('a cluster of real processes that harm is done to', { timeout: 600_000 }, () => {
  let chaos: ChaosCluster;

  before(async () => {
    chaos = await startChaosCluster({ surroundings: 'proxied' });
  });

  after(() => chaos?.cluster.remove());

  for (const [number, name] of SHORT_FORM.entries()) {
    const fault = faultNamed(name);
    test(`${name}: ${fault.help}`, { timeout: TIMEOUT_MS }, async (context) => {
      const missing = await missingTools(fault.needs);
      if (missing.length > 0) {
        context.skip(`${name} needs ${missing.join(', ')}`);
        return;
      }
      const result = await runChaos(fault, chaos, number + 1, SECONDS_MAX);
      context.diagnostic(describeRun(result));
      assert.equal(result.violation, undefined);
      assert.ok(result.operations > 0);
    });
  }
});
