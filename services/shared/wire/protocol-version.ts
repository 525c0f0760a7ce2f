/**
 * Version of everything in proto/, named by the first frame of each stream. It grows with every change that an older
 * process would misunderstand; a process talks only to its own version until versions can be mixed (architecture.md 10).
 *
 * 1: first version.
 */
export const PROTOCOL_VERSION = 1;
