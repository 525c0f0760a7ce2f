import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexStandstills } from './index-standstill.ts';

test('an index stands still from the first look that finds it stuck, until it gets on or need not', () => {
  const stills = new IndexStandstills();
  const look = (isStuck: boolean, delivered: number, nowMs: number): number => stills.look(7, 'x', isStuck, delivered, nowMs);
  assert.deepEqual([look(true, 5, 1000), look(true, 5, 3000), look(true, 5, 9000)], [0, 2000, 8000]);
  assert.deepEqual([look(true, 6, 10_000), look(true, 6, 11_000)], [0, 1000]);
  assert.deepEqual([look(false, 6, 12_000), look(true, 6, 20_000)], [0, 0]);
});

test('a leader that does not know yet where the index is has seen no progress', () => {
  const stills = new IndexStandstills();
  stills.look(7, 'x', true, 5, 1000);
  assert.equal(stills.look(7, 'x', true, 0, 2000), 1000);
  assert.equal(stills.look(7, 'x', true, 5, 3000), 2000);
});

test('an index that nobody looked at here for long may have got on under another leader', () => {
  const stills = new IndexStandstills();
  stills.look(7, 'x', true, 5, 1000);
  assert.equal(stills.look(7, 'x', true, 0, 61_000), 60_000);
  assert.equal(stills.look(7, 'x', true, 0, 121_001), 0);
  assert.equal(stills.look(7, 'x', true, 0, 122_001), 1000);
});

test('each index of each group stands by itself, until the group is forgotten', () => {
  const stills = new IndexStandstills();
  stills.look(7, 'x', true, 5, 1000);
  assert.equal(stills.look(7, 'y', true, 5, 2000), 0);
  assert.equal(stills.look(8, 'x', true, 5, 3000), 0);
  assert.equal(stills.look(7, 'x', true, 5, 4000), 3000);
  stills.forget(7);
  assert.equal(stills.look(7, 'x', true, 5, 5000), 0);
  assert.equal(stills.look(8, 'x', true, 5, 5000), 2000);
});
