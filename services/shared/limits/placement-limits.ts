/** How tables are cut into partitions and where their replicas lie. */

/** Partitions of a new on-demand table. */
export const ON_DEMAND_PARTITIONS = 4;
/** Read units a second that one partition serves (AWS, "Partitions and data distribution in DynamoDB"). */
export const PARTITION_READ_UNITS = 3000;
/** Write units a second that one partition serves (the same page). */
export const PARTITION_WRITE_UNITS = 1000;
/** Replicas of a group, each in another AZ. */
export const REPLICAS_PER_GROUP = 3;
/** Partitions that one CreateTable may make: what the greatest provisioned throughput of one table (40,000 units) needs, with room. */
export const PARTITIONS_PER_NEW_TABLE_MAX = 4096;
/** Replica ids below this one belong to the catalog group, whose members `stator init` numbers. */
export const FIRST_TABLE_REPLICA = 100;
/** Group and replica ids are 32 bits, so that a heartbeat holds 24 bytes a group. */
export const ID_MAX = 0xffff_ffff;
