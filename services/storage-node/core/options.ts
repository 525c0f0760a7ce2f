import { HOUR_MS, MIB } from '../../shared/base/units.ts';
import type { PaxosOptions } from '../../shared/paxos/options.ts';

/** When the checkpoint scheduler makes a checkpoint. */
export interface CheckpointOptions {
  readonly dirtyBytesMax: number;
  /** Log of one group behind its last checkpoint. */
  readonly walBytesMax: number;
  /** The same of all groups of the node: what a start has to read and apply again. */
  readonly nodeWalBytesMax: number;
  /** Changed pages of all groups of the node: until their checkpoint they cannot leave the memory. */
  readonly nodeDirtyBytesMax: number;
  readonly intervalMs: number;
  /** Log kept for the slowest follower, bytes a group; a follower further behind comes back by snapshot. */
  readonly followerAllowanceBytes: number;
  /** The same over all groups of the node; undefined: NODE_ALLOWANCE_SHARE of the disk. */
  readonly nodeAllowanceBytes: number | undefined;
}

/** When leaders compare the copies of a group. */
export interface StateHashOptions {
  /** After so many slots, once the comparison before has ended. */
  readonly slots: number;
  /** After so long, if anything was applied. */
  readonly intervalMs: number;
}

export const DEFAULT_STATE_HASH_OPTIONS: StateHashOptions = { slots: 1024, intervalMs: 10_000 };

/** How a node reads all that it has, to find damage. */
export interface ScrubOptions {
  readonly bytesPerSecond: number;
  /** From the beginning of one pass to that of the next. */
  readonly intervalMs: number;
}

export const DEFAULT_SCRUB_OPTIONS: ScrubOptions = { bytesPerSecond: 8 * MIB, intervalMs: 24 * HOUR_MS };
/** When and how a leader replaces a replica whose node has lost it. */
export interface ReplacementOptions {
  /** The node must have said for so long that it has no trace of it: a table's replicas are created one after the other. */
  readonly lostAfterMs: number;
  /** A group with more item bytes than this is first given a replica of the log alone: its full copy takes its time. */
  readonly logFirstBytes: number;
}

export const DEFAULT_REPLACEMENT_OPTIONS: ReplacementOptions = { lostAfterMs: 10_000, logFirstBytes: 64 * MIB };

/** How leaders delete items that have expired. */
export interface ExpiryOptions {
  /** From the beginning of one look for them to that of the next, for each partition. */
  readonly sweepIntervalMs: number;
  /** Most that a node deletes, over all partitions that it leads. */
  readonly deletesPerSecond: number;
}

export const DEFAULT_EXPIRY_OPTIONS: ExpiryOptions = { sweepIntervalMs: 10_000, deletesPerSecond: 1000 };

/** How consensus messages with records are given to their stream to a peer, bytes. */
export interface LinkOptions {
  /** So much of them leaves in a turn, one message at least. */
  readonly recordTurnBytes: number;
  /** What the stream is given ahead of the network. */
  readonly recordAheadBytes: number;
}

/** A megabyte takes some two milliseconds to copy and to sum up. */
export const DEFAULT_LINK_OPTIONS: LinkOptions = { recordTurnBytes: 1 * MIB, recordAheadBytes: 2 * MIB };

/** What a storage node is told at its start, beyond its place. */
export interface StorageNodeOptions {
  /** `[a-z0-9-]{1,63}`, unique in the cluster, the same over restarts. */
  readonly node: string;
  /** The only cluster that the node may belong to; undefined: the one of its data folder, or the first that takes it. */
  readonly clusterId?: string | undefined;
  readonly az: string;
  readonly region: string;
  /** Where others reach this node. */
  readonly advertise: string;
  readonly autoAdmins: readonly string[];
  /** Nodes that hold the catalog. A node that is not among them joins the cluster that they belong to. */
  readonly seeds: readonly string[];
  readonly pageCacheBytesMax: number;
  readonly paxos: PaxosOptions;
  readonly links: LinkOptions;
  readonly checkpoints: CheckpointOptions;
  readonly stateHashes: StateHashOptions;
  readonly scrub: ScrubOptions;
  /** Kept free on the disk: below, writes are refused. Undefined: by its size (disk-room.ts). */
  readonly diskReserveBytes?: number | undefined;
  readonly replacement: ReplacementOptions;
  readonly expiry: ExpiryOptions;
  readonly requestsMax: number;
  readonly requestBytesMax: number;
  readonly queuedBytesMax: number;
  /** Items with one partition key and their entries in local indexes; undefined: ITEM_COLLECTION_BYTES_MAX. */
  readonly itemCollectionBytesMax?: number | undefined;
  /** A global index for which too much log is kept is given up once it has stood still for so long; undefined: INDEX_REBUILD_AFTER_MS. */
  readonly indexRebuildAfterMs?: number | undefined;
}

/** Of the disk that holds the data folder (architecture.md 4.3). */
export const NODE_ALLOWANCE_SHARE = 0.2;
/** How long executed request numbers are remembered, in log time: many times a router's deadline. */
export const REMEMBER_REQUESTS_MS = 30_000;
export const TICK_MS = 50;
export const HEARTBEAT_MS = 300;
export const CHECKPOINT_TICK_MS = 250;
export const CATALOG_BEAT_MS = 1000;
/** How often others are asked of replicas that seem to be missing here. */
export const LOOK_FOR_MISSING_MS = 1000;
export const REGISTER_MS = 5000;
/** LevelDB begins what compactions are due as soon as it opens a store: who has lived so long with it does not end of that. */
export const TREES_HOLD_MS = 30_000;
/** A jump of the wall clock against the monotonic one beyond this means that time was not what it seemed: leases are dropped. */
export const CLOCK_JUMP_MS = 50;
/** A WAL batch that takes longer than this keeps heartbeats back: who cannot write must not go on leading. */
export const SYNC_STALL_MS = 1000;
export const DEFAULT_REQUESTS_MAX = 20_000;
export const DEFAULT_REQUEST_BYTES_MAX = 256 * MIB;
export const DEFAULT_QUEUED_BYTES_MAX = 64 * MIB;
