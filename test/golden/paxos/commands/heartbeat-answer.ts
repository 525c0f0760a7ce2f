import type { PaxosCommand } from '../commands.ts';

/** `heartbeat-answer A<-B sent=MS`: B's grant for the heartbeat that the leader A sent at MS arrives now. */
export const heartbeatAnswer: PaxosCommand = (environment, { words, options }) => {
  const [leader = 0, follower = 0] = (words[0] ?? '').split('<-').map(Number);
  const replica = environment.replica(leader);
  const ballot = replica.leading;
  if (ballot === undefined) throw new Error(`${leader} does not lead`);
  replica.onHeartbeatAnswer(follower, ballot, Number(options.get('sent')), true, environment.nowMs);
};
