import { closeSync, openSync, readSync } from 'node:fs';
import { SECOND_MS } from '../base/units.ts';
import type { Logger } from '../env/logger.ts';
import type { Metrics } from '../env/metrics.ts';

/** How often the loop is asked to come round; what it takes longer is its lag. */
const RESOLUTION_MS = 10;

/** A turn of the loop this long delays heartbeats and leases: counted and logged. */
const STALL_MS = 100;

const NANOSECONDS_PER_MS = 1e6;

/** How the main thread has been scheduled: on a processor, waiting for one (nanoseconds), times; "sched-stats" of the kernel's documentation. */
const SCHEDULE_FILE = '/proc/self/schedstat';
const SCHEDULE_BYTES_MAX = 128;

/**
 * Watches how long the turns of the event loop take. Metrics: greatest lag since the last scrape; how much of a lag the process made
 * itself, rather than waiting for a processor that others had, again the greatest; and the number of seconds in which the loop was held
 * up for more than STALL_MS.
 */
export function watchLoopLag(process: string, metrics: Metrics, logger: Logger): () => void {
  const watch = new LoopWatch();
  const scraped = { lagMs: 0, ownMs: 0 };
  const take = (): Lag => {
    const lag = watch.take();
    scraped.lagMs = Math.max(scraped.lagMs, lag.lagMs);
    scraped.ownMs = Math.max(scraped.ownMs, lag.ownMs);
    return lag;
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
      gauge.set(scraped.lagMs / SECOND_MS);
      scraped.lagMs = 0;
    },
  });
  metrics.gauge({
    name: `stator_${process}_event_loop_own_lag_seconds`,
    help: 'Greatest delay of the event loop since the last scrape, without the time that the process waited for a processor; all of it where the system does not tell.',
    collect: (gauge) => {
      take();
      gauge.set(scraped.ownMs / SECOND_MS);
      scraped.ownMs = 0;
    },
  });
  const timer = setInterval(() => {
    const { lagMs, ownMs } = take();
    if (lagMs <= STALL_MS) return;
    stalls.add();
    logger.warn('event-loop-stalled', { lagMs: Math.round(lagMs), ownMs: Math.round(ownMs) });
  }, SECOND_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    watch.stop();
  };
}

/** The greatest of a time, milliseconds. */
interface Lag {
  lagMs: number;
  ownMs: number;
}

class LoopWatch {
  readonly #schedule = new ProcessorWait();
  readonly #timer: NodeJS.Timeout;
  #cameAtMs = performance.now();
  #greatest: Lag = { lagMs: 0, ownMs: 0 };

  constructor() {
    this.#timer = setInterval(() => this.#come(), RESOLUTION_MS);
    this.#timer.unref();
  }

  #come(): void {
    const nowMs = performance.now();
    const lagMs = Math.max(0, nowMs - this.#cameAtMs - RESOLUTION_MS);
    this.#cameAtMs = nowMs;
    const ownMs = Math.max(0, lagMs - this.#schedule.sinceLastMs());
    this.#greatest.lagMs = Math.max(this.#greatest.lagMs, lagMs);
    this.#greatest.ownMs = Math.max(this.#greatest.ownMs, ownMs);
  }

  /** Since it was asked last. */
  take(): Lag {
    const greatest = this.#greatest;
    this.#greatest = { lagMs: 0, ownMs: 0 };
    return greatest;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#schedule.close();
  }
}

/** For how long the main thread was ready to run and had no processor; Linux tells. */
class ProcessorWait {
  readonly #file: number | undefined;
  readonly #bytes = Buffer.alloc(SCHEDULE_BYTES_MAX);
  #waitedMs: number;

  constructor() {
    this.#file = openSchedule();
    this.#waitedMs = this.#read();
  }

  /** Milliseconds since the last call; 0 where the system does not tell. */
  sinceLastMs(): number {
    const before = this.#waitedMs;
    this.#waitedMs = this.#read();
    return this.#waitedMs - before;
  }

  #read(): number {
    if (this.#file === undefined) return 0;
    const length = readSync(this.#file, this.#bytes, 0, SCHEDULE_BYTES_MAX, 0);
    const waited = this.#bytes.toString('latin1', 0, length).split(' ')[1];
    return Number(waited) / NANOSECONDS_PER_MS;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

function openSchedule(): number | undefined {
  try {
    return openSync(SCHEDULE_FILE, 'r');
  } catch {
    return undefined;
  }
}
