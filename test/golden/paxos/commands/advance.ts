import type { PaxosCommand } from '../commands.ts';

/** `advance MS [only=N]`: time passes in ticks of 50 ms, for all replicas that are up or only one. */
export const advance: PaxosCommand = (environment, { words, options }) => {
  const endMs = environment.nowMs + Number(words[0]);
  const only = options.get('only');
  while (environment.nowMs < endMs) {
    environment.nowMs = Math.min(endMs, environment.nowMs + 50);
    for (const [id, { replica }] of environment.machines) {
      if (replica === undefined || (only !== undefined && Number(only) !== id)) continue;
      replica.tick(environment.nowMs);
      environment.settle(id);
    }
  }
};
