import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryMarkFile } from '../../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../../test/harness/memory-store.ts';
import { contentsOf, matchingState, openWal, recordsOf, WalWorkload } from '../../../test/harness/wal-workload.ts';
import { must } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

/** A delay of a random number of turns of the microtask queue. */
function delays(random: Prng): () => Promise<void> {
  return async () => {
    for (let turns = random.below(8); turns > 0; turns--) await Promise.resolve();
  };
}

async function someTurns(random: Prng): Promise<void> {
  for (let turns = random.below(40); turns > 0; turns--) await Promise.resolve();
}

/** In every other life batches are full after a record or two, so that several wait for the disk. */
function opened(random: Prng, store: MemoryStore, mark: MemoryMarkFile): Promise<WriteAheadLog> {
  return openWal(store, mark, undefined, undefined, undefined, random.chance(0.5) ? 1 + random.below(100) : undefined);
}

/** Lives of random steps, each ended by a crash; returns how many steps were issued, answered and brought back. */
async function crashes(seed: number): Promise<{ issued: number; answered: number }> {
  const random = new Prng(seed);
  let store = new MemoryStore({ delay: delays(random) });
  let mark = new MemoryMarkFile(undefined, delays(random));
  const workload = new WalWorkload(random, await opened(random, store, mark));
  const sums = { issued: 0, answered: 0 };
  for (let life = 0; life < 4; life++) {
    for (let steps = random.below(40); steps > 0; steps--) {
      workload.step();
      if (random.chance(0.4)) await someTurns(random);
    }
    sums.issued += workload.history.length - 1;
    sums.answered += workload.answered;
    store = store.crash((unsynced) => random.below(unsynced + 1), { delay: delays(random) });
    mark = mark.crash(random.chance(0.5), delays(random));
    const log = await opened(random, store, mark);
    const state = matchingState(workload.history, workload.answered, await contentsOf(log, random));
    workload.continueWith(log, state);
  }
  return sums;
}

describe('The write-ahead log over crashes', () => {
  it('brings back what was answered, and of the rest a beginning', async () => {
    let issued = 0;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const sums = await crashes(seed);
        issued += sums.issued;
        answered += sums.answered;
      }),
      { numRuns: 150 },
    );
    assert.ok(answered > issued / 4 && answered < issued, `${answered} of ${issued} steps answered`);
  });

  it('reads what is durable while it changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = new Prng(seed);
        const store = new MemoryStore({ delay: delays(random) });
        const log = await opened(random, store, new MemoryMarkFile(undefined, delays(random)));
        const workload = new WalWorkload(random, log);
        for (let round = 0; round < 10; round++) {
          for (let steps = random.below(6); steps > 0; steps--) workload.step();
          // Everything answered and nothing under way: the log reads as the model.
          while (workload.answered < workload.lastAnswerable) await Promise.resolve();
          const before = workload.state;
          const reads = [...before].map(([group, { header }]) => ({ group, header, read: recordsOf(log, group, header, random) }));
          for (const { group, read } of reads) assert.deepEqual(await read, must(before.get(group)).records);
        }
        await log.close();
      }),
      { numRuns: 80 },
    );
  });
});
