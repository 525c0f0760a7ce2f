import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, matchesGlob } from './glob.ts';

/** The definition of a pattern, read literally. */
function slowMatch(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return slowMatch(pattern.slice(1), text) || (text !== '' && slowMatch(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slowMatch(pattern.slice(1), text.slice(1));
}

test('patterns match what their definition says', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (one, two) => {
      assert.equal(matchesGlob(compileGlob(one), two), slowMatch(one, two), `${one} ${two}`);
    }),
    { numRuns: 5000 },
  );
});

test('a pattern never backtracks', () => {
  const glob = compileGlob(`${'*a'.repeat(2000)}b`);
  assert.equal(matchesGlob(glob, 'a'.repeat(60_000)), false);
  assert.equal(matchesGlob(glob, `${'a'.repeat(60_000)}b`), true);
  assert.equal(matchesGlob(compileGlob('*?b*?c*'), 'a'.repeat(60_000)), false);
});

test('examples', () => {
  const cases: [string, string, boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['table/cities', 'table/cities', true],
    ['table/c?ties', 'table/cities', true],
    ['table/*/index/*', 'table/cities/index/byName', true],
    ['table/*/index/*', 'table/cities', false],
    ['aba*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['$&.+', '$&.+', true],
  ];
  for (const [pattern, text, expected] of cases) assert.equal(matchesGlob(compileGlob(pattern), text), expected, `${pattern} ${text}`);
});
