import type { PaxosCommand } from '../commands.ts';

/** `newcomer N`: a new replica that is no member. */
export const newcomer: PaxosCommand = (environment, { words }) => environment.createNewcomer(Number(words[0]));
