import type { PaxosCommand } from '../commands.ts';

/** `lease`: who holds a valid lease now, and since when leadership is proved (for reads without a lease). */
export const lease: PaxosCommand = (environment) => {
  for (const [id, { replica }] of environment.machines) {
    if (replica?.leading === undefined) continue;
    const confirmed = replica.confirmedAtMs(environment.nowMs);
    environment.print(
      `${id} at ${environment.nowMs}: lease ${replica.leaseValid(environment.nowMs) ? 'valid' : 'invalid'}, proved for ${confirmed}`,
    );
  }
};
