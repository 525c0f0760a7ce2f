import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../shared/base/prng.ts';
import { ClockRate } from './clock-rate.ts';

const DRIFT = 1e-3;
const BEAT_MS = 300;

/** Heartbeats between two clocks that run at these rates of true time; true milliseconds until a difference is seen. */
function seenAfterMs(ownRate: number, peerRate: number, forMs: number, random: Prng, delayMostMs: number): number | undefined {
  const rate = new ClockRate(DRIFT);
  const peerZeroMs = random.float() * 1e9;
  for (let atMs = 0; atMs < forMs; atMs += BEAT_MS) {
    const there = atMs + random.float() * delayMostMs;
    const back = there + random.float() * delayMostMs;
    rate.heard({ sentAtMs: atMs * ownRate, receivedAtMs: back * ownRate, peerMs: peerZeroMs + there * peerRate });
    if (rate.differs(back * ownRate)) return back;
  }
  return undefined;
}

test('a clock that runs five percent fast or slow is seen within a second, on either side', () => {
  for (const [own, peer] of [
    [1, 1.05],
    [1, 0.95],
    [1.05, 1],
    [0.95, 1],
  ] as const) {
    const seen = seenAfterMs(own, peer, 60_000, new Prng(1), 5);
    assert.ok(seen !== undefined && seen < 1000, `${own} ${peer}: ${seen}`);
  }
});

test('with messages that travel for up to a tenth of a second it is seen within some seconds', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const seen = seenAfterMs(1, 1.05, 60_000, new Prng(seed), 100);
    assert.ok(seen !== undefined && seen < 6000, `${seen}`);
  }
});

test('clocks that differ by just what both may are not suspected, though nothing delays their messages', () => {
  for (const [own, peer] of [
    [1 - DRIFT, 1 + DRIFT],
    [1 + DRIFT, 1 - DRIFT],
  ] as const) {
    assert.equal(seenAfterMs(own, peer, 100_000, new Prng(1), 0), undefined);
  }
});

test('clocks that keep to their promise are never suspected, however long messages travel', () => {
  const drift = fc.double({ min: -DRIFT, max: DRIFT, noNaN: true });
  fc.assert(
    fc.property(drift, drift, fc.integer(), fc.integer({ min: 0, max: 280 }), (own, peer, seed, delayMs) => {
      assert.equal(seenAfterMs(1 + own, 1 + peer, 100_000, new Prng(seed), delayMs / 2), undefined);
    }),
  );
});

test('a difference is forgotten after a window of agreement, and not before', () => {
  const rate = new ClockRate(DRIFT);
  const hear = (atMs: number, peerMs: number): void => rate.heard({ sentAtMs: atMs, receivedAtMs: atMs + 1, peerMs });
  hear(0, 0);
  hear(1000, 1050);
  assert.equal(rate.differs(1001), true);
  for (let atMs = 2000; atMs <= 40_000; atMs += 1000) hear(atMs, atMs + 50);
  assert.deepEqual([rate.differs(20_900), rate.differs(21_100)], [true, false]);
});

test('a clock that stood still is seen, and one that began anew is another clock', () => {
  const rate = new ClockRate(DRIFT);
  rate.heard({ sentAtMs: 0, receivedAtMs: 1, peerMs: 500_000 });
  rate.heard({ sentAtMs: 1000, receivedAtMs: 1001, peerMs: 20 });
  assert.equal(rate.differs(1001), false);
  rate.heard({ sentAtMs: 4000, receivedAtMs: 4001, peerMs: 1020 });
  assert.equal(rate.differs(4001), true);
});
