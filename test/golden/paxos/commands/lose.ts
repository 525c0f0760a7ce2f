import { ZERO_BALLOT } from '../../../../services/shared/paxos/ballot.ts';
import type { PaxosCommand } from '../commands.ts';

/** `lose-log N`: a guard failed on the crashed replica: its log and ballots are gone, and the header says that it abstains. */
export const lose: PaxosCommand = (environment, { words }) => {
  const machine = environment.machine(Number(words[0]));
  const at = machine.checkpoint;
  machine.records.length = at;
  machine.durable = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: at, commit: at, trimmed: at, abstains: true };
};
