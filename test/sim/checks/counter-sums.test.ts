import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Addition, counterProblem } from './counter-sums.ts';

function addition(invokedAt: number, returnedAt: number | undefined, amount: number, sum?: number): Addition {
  return { invokedAt, returnedAt, amount, sum };
}

test('the sum lies between what was acknowledged and what may have happened beside it', () => {
  const additions = [addition(1, 2, 5, 5), addition(3, undefined, 3)];
  assert.equal(counterProblem(additions, 5), undefined);
  assert.equal(counterProblem(additions, 8), undefined);
  assert.match(counterProblem(additions, 4) ?? '', /5 was acknowledged/);
  assert.match(counterProblem(additions, 9) ?? '', /3 is unknown/);
});

test('no two additions are answered with one sum, and none with more than there is', () => {
  assert.match(counterProblem([addition(1, 4, 1, 2), addition(2, 3, 1, 2)], 2) ?? '', /two additions/);
  assert.match(counterProblem([addition(1, 2, 1, 7)], 1) ?? '', /final sum/);
});

test('an addition after another one has the greater sum; at once any order will do', () => {
  assert.match(counterProblem([addition(1, 2, 1, 3), addition(3, 4, 2, 2)], 3) ?? '', /after another/);
  assert.equal(counterProblem([addition(1, 4, 1, 3), addition(2, 3, 2, 2)], 3), undefined);
});
