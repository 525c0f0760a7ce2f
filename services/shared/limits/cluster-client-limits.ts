import { MIB, SECOND_MS } from '../base/units.ts';

/** Limits and times of the library with which processes reach storage nodes. */

/** How long a request may be held while its group has no leader: the default of requests that name no time. */
export const REQUEST_DEADLINE_MS = 5 * SECOND_MS;
/** A group remembers request numbers for 30 s of log time; no write may be repeated close to that. */
export const REQUEST_DEADLINE_MAX_MS = 20 * SECOND_MS;
/**
 * Pause before a request is tried again. Operations on items: drawn evenly from 0 to the first, which doubles with each pause up to the
 * second. Calls to the auto-admin: drawn evenly from this range.
 */
export const RETRY_MIN_MS = 20;
export const RETRY_MAX_MS = 100;
/** Added to that pause while a partition map that a node refused as old is still the newest one known. */
export const OLD_MAP_PAUSE_MS = 200;
/** Groups whose leader is remembered. */
export const GROUPS_REMEMBERED_MAX = 100_000;
/** Requests that one process holds at a time; beyond, it answers `overloaded`. */
export const HELD_REQUESTS_MAX = 16_384;
/** Bytes of keys, items and expressions held at a time. */
export const HELD_BYTES_MAX = 256 * MIB;
/** Bytes queued towards one node; beyond, requests to it are `overloaded`. */
export const CONNECTION_QUEUE_BYTES_MAX = 32 * MIB;
/** A turn's batch is sent in more than one frame above this, so that no frame comes near a message limit. */
export const FRAME_BYTES_TARGET = 1 * MIB;
/** How often held requests are looked through for deadlines and retries. */
export const SWEEP_MS = 20;
/** A stream that owes answers and brought none for so long is closed: its node may be stopped or cut off. */
export const STREAM_STALL_MS = 1 * SECOND_MS;
/** A request is not repeated once so many streams were lost that owed its answer: it may be what ends the nodes, one after the other. */
export const STREAM_LOSSES_MAX = 2;
/** Redirects followed at once; then a pause, because the replicas contradict each other. */
export const REDIRECTS_MAX = 3;
/** Time for opening a stream, greeting included. */
export const OPEN_TIMEOUT_MS = 1 * SECOND_MS;
/** Pause before a stream to the same node is opened again, doubling from the first to the second. */
export const REOPEN_MIN_MS = 20;
export const REOPEN_MAX_MS = 500;
/** Every replica that serves a watch says something each second; after this silence another replica is asked. */
export const WATCH_SILENCE_MS = 3 * SECOND_MS;
/** Pause before the watch is opened again, doubling from the first to the second. */
export const WATCH_REOPEN_MIN_MS = 50;
export const WATCH_REOPEN_MAX_MS = 2 * SECOND_MS;
/** A watch that is awaited at a slot and does not move for so long is left for another replica. */
export const WATCH_LAG_MS = 1 * SECOND_MS;
/** Time for one administrative call before the next address is tried. */
export const ADMIN_CALL_TIMEOUT_MS = 2 * SECOND_MS;
