import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimCluster } from '../cluster.ts';
import { Kernel } from '../kernel/kernel.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { simulate } from '../simulate.ts';
import { failRead, failSync, failWrite, fillDisk, slowDisk, stallDisk } from './disks.ts';
import type { Fault } from './fault.ts';
import { Nemesis, type PlannedFault } from './nemesis.ts';

const RUN_MS = 60_000;

/** Faults of a cluster whose machines are never started, so that no disk is asked for anything. */
async function strikeAsleep(faults: readonly Fault[], planned: readonly PlannedFault[]): Promise<Nemesis> {
  const kernel = new Kernel(1);
  const cluster = new SimCluster(kernel, DEFAULT_SETTINGS);
  const nemesis = new Nemesis(cluster, { gapMs: 1000, faults }, planned);
  const play = async (): Promise<void> => {
    nemesis.start();
    await cluster.sleep(RUN_MS);
  };
  await simulate(kernel, play, 2 * RUN_MS);
  assert.deepEqual(kernel.violations, []);
  return nemesis;
}

/** Waits for something to hit, and finds it at the try of this number. */
function hittingAt(hit: number): Fault & { tries: number } {
  return {
    kind: 'waiting',
    tries: 0,
    begin() {
      this.tries += 1;
      const struck = this.tries === hit;
      return { what: 'something', durationMs: 100, end: () => undefined, struckAs: () => (struck ? 'waiting' : undefined) };
    },
  };
}

describe('what the nemesis counts', () => {
  it('is no fault of a disk that nobody asked for anything', async () => {
    for (const fault of [failWrite, failRead, failSync, fillDisk, slowDisk, stallDisk]) {
      const nemesis = await strikeAsleep([fault], [{ atMs: 10, kind: fault.kind, seed: 1 }]);
      assert(nemesis.strikes.length > 1, `${fault.kind} is tried again while nothing was hit`);
      assert.deepEqual([...nemesis.counts], [], fault.kind);
    }
  });

  it('is a fault that hit something, which is then not tried again', async () => {
    const fault = hittingAt(3);
    const nemesis = await strikeAsleep([fault], [{ atMs: 10, kind: fault.kind, seed: 7 }]);
    assert.deepEqual([...nemesis.counts], [['waiting', 1]]);
    assert.deepEqual(
      nemesis.strikes.map(({ atMs, seed }) => [Math.round(atMs), seed]),
      [
        [10, 7],
        [1110, 8],
        [2210, 9],
      ],
    );
  });

  it('is also what a fault did beside, when it met nothing', async () => {
    const fault: Fault = {
      kind: 'waiting',
      begin: () => ({ what: 'something', durationMs: 100, end: () => undefined, struckAs: () => 'kill' }),
    };
    const planned = [10, 20].map((atMs) => ({ atMs, kind: fault.kind, seed: 1 }));
    assert.deepEqual([...(await strikeAsleep([fault], planned)).counts], [['kill', 2]]);
  });
});
