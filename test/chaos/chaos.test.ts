import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import { describeRun } from './campaign.ts';
import { type ChaosCluster, startChaosCluster } from './chaos-cluster.ts';
import { runChaos } from './chaos-run.ts';
import type { Fault } from './faults/fault.ts';
import { faultNamed } from './faults/faults.ts';
import { missingTools, type Tool } from './tools.ts';

/** The short form of `make chaos`: one run of each, all on one cluster, and a power cut on another. */
const SHORT_FORM = ['kill-leader', 'cut-one-way', 'stop-leader', 'bit-flip-log', 'clock-steps', 'kill-all'] as const;
const POWER_CUT = faultNamed('power-cut-all');
const SECONDS_MAX = 3;
const TIMEOUT_MS = 180_000;

/** Runs these faults on one cluster, one after the other. */
function short(title: string, names: readonly string[], { surroundings }: Pick<Fault, 'surroundings'>, needs: readonly Tool[]): void {
  describe(title, { timeout: 600_000 }, () => {
    let chaos: ChaosCluster | undefined;

    before(async () => {
      if ((await missingTools(needs)).length === 0) chaos = await startChaosCluster({ surroundings });
    });

    after(() => chaos?.cluster.remove());

    for (const [number, name] of names.entries()) {
      const fault = faultNamed(name);
      test(`${name}: ${fault.help}`, { timeout: TIMEOUT_MS }, async (context) => {
        const missing = await missingTools(fault.needs);
        if (missing.length > 0) {
          context.skip(`${name} needs ${missing.join(', ')}`);
          return;
        }
        const result = await runChaos(fault, must(chaos), number + 1, SECONDS_MAX);
        context.diagnostic(describeRun(result));
        assert.equal(result.violation, undefined);
        assert.ok(result.operations > 0);
      });
    }
  });
}

short('a cluster of real processes that harm is done to', SHORT_FORM, { surroundings: 'proxied' }, []);
// Without a proxy, and with a disk of its own for each node.
short('a cluster whose disks keep what was synced alone', [POWER_CUT.name], POWER_CUT, POWER_CUT.needs);
