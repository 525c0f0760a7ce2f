import type { Kernel } from './kernel/kernel.ts';
import { ProcessEndedError } from './kernel/sim-process.ts';
import { trapReality } from './kernel/traps.ts';

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
  const restore = trapReality();
  try {
    await kernel.run(work, limitMs);
  } finally {
    restore();
    process.off('unhandledRejection', onRejection);
    for (const other of others) process.on('unhandledRejection', other);
  }
}
