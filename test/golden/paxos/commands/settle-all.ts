import type { PaxosCommand } from '../commands.ts';

/** `settle [quiet]`: delivers and syncs until nothing is under way; `quiet` prints nothing of it. */
export const settleAll: PaxosCommand = (environment, { words }) => {
  for (let round = 0; round < 1000; round++) {
    const due = environment.network;
    environment.network = [];
    for (const { from, to, message } of due) {
      environment.machine(to).replica?.step(from, message, environment.nowMs);
      environment.settle(to);
    }
    let written = false;
    for (const id of environment.machines.keys()) while (environment.finishWrite(id)) written = true;
    if (due.length === 0 && !written) break;
  }
  if (words[0] === 'quiet') environment.takeOutput();
};
