import type { PaxosCommand } from '../commands.ts';

/** `restart N`: the process starts again from its disk, and the others notice that their connection to it is a new one. */
export const restart: PaxosCommand = (environment, { words }) => {
  const id = Number(words[0]);
  environment.start(id, true);
  environment.settle(id);
  for (const [other, { replica }] of environment.machines) {
    if (other === id || replica === undefined) continue;
    replica.reconnected(id, environment.nowMs);
    environment.settle(other);
  }
};
