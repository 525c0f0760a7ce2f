import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasPart } from './part-search.ts';

/** Few letters and long parts, so that nearly every position nearly matches. */
const letters = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), minLength, maxLength });

describe('hasPart', () => {
  it('finds every part, and nothing else', () => {
    assert.ok(hasPart('', ''));
    assert.ok(hasPart('abc', ''));
    assert.ok(!hasPart('', 'a'));
    const text = `${'ab'.repeat(600)}aab${'ab'.repeat(600)}`;
    assert.ok(hasPart(text, text.slice(1, 1900)));
    assert.ok(hasPart(text, text.slice(-1900)));
    assert.ok(!hasPart(text, `${text.slice(-1900)}a`));
    assert.ok(!hasPart(text, 'ab'.repeat(700)));
  });

  it('property: as the runtime does', () => {
    fc.assert(
      fc.property(letters(600, 900), letters(0, 500), letters(0, 3), fc.nat(400), (text, tail, end, start) => {
        const whole = text.repeat(3) + tail;
        const part = whole.slice(start, start + 600) + end;
        assert.equal(hasPart(whole, part), whole.includes(part));
      }),
      { numRuns: 200 },
    );
  });

  it('takes a pair on which a naive search would be busy for minutes', () => {
    const half = 'a'.repeat(100_000);
    assert.equal(hasPart('a'.repeat(400_000), `${half}b${half}`), false);
  });
});
