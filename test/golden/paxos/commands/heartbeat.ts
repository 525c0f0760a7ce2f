import { formatBallot } from '../../../../services/shared/paxos/ballot.ts';
import type { PaxosCommand } from '../commands.ts';

/** `heartbeat N [to=M] [answers=lost]`: the leader's heartbeat reaches the others at once, and their answers come back. */
export const heartbeat: PaxosCommand = (environment, { words, options }) => {
  const leader = Number(words[0]);
  const replica = environment.replica(leader);
  const news = replica.heartbeat(environment.nowMs);
  if (news === undefined) {
    environment.print(`${leader} does not lead`);
    return;
  }
  for (const [id, machine] of environment.machines) {
    if (id === leader || machine.replica === undefined || (options.has('to') && Number(options.get('to')) !== id)) continue;
    const granted = machine.replica.onHeartbeat(news, environment.nowMs);
    environment.print(`${id} ${granted ? 'grants' : 'refuses'} ${formatBallot(news.ballot)}`);
    environment.settle(id);
    if (options.get('answers') === 'lost') continue;
    replica.onHeartbeatAnswer(id, news.ballot, environment.nowMs, granted, environment.nowMs);
  }
  environment.settle(leader);
};
