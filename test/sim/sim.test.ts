import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSeed } from './run.ts';
import { choicesOf, readRegressions, specOfRecord } from './run-record.ts';
import { LONG_SPECS, SPECS } from './specs/specs.ts';

/** Shorter than by default, so that more seeds fit. */
const SECONDS = 20;
const SEEDS = 300;
const REPLAYED_ONE_OF = 10;
/** In a long run the clients take their time, but half an hour is half an hour. */
const LONG_OPERATIONS = 5000;

describe('a run that failed once', () => {
  for (const [file, record] of readRegressions()) {
    it(`passes: ${file}`, async () => {
      const result = await runSeed(specOfRecord(record), record.seed, choicesOf(record));
      assert.deepEqual(result.violations, [], result.lastLines.join('\n'));
    });
  }
});

describe('a simulated cluster', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const spec = SPECS[seed % SPECS.length];
    assert(spec !== undefined);
    it(`survives ${spec.name}, seed ${seed}`, async () => {
      const short = { ...spec, durationMs: SECONDS * 1000 };
      const result = await runSeed(short, seed);
      const replay = `make sim SEED=${seed} RUNS=1 SPEC=${spec.name} SECONDS=${SECONDS}`;
      assert.deepEqual(result.violations, [], `${result.lastLines.join('\n')}\nreplay: ${replay}`);
      assert(result.operations > 100 && result.faults.size > 0, 'a run that did nothing proves nothing');
      if (seed % REPLAYED_ONE_OF === 0) assert.equal((await runSeed(short, seed)).traceHash, result.traceHash);
    });
  }

  for (const spec of LONG_SPECS) {
    it(`survives ${spec.name}`, async () => {
      const result = await runSeed(spec, 1);
      assert.deepEqual(result.violations, [], `${result.lastLines.join('\n')}\nreplay: make sim SEED=1 RUNS=1 SPEC=${spec.name}`);
      assert(result.operations > LONG_OPERATIONS, `${result.operations} operations in ${result.simulatedMs} ms`);
      // It is long enough for each of them, the loss of the control plane first of all.
      const kinds = new Set(spec.plan.faults.map(({ kind }) => kind));
      assert.deepEqual([...result.faults.keys()].sort(), [...kinds].sort(), 'every kind of fault struck');
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
