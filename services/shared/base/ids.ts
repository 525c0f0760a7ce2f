/**
 * Identities that travel between processes. Numbers are handed out once and never reused (catalog generation counters);
 * all are safe integers.
 */

/** A Paxos group: the replicas of one partition. 32 bits, so that 24 bytes a group fit into a heartbeat. */
export type GroupId = number;
/** One group's copy on one node; a replica that lost its disk is a new one. 32 bits. */
export type ReplicaId = number;
/** A storage-node process, by name: `[a-z0-9-]{1,63}`. */
export type NodeId = string;
/** Position in a group's log, from 1; 0 is before the first. */
export type Slot = number;

/** The group that replicates the catalog; every other group has a greater id. */
export const CATALOG_GROUP: GroupId = 1;

/** A router's life (random, 48 bits) and a number that grows by one with each write it sends: never used twice. */
export interface RequestNumber {
  readonly life: number;
  readonly number: number;
}
