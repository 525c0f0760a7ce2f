import { KIB, MIB, MINUTE_MS, SECOND_MS } from '../base/units.ts';

/** How global secondary indexes are fed by the partitions of their tables. */

/** One message to an index partition: bytes of entries, and how many; a single record's changes always go together. */
export const INDEX_STEP_BYTES = 64 * KIB;
export const INDEX_STEP_CHANGES = 256;
/** Changes of one index that wait in the memory of a leader; beyond, its log is not read further. */
export const INDEX_WAITING_BYTES_MAX = 2 * MIB;
/** Changes of all indexes of all partitions that wait in the memory of a node; beyond, each of them may have one message waiting. */
export const INDEX_WAITING_BYTES_NODE_MAX = 64 * MIB;
/** An index partition with nothing to take is moved on, so that log can go, at most this often. */
export const INDEX_MOVE_PAUSE_MS = 1 * SECOND_MS;
/** It is moved on, too, once a new leader would have to read so much log again to find that nothing concerns it. */
export const INDEX_MOVE_BYTES = 4 * MIB;
/** Deadline of one message. */
export const INDEX_STEP_DEADLINE_MS = 5 * SECOND_MS;
/** Pause after a message that was not taken. */
export const INDEX_RETRY_MS = 100;
/** An index that is further behind than one of these has the writes that touch it refused (architecture.md 7). */
export const INDEX_LAG_BYTES_MAX = 64 * MIB;
export const INDEX_LAG_MS_MAX = 10 * SECOND_MS;
/** The backfill of a new index: entries in one record, items looked at for it, and their bytes: a turn of the loop parses no more. */
export const BACKFILL_CHUNK_BYTES = 64 * KIB;
export const BACKFILL_CHUNK_ITEMS = 128;
export const BACKFILL_READ_BYTES = 128 * KIB;
/** Entries and items a second, for all partitions of a node. */
export const BACKFILL_BYTES_PER_SECOND = 8 * MIB;
export const BACKFILL_READ_BYTES_PER_SECOND = 32 * MIB;
/** A backfill waits while this much of its index is on its way, log that is still to be read for it included. */
export const BACKFILL_WAITING_BYTES_MAX = 1 * MIB;
/** An index is made anew once it has stood still for so long while more log was kept for it than may be: its table must go on. */
export const INDEX_REBUILD_AFTER_MS = 10 * MINUTE_MS;
