import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imagesOf, mountImage } from './mount.ts';
import { type RecordedRun, recordRun } from './run.ts';

const SEEDS = 2;

/** Every image of every sync of a run; what was looked at in all. */
async function mountAll(run: RecordedRun) {
  const sums = { images: 0, records: 0, entries: 0 };
  for (const moment of run.recorder.moments) {
    for (const image of imagesOf(moment)) {
      const { records, entries } = await mountImage(image, moment, run);
      sums.images += 1;
      sums.records += records;
      sums.entries += entries;
    }
  }
  return sums;
}

describe('a node that crashed at any sync', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`comes back with everything that it had acknowledged, seed ${seed}`, async (test) => {
      const run = await recordRun(seed);
      assert.deepEqual(run.violations, []);
      const { moments } = run.recorder;
      const of = (what: string): number => moments.filter(({ synced }) => synced === what).length;
      const sums = await mountAll(run);
      test.diagnostic(`${moments.length} syncs: wal ${of('wal')}, mark ${of('mark')}, tree ${of('tree')}; ${JSON.stringify(sums)}`);
      assert.ok(
        of('wal') > 100 && of('mark') > 100 && of('tree') > 10 && sums.images > moments.length,
        'a run that did little proves little',
      );
    });
  }
});
