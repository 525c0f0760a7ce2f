import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SECOND_MS } from '../base/units.ts';
import type { Logger } from '../env/logger.ts';
import type { Metrics } from '../env/metrics.ts';

/** How often the loop is asked to come round; what it takes longer is its lag. */
const RESOLUTION_MS = 10;

/** A turn of the loop this long delays heartbeats and leases: counted and logged. */
const STALL_MS = 100;

const NANOSECONDS_PER_MS = 1e6;

/**
 * Watches how long the turns of the event loop take. Metrics: greatest lag since the last scrape, and the number of seconds in
 * which the loop was held up for more than STALL_MS.
 */
export function watchLoopLag(process: string, metrics: Metrics, logger: Logger): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let greatestMs = 0;
  const take = (): number => {
    const lagMs = Math.max(0, delays.max / NANOSECONDS_PER_MS - RESOLUTION_MS);
    delays.reset();
    greatestMs = Math.max(greatestMs, lagMs);
    return lagMs;
  };
  const stalls = metrics.counter({
    name: `stator_${process}_event_loop_stalls_total`,
    help: `Seconds in which one turn of the event loop took more than ${STALL_MS} ms.`,
  });
  metrics.gauge({
    name: `stator_${process}_event_loop_lag_seconds`,
    help: 'Greatest delay of the event loop since the last scrape.',
    collect: (gauge) => {
      take();
      gauge.set(greatestMs / SECOND_MS);
      greatestMs = 0;
    },
  });
  delays.enable();
  const timer = setInterval(() => {
    const lagMs = take();
    if (lagMs <= STALL_MS) return;
    stalls.add();
    logger.warn('event-loop-stalled', { lagMs: Math.round(lagMs) });
  }, SECOND_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}
