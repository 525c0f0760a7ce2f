import type { PaxosCommand } from '../commands.ts';
import { matchesLink } from './link.ts';

/** `deliver [A->B] [kind=K] [count=N]`: hands over messages that are under way now, oldest first; what they cause waits. */
export const deliver: PaxosCommand = (environment, { words, options }) => {
  const kind = options.get('kind');
  let count = Number(options.get('count') ?? Number.POSITIVE_INFINITY);
  const due = environment.network.filter((item) => {
    const matches = matchesLink(item, words[0]) && (kind === undefined || item.message.kind === kind) && count > 0;
    if (matches) count -= 1;
    return matches;
  });
  environment.network = environment.network.filter((item) => !due.includes(item));
  for (const { from, to, message } of due) {
    environment.machine(to).replica?.step(from, message, environment.nowMs);
    environment.settle(to);
  }
};
