import { KIB } from '../../services/shared/base/units.ts';
import type { Kernel } from './kernel/kernel.ts';
import { ProcessEndedError } from './kernel/sim-process.ts';
import { trapReality } from './kernel/traps.ts';

/** Every simulated read and write copies, mostly pages: cutting them out of larger pieces of memory saves a tenth of the time. */
const BUFFER_POOL_BYTES = 128 * KIB;

/** Runs the work under simulated time, at most `limitMs` of it, with reality trapped. What goes wrong is in the kernel's violations. */
export async function simulate(kernel: Kernel, work: () => Promise<void>, limitMs: number): Promise<void> {
  const onRejection = (error: unknown): void => {
    // What a process still had under way when it ended itself ends in nothing.
    if (error instanceof ProcessEndedError) return;
    kernel.violated('rejection', error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  // A test runner would take them for failures of the test.
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onRejection);
  const poolBytes = Buffer.poolSize;
  Buffer.poolSize = BUFFER_POOL_BYTES;
  const restore = trapReality();
  try {
    await kernel.run(work, limitMs);
  } finally {
    restore();
    Buffer.poolSize = poolBytes;
    process.off('unhandledRejection', onRejection);
    for (const other of others) process.on('unhandledRejection', other);
  }
}
