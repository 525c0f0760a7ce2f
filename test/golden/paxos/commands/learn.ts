import type { PaxosCommand } from '../commands.ts';

/** `learn A->B from=SLOT count=N`: A sends B chosen records behind a slot out of its durable log, as catch-up does. */
export const learn: PaxosCommand = (environment, { words, options }) => {
  const [from = 0, to = 0] = (words[0] ?? '').split('->').map(Number);
  const ballot = environment.replica(from).leading;
  if (ballot === undefined) throw new Error(`${from} does not lead`);
  const position = Number(options.get('from'));
  const { records } = environment.machine(from);
  const chosen = records.slice(position, Math.min(environment.replica(from).commit, position + Number(options.get('count'))));
  const message = {
    kind: 'learn' as const,
    ballot,
    first: position + 1,
    records: chosen.map((record) => Buffer.from(record)),
    commit: position + chosen.length,
  };
  environment.replica(to).step(from, message, environment.nowMs);
  environment.settle(to);
};
