import { ZERO_BALLOT } from '../../../../services/shared/paxos/ballot.ts';
import type { PaxosCommand } from '../commands.ts';

/**
 * `lose-log N [promised=kept]`: a guard failed on the crashed replica: its log and ballots are gone, or only its log and what it
 * accepted, and the header says that it abstains.
 */
export const lose: PaxosCommand = (environment, { words, options }) => {
  const machine = environment.machine(Number(words[0]));
  const at = machine.checkpoint;
  machine.records.length = at;
  const promised = options.get('promised') === 'kept' ? machine.durable.promised : ZERO_BALLOT;
  machine.durable = { promised, accepted: ZERO_BALLOT, last: at, commit: at, trimmed: at, abstains: true };
};
