import type { ThreadEnvironment, ThreadPort } from '../env/thread.ts';

/** A module for the tests of worker threads: gives back what it gets, tells its time, or dies. */
export function serve(port: ThreadPort, { clock }: ThreadEnvironment): void {
  port.onMessage = (message) => {
    if (message === 'throw') throw new Error('as the test wants it');
    if (message === 'fill the memory') fillMemory();
    else if (message === 'time') port.post(clock.monotonicMs(), []);
    else port.post(message, []);
  };
}

function fillMemory(): void {
  const kept: object[] = [];
  for (;;) kept.push({ at: kept.length });
}
