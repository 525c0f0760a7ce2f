import type { PaxosCommand } from '../commands.ts';

/** `hand-over A B`: the leader A gives its leadership to B, if B has everything. */
export const handOver: PaxosCommand = (environment, { words: [from, to] }) => {
  const done = environment.replica(Number(from)).handOver(Number(to), environment.nowMs);
  environment.print(done ? 'handed over' : 'not now');
  environment.settle(Number(from));
};
