import type { PaxosCommand } from '../commands.ts';

/** `replicas N [leases=off] [window=BYTES] [sync-bytes=BYTES]`: N new, empty replicas, numbered from 1; 1 is preferred as leader. */
export const replicas: PaxosCommand = (environment, { words, options }) => {
  const changes = {
    leases: options.get('leases') !== 'off',
    windowBytesMax: Number(options.get('window') ?? environment.options.windowBytesMax),
    syncBytesMax: Number(options.get('sync-bytes') ?? environment.options.syncBytesMax),
  };
  environment.options = { ...environment.options, ...changes };
  environment.create(Number(words[0]));
};
