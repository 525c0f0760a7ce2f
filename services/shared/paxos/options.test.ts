import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Configuration, firstConfiguration, wrongSuccession } from './options.ts';

const FIRST = firstConfiguration([1, 2, 3]);

function next(change: Partial<Configuration>): Configuration {
  return { ...FIRST, number: 2, since: 5, ...change };
}

test('a configuration follows on another when just one member changes, or what it keeps', () => {
  assert.equal(wrongSuccession(FIRST, next({ members: [1, 2, 4] }), 1), undefined);
  assert.equal(wrongSuccession(FIRST, next({ members: [1, 4, 3], logReplicas: [4] }), 1), undefined);
  const withLog = next({ members: [1, 4, 3], logReplicas: [4] });
  assert.equal(wrongSuccession(withLog, { ...withLog, number: 3, logReplicas: [] }, 1), undefined);
});

test('everything else does not follow', () => {
  const wrong: readonly (readonly [Configuration, RegExp])[] = [
    [next({}), /exactly one/],
    [next({ number: 3, members: [1, 2, 4] }), /does not follow/],
    [next({ members: [1, 4, 5] }), /exactly one/],
    [next({ members: [1, 2] }), /number of members/],
    [next({ members: [1, 2, 2] }), /twice/],
    [next({ members: [4, 2, 3] }), /leader/],
    [next({ logReplicas: [1] }), /leader/],
    [next({ members: [1, 2, 4], logReplicas: [3] }), /no member/],
    [next({ members: [1, 2, 4], logReplicas: [2, 4] }), /more than one log replica/],
  ];
  for (const [configuration, reason] of wrong) assert.match(wrongSuccession(FIRST, configuration, 1) ?? '', reason);
});
