import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from './case.ts';
import { compare, type Disagreement, fuzz } from './fuzz.ts';
import { caseOf } from './generate/case.ts';
import { REFUSAL_KINDS } from './reference/refusal.ts';
import { readRegressions } from './regressions.ts';
import { shrinkCase } from './shrink-case.ts';

const CASES = 2000;

/** What must come up so often among so many cases, or they prove too little. */
const LEAST: Readonly<Record<string, number>> = {
  ...Object.fromEntries(REFUSAL_KINDS.map((kind) => [kind, 1])),
  ...{ true: 500, false: 500, part: 300, key: 40, update: 600, syntax: 200 },
};

describe('an expression about which both sides disagreed once', () => {
  for (const [file, { case: one }] of readRegressions()) {
    it(`is agreed about: ${file}`, () => assert.equal(compare(one).disagreement?.message, undefined));
  }
});

describe('expressions of all kinds', () => {
  const found: string[] = [];
  const tally = fuzz(1, CASES, (seed, { message, one }) =>
    found.push(`make fuzz-expressions SEED=${seed} CASES=1: ${one.kind} ${one.text}: ${message}`),
  );

  it('mean what the reference says', () => assert.deepEqual(found.slice(0, 5), []));

  it('come to all that expressions can come to', () => {
    const count = (outcome: string): number => KINDS.reduce((sum, kind) => sum + (tally[`${kind} ${outcome}`] ?? 0), 0);
    const missed = Object.keys(LEAST).filter((outcome) => count(outcome) < (LEAST[outcome] ?? 0));
    assert.deepEqual(missed, []);
  });

  it('come again for the same seed, and others for another', () => {
    assert.deepEqual(caseOf(7), caseOf(7));
    assert.notDeepEqual(caseOf(7), caseOf(8));
  });
});

describe('a case that fails', () => {
  it('is made as small as its failure allows', async () => {
    const one = {
      kind: 'condition',
      text: 'NOT (a = :v0 AND size(#n1) > :v1) OR contains(b.c, :v2)',
      names: { '#n1': 'x', '#n2': 'y' },
      values: { ':v0': { N: '12' }, ':v1': { S: 'long' }, ':v2': { L: [{ S: 'a' }, { NULL: true }] } },
      items: [{}, { a: { S: 'x' }, b: { M: { c: { L: [{ N: '1' }] } } } }],
      key: undefined,
    } as const;
    const judge = (candidate: Disagreement['one']): Disagreement | undefined => {
      const fails =
        candidate.text.includes('contains') &&
        JSON.stringify(candidate.values).includes('NULL') &&
        candidate.items.some((item) => 'b' in item);
      return fails ? { one: candidate, message: 'wrong', signature: 'one' } : undefined;
    };
    const smallest = await shrinkCase({ one, message: 'wrong', signature: 'one' }, judge);
    assert.deepEqual(smallest.one, {
      ...one,
      text: 'contains',
      names: {},
      values: { ':v2': { NULL: true } },
      items: [{ b: { S: '' } }],
    });
  });
});
