import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { shrinkList, shrinkNumber } from './shrink.ts';

describe('shrinking what fails', () => {
  it('finds exactly the elements that are needed together, in their order', async () => {
    const lists = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lists, fc.infiniteStream(fc.boolean()), async (whole, choose) => {
        const needed = whole.filter(() => choose.next().value === true);
        const shrunk = await shrinkList(whole, async (candidate) => needed.every((element) => candidate.includes(element)));
        assert.deepEqual(shrunk, needed);
      }),
    );
  });

  it('keeps a list of which only the whole fails', async () => {
    const whole = [1, 2, 3, 4, 5];
    assert.deepEqual(await shrinkList(whole, async (candidate) => candidate.length === whole.length), whole);
  });

  it('comes close to the least number that fails, and never below it', async () => {
    for (const least of [1, 7, 30, 59]) {
      const found = await shrinkNumber(0, 60, async (candidate) => candidate >= least);
      assert(found >= least && found <= Math.ceil(least * 1.2), `${found} for ${least}`);
    }
  });
});
