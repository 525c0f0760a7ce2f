import type { PaxosCommand } from '../commands.ts';

/** `propose N RECORD ...`: the leader N proposes records. */
export const propose: PaxosCommand = (environment, { words: [id, ...records] }) => {
  const replica = environment.replica(Number(id));
  if (!replica.serves) {
    environment.print(`${id} does not serve`);
    return;
  }
  for (const record of records) replica.propose(Buffer.from(record));
  environment.settle(Number(id));
};
