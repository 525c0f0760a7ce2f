import type { PaxosCommand } from '../commands.ts';

/** `crash N [checkpoint=SLOT]`: the process dies, and with it what was not synced. Its tree was last written at SLOT. */
export const crash: PaxosCommand = (environment, { words, options }) => {
  const id = Number(words[0]);
  const machine = environment.machine(id);
  machine.replica = undefined;
  machine.underWay = [];
  machine.checkpoint = Number(options.get('checkpoint') ?? machine.checkpoint);
  environment.network = environment.network.filter(({ to }) => to !== id);
};
