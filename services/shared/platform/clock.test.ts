import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock, systemTimers } from './clock.ts';

describe('timers', () => {
  test('never call back early by the clock that deadlines are compared with', async () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      // Node reads the time once a turn: a timer started late in a long turn would be called back early.
      const turnMs = systemClock.monotonicMs();
      while (systemClock.monotonicMs() - turnMs < 4);
      const startMs = systemClock.monotonicMs();
      const delayMs = 2.3;
      await systemTimers.sleep(delayMs);
      const tookMs = systemClock.monotonicMs() - startMs;
      assert.equal(tookMs >= delayMs, true, `called back after ${tookMs} ms`);
    }
  });

  test('call back once, and not after they were cancelled', async () => {
    const calls: string[] = [];
    const cancelled = systemTimers.after(1, () => calls.push('cancelled'));
    systemTimers.after(1, () => calls.push('called'));
    cancelled.cancel();
    await systemTimers.sleep(5);
    assert.deepEqual(calls, ['called']);
  });

  test('what is put off to the end of the turn runs in order, before what it puts off itself', async () => {
    const calls: string[] = [];
    const done = new Promise<void>((resolve) => {
      systemTimers.endOfTurn(() => {
        calls.push('first');
        systemTimers.endOfTurn(() => {
          calls.push('next turn');
          resolve();
        });
      });
      systemTimers.endOfTurn(() => calls.push('second'));
    });
    assert.deepEqual(calls, []);
    await done;
    assert.deepEqual(calls, ['first', 'second', 'next turn']);
  });
});
