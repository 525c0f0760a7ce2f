import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conduct } from './machine.ts';
import { loadOpenCore } from './open-core.ts';
import { Search } from './search.ts';
import { SPECS } from './specs.ts';

/** Of every spec so many states, of the first one all: `make exhaustive` goes further. */
const STATES = 6_000;

const core = await loadOpenCore();

describe('the consensus core, breadth first', () => {
  let total = 0;
  for (const spec of SPECS) {
    test(spec.name, () => {
      const limit = spec === SPECS[0] ? Number.POSITIVE_INFINITY : STATES;
      const { states, closed, story } = new Search(core, spec, new Conduct()).run({ states: limit });
      assert.deepEqual(story, []);
      assert(closed || states >= STATES);
      if (spec === SPECS[0]) assert(closed);
      total += states;
    });
  }

  test('comes to at least 100,000 states', () => {
    assert(total >= 100_000, `${total} states`);
  });
});
