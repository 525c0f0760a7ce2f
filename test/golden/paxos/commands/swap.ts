import type { PaxosCommand } from '../commands.ts';

/** `swap LEADER OUT IN`: the leader proposes that IN takes the place of OUT; the record is `swapOUT-IN`. */
export const swap: PaxosCommand = (environment, { words }) => {
  const [leader = 0, out = 0, into = 0] = words.map(Number);
  const replica = environment.replica(leader);
  const { number, members, logReplicas } = replica.configuration;
  const next = { number: number + 1, members: members.map((member) => (member === out ? into : member)), logReplicas };
  replica.proposeSwap(Buffer.from(`swap${out}-${into}`), next);
  environment.settle(leader);
};
