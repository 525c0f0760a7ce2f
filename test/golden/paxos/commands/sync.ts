import type { PaxosCommand } from '../commands.ts';

/** `sync [N ...]`: the writes that are under way reach the disk, of the replicas named or of all. */
export const sync: PaxosCommand = (environment, { words }) => {
  const ids = words.length > 0 ? words.map(Number) : [...environment.machines.keys()];
  for (const id of ids) {
    for (let count = environment.machine(id).underWay.length; count > 0; count--) environment.finishWrite(id);
  }
};
