import type { PaxosCommand } from '../commands.ts';

/** `status`: each replica, and its durable log. */
export const status: PaxosCommand = (environment) => {
  for (const [id, { replica, records }] of environment.machines) {
    const state = replica === undefined ? 'down' : `${replica.describe()}${replica.abstains ? ' abstains' : ''}`;
    environment.print(`${id}: ${state} durable=[${records.join(',')}]`);
  }
};
