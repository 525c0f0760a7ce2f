import type { PaxosCommand } from '../commands.ts';
import { describeMessage } from '../environment.ts';
import { matchesLink } from './link.ts';

/** `drop [A->B]`: loses the messages that are under way. */
export const drop: PaxosCommand = (environment, { words }) => {
  const lost = environment.network.filter((item) => matchesLink(item, words[0]));
  environment.network = environment.network.filter((item) => !lost.includes(item));
  for (const { from, to, message } of lost) environment.print(`lost ${from}->${to} ${describeMessage(message)}`);
};
