/**
 * Version of everything in proto/, named by the first frame of each stream. It grows with every change that an older
 * process would misunderstand; a process talks only to its own version until versions can be mixed (architecture.md 10).
 *
 * 1: first version.
 * 2: members of groups change; state hashes; tables that are gone leave a record; partitions are told settings, and keep indexes.
 */
export const PROTOCOL_VERSION = 2;
