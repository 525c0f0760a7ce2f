import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSeed } from './run.ts';
import { SPECS } from './specs/specs.ts';

/** Shorter than by default, so that more seeds fit. */
const SECONDS = 25;
const SEEDS = 100;

describe('a simulated cluster', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const spec = SPECS[seed % SPECS.length];
    assert(spec !== undefined);
    it(`survives ${spec.name}, seed ${seed}`, async () => {
      const result = await runSeed({ ...spec, durationMs: SECONDS * 1000 }, seed);
      const replay = `make sim SEED=${seed} RUNS=1 SPEC=${spec.name} SECONDS=${SECONDS}`;
      assert.deepEqual(result.violations, [], `${result.lastLines.join('\n')}\nreplay: ${replay}`);
      assert(result.operations > 100 && result.faults.size > 0, 'a run that did nothing proves nothing');
    });
  }

  it('does the same again for the same seed, and something else for another', async () => {
    const [spec] = SPECS;
    assert(spec !== undefined);
    const short = { ...spec, durationMs: 5000 };
    const [first, again, other] = [await runSeed(short, 7), await runSeed(short, 7), await runSeed(short, 8)];
    assert.equal(again.traceHash, first.traceHash);
    assert.equal(again.events, first.events);
    assert.notEqual(other.traceHash, first.traceHash);
  });
});
