import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchLoopLag } from './loop-lag.ts';
import { PrometheusMetrics } from './metrics.ts';
import { RecordingLogger } from './transport.test-support.ts';

test('a turn of the loop that takes long is measured, counted and logged', async () => {
  const metrics = new PrometheusMetrics({});
  const logger = new RecordingLogger();
  const stop = watchLoopLag('test', metrics, logger);
  const secondsOf = (name: string, text: string): number =>
    Number(new RegExp(`^stator_test_event_loop_${name}_seconds (.*)$`, 'm').exec(text)?.[1]);
  // Two turns, so that the measurement has begun.
  await new Promise((resolve) => setTimeout(resolve, 50));
  // At work, however long others have the processors meanwhile.
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < 300_000);
  await new Promise((resolve) => setTimeout(resolve, 0));
  while (logger.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  stop();
  const text = await metrics.text();
  assert.ok(secondsOf('lag', text) >= 0.2, text);
  assert.ok(secondsOf('own_lag', text) >= 0.2, text);
  assert.ok(secondsOf('own_lag', text) <= secondsOf('lag', text), text);
  assert.match(text, /^stator_test_event_loop_stalls_total [1-9]/m);
  assert.equal(logger.lines[0]?.event, 'event-loop-stalled');
});
