import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Freshness } from './freshness.ts';

test('what a heartbeat says counts once everything it names is applied', () => {
  const freshness = new Freshness();
  assert.equal(freshness.asOfMs(100), Number.NEGATIVE_INFINITY);
  freshness.heard(10, 10, 1000);
  assert.equal(freshness.asOfMs(10), 1000);
  freshness.heard(20, 12, 1300);
  assert.equal(freshness.asOfMs(19), 1000, 'slot 20 was chosen by then and is missing');
  assert.equal(freshness.asOfMs(20), 1300);
});

test('a follower that never quite catches up is as old as the last commit slot it reached', () => {
  const freshness = new Freshness();
  freshness.heard(10, 5, 1000);
  freshness.heard(20, 9, 1300);
  assert.equal(freshness.asOfMs(9), Number.NEGATIVE_INFINITY);
  freshness.heard(30, 19, 1600);
  assert.equal(freshness.asOfMs(19), 1000);
  freshness.heard(40, 30, 1900);
  assert.equal(freshness.asOfMs(30), 1600);
});
