import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryProblem } from './collections.ts';

const COLLECTION = { name: 'c', sent: 5 };

test('a query that finds what was acknowledged, in order, is right', () => {
  assert.equal(queryProblem(COLLECTION, [1, 3], [1, 2, 3], true), undefined);
  assert.equal(queryProblem(COLLECTION, [1, 3], [3, 2, 1], false), undefined);
});

test('lost, repeated, misplaced and invented items are found', () => {
  assert.match(String(queryProblem(COLLECTION, [1, 3], [1, 2], true)), /3 was acknowledged/);
  assert.match(String(queryProblem(COLLECTION, [], [1, 1], true)), /1 after 1/);
  assert.match(String(queryProblem(COLLECTION, [], [1, 2], false)), /1 after 2/);
  assert.match(String(queryProblem(COLLECTION, [], [6], true)), /never sent/);
});
