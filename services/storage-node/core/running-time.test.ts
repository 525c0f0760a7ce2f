import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningTime } from './running-time.ts';

function runFor(time: RunningTime, fromMs: number, forMs: number): number {
  for (let ms = fromMs + 50; ms <= fromMs + forMs; ms += 50) time.tick(ms);
  return fromMs + forMs;
}

test('time in which ticks come counts, whenever it began', () => {
  const time = new RunningTime(10_000);
  const nowMs = runFor(time, 10_000, 20_000);
  assert.equal(time.totalMs, 20_000);
  assert.equal(time.since(25_000, nowMs), 5000);
  assert.equal(time.since(4000, nowMs), 26_000, 'somebody else ran before');
  assert.equal(time.since(nowMs + 5, nowMs), 0, 'of a clock that is ahead');
});

test('a stall counts for nothing, before the first tick behind it too, and a short one is none', () => {
  const time = new RunningTime(0);
  let nowMs = runFor(time, 0, 10_000);
  nowMs += 60_000;
  assert.equal(time.since(9000, nowMs), 1000);
  time.tick(nowMs);
  assert.deepEqual([time.totalMs, time.since(9000, nowMs), time.since(40_000, nowMs)], [10_000, 1000, 0]);
  nowMs = runFor(time, nowMs, 3000);
  assert.deepEqual([time.totalMs, time.since(9000, nowMs), time.since(0, nowMs)], [13_000, 4000, 13_000]);
  nowMs += 1500;
  time.tick(nowMs);
  assert.deepEqual([time.totalMs, time.since(9000, nowMs)], [14_500, 5500]);
});

test('a clock that is set counts for nothing either', () => {
  const time = new RunningTime(100_000);
  let nowMs = runFor(time, 100_000, 10_000);
  nowMs += 3_600_000;
  time.tick(nowMs);
  assert.equal(time.since(109_000, nowMs), 1000);
  time.tick(nowMs - 3_600_000);
  assert.equal(time.totalMs, 10_000);
});

test('many stalls are not all remembered', () => {
  const time = new RunningTime(0);
  let nowMs = 0;
  for (let count = 0; count < 100; count++) {
    nowMs += 10_000;
    time.tick(nowMs);
  }
  assert.equal(time.since(0, nowMs), 68 * 10_000);
});
