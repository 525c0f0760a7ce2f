import type { PaxosCommand } from '../commands.ts';

/** `teach LEADER NEWCOMER`: the leader brings a newcomer to its log. */
export const teach: PaxosCommand = (environment, { words }) => {
  const [leader = 0, newcomer = 0] = words.map(Number);
  environment.replica(leader).addLearner(newcomer, environment.nowMs);
  environment.settle(leader);
};
