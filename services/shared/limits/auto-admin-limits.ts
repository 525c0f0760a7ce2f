import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts';

/** Times and bounds of the auto-admin. */

/** An auto-admin whose lease record stood still for so long, on the watcher's own clock, is taken for dead. */
export const ADMIN_LEASE_MS = 6 * SECOND_MS;
/** How often the holder renews. */
export const ADMIN_LEASE_RENEWAL_MS = 2 * SECOND_MS;
/** The holder stops so much earlier than others may begin, counted from when it sent its last renewal. */
export const ADMIN_LEASE_MARGIN_MS = 1 * SECOND_MS;
/** How often a standby looks at the lease, and how soon a failed attempt is repeated. */
export const ADMIN_LEASE_POLL_MS = 500;
/** An auto-admin to which the catalog has given no answer for so long is not ready: a failover takes less, renewals come more often. */
export const CATALOG_SILENT_MS = 10 * SECOND_MS;
/** Tables worked on at a time. */
export const TABLES_UNDER_WAY_MAX = 8;
/** Steps of one table carried out at a time. */
export const STEPS_UNDER_WAY_MAX = 32;
/** Pause before a failed step is planned again, doubling from the first to the second. */
export const STEP_RETRY_MIN_MS = 50;
export const STEP_RETRY_MAX_MS = 5 * SECOND_MS;
/** The same for what is left of partitions that are retired: it waits for nodes that may be down for days. */
export const RETIRED_RETRY_MAX_MS = 20 * SECOND_MS;
/**
 * Pause between two calls that only find out whether a node can be reached again, for the sake of what is left there. No longer than the shortest
 * pause of a loop that waits at RETIRED_RETRY_MAX_MS: a loop that is alone probes each time.
 */
export const UNREACHABLE_PROBE_MS = RETIRED_RETRY_MAX_MS / 2;
/** Tables and indexes that are gone, of whose partitions something is being destroyed at a time. */
export const RETIRED_UNDER_WAY_MAX = 2;
/**
 * Retired partitions that the catalog keeps; beyond that, whatever loses partitions waits for their replicas. Our choice: some two megabytes of
 * records, and twice what one index may have at once (PARTITIONS_PER_NEW_TABLE_MAX).
 */
export const RETIRED_PARTITIONS_MAX = 8192;
/** Pause between two looks for leaders of new groups. */
export const LEADER_POLL_MS = 25;
/** Time for one call to a storage node: it syncs its store. */
export const STEP_CALL_TIMEOUT_MS = 5 * SECOND_MS;
/**
 * How long the catalog remembers a table that is gone, and a credential that was revoked. Our choice: a copy of a call can lie in a socket while TCP repeats it, which
 * Linux does for a quarter of an hour (tcp(7), tcp_retries2).
 */
export const REMOVED_RECORD_KEPT_MS = HOUR_MS;
/** How often the auto-admin looks for such records to forget, and how many it forgets at a time. */
export const REMOVED_RECORDS_POLL_MS = MINUTE_MS;
export const REMOVED_RECORDS_FORGOTTEN_MAX = 1000;
/** How long a plan waits to see its own writes in the watched catalog. */
export const OWN_WRITES_SEEN_MS = 2 * SECOND_MS;
/** How often nodes are asked for global indexes that can never catch up. */
export const LOST_INDEXES_POLL_MS = 5 * SECOND_MS;
/** Pause before an index is made anew for the second time within a day, doubling up to so many times as long. The first time there is none. */
export const INDEX_REBUILD_PAUSE_MS = 10 * MINUTE_MS;
export const INDEX_REBUILD_PAUSE_GROWTH_MAX = 6;
/** An index whose last rebuild began so long ago begins with no pause again. */
export const INDEX_REBUILDS_FORGOTTEN_MS = 24 * HOUR_MS;
