import type { PaxosCommand } from '../commands.ts';

/** `install A->B slot=SLOT`: a snapshot of the leader A, as of SLOT, is put in place on B. */
export const install: PaxosCommand = (environment, { words, options }) => {
  const [from = 0, to = 0] = (words[0] ?? '').split('->').map(Number);
  const { leading: ballot, configuration } = environment.replica(from);
  if (ballot === undefined) throw new Error(`${from} does not lead`);
  const slot = Number(options.get('slot'));
  environment.replica(to).installedSnapshot(slot, ballot, configuration, environment.nowMs);
  environment.machine(to).checkpoint = slot;
  environment.settle(to);
};
