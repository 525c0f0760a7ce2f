import type { PaxosCommand } from '../commands.ts';

/** `jump A`: replica A finds that its clocks jumped. */
export const jump: PaxosCommand = (environment, { words }) => {
  environment.replica(Number(words[0])).dropLease(environment.nowMs);
};
