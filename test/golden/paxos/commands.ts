import type { Words } from '../scenario-file.ts';
import { advance } from './commands/advance.ts';
import { crash } from './commands/crash.ts';
import { deliver } from './commands/deliver.ts';
import { drop } from './commands/drop.ts';
import { handOver } from './commands/hand-over.ts';
import { heartbeat } from './commands/heartbeat.ts';
import { heartbeatAnswer } from './commands/heartbeat-answer.ts';
import { install } from './commands/install.ts';
import { lease } from './commands/lease.ts';
import { jump } from './commands/jump.ts';
import { learn } from './commands/learn.ts';
import { lose } from './commands/lose.ts';
import { newcomer } from './commands/newcomer.ts';
import { propose } from './commands/propose.ts';
import { replicas } from './commands/replicas.ts';
import { restart } from './commands/restart.ts';
import { settleAll } from './commands/settle-all.ts';
import { swap } from './commands/swap.ts';
import { status } from './commands/status.ts';
import { sync } from './commands/sync.ts';
import { teach } from './commands/teach.ts';
import type { PaxosEnvironment } from './environment.ts';

/** Carries out one command; what it prints is its output. */
export type PaxosCommand = (environment: PaxosEnvironment, words: Words) => void;

const COMMANDS: ReadonlyMap<string, PaxosCommand> = new Map<string, PaxosCommand>([
  ['replicas', replicas],
  ['advance', advance],
  ['deliver', deliver],
  ['drop', drop],
  ['sync', sync],
  ['settle', settleAll],
  ['propose', propose],
  ['heartbeat', heartbeat],
  ['heartbeat-answer', heartbeatAnswer],
  ['jump', jump],
  ['lease', lease],
  ['crash', crash],
  ['restart', restart],
  ['lose-log', lose],
  ['learn', learn],
  ['install', install],
  ['newcomer', newcomer],
  ['teach', teach],
  ['swap', swap],
  ['hand-over', handOver],
  ['status', status],
]);

/** Throws when there is no such command: a rewrite would take what it prints for what is right. */
export function runPaxosCommand(environment: PaxosEnvironment, words: Words): string {
  const command = COMMANDS.get(words.name);
  if (command === undefined) throw new Error(`there is no command ${words.name}`);
  command(environment, words);
  return environment.takeOutput();
}
