import { MIB } from '../shared/base/units.ts';
import { INDEX_REBUILD_AFTER_MS } from '../shared/limits/index-limits.ts';
import { ITEM_COLLECTION_BYTES_MAX } from '../shared/limits/table-limits.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../shared/paxos/options.ts';
import { COMMON_OPTIONS } from '../shared/platform/common-options.ts';
import { addressesOption, choiceOption, integerOption, type OptionValues, optional } from '../shared/platform/options.ts';
import {
  DEFAULT_EXPIRY_OPTIONS,
  DEFAULT_QUEUED_BYTES_MAX,
  DEFAULT_REPLACEMENT_OPTIONS,
  DEFAULT_REQUEST_BYTES_MAX,
  DEFAULT_REQUESTS_MAX,
  DEFAULT_SCRUB_OPTIONS,
  DEFAULT_LINK_OPTIONS,
  DEFAULT_STATE_HASH_OPTIONS,
  type StorageNodeOptions,
} from './core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from './groups/checkpoint-scheduler.ts';

/** Changed pages of trees may take half of the page cache, and so much at least. */
const DIRTY_BYTES_MIN = 16 * MIB;

/** Every option of a storage node. */
export const STORAGE_NODE_OPTIONS = {
  ...COMMON_OPTIONS,
  autoAdmin: optional(addressesOption({ help: 'Auto-admins to register with.' })),
  pageCacheBytes: integerOption({ help: 'Memory for pages of trees.', unit: 'bytes', min: MIB, default: 512 * MIB }),
  lease: choiceOption(['on', 'off'], {
    help: 'Leader leases; off where a hypervisor may stop all clocks of a machine unseen: strong reads then cost a round trip.',
    default: 'on',
  }),
  leaseMs: integerOption({
    help: 'How long a grant binds; the same on all nodes of a cluster.',
    unit: 'ms',
    min: 500,
    max: 60_000,
    default: DEFAULT_PAXOS_OPTIONS.leaseMs,
  }),
  checkpointDirtyBytes: integerOption({
    help: 'Changed pages of a partition that make a checkpoint due.',
    unit: 'bytes',
    min: 64 * 1024,
    default: DEFAULT_CHECKPOINT_OPTIONS.dirtyBytesMax,
  }),
  checkpointWalBytes: integerOption({
    help: 'Log of a partition behind its last checkpoint that makes one due.',
    unit: 'bytes',
    min: 64 * 1024,
    default: DEFAULT_CHECKPOINT_OPTIONS.walBytesMax,
  }),
  checkpointNodeWalBytes: integerOption({
    help: 'Most log of all partitions behind their checkpoints: what a start reads and applies again. Checkpoints begin at half of it.',
    unit: 'bytes',
    min: 64 * 1024,
    default: DEFAULT_CHECKPOINT_OPTIONS.nodeWalBytesMax,
  }),
  checkpointIntervalMs: integerOption({
    help: 'Longest time between two checkpoints of a changed partition.',
    unit: 'ms',
    min: 1000,
    default: DEFAULT_CHECKPOINT_OPTIONS.intervalMs,
  }),
  walAllowanceBytes: integerOption({
    help: 'Log of a partition kept for its slowest follower; one further behind comes back by snapshot.',
    unit: 'bytes',
    min: 64 * 1024,
    default: DEFAULT_CHECKPOINT_OPTIONS.followerAllowanceBytes,
  }),
  walAllowanceNodeBytes: optional(
    integerOption({
      help: 'Log of all partitions kept for followers; a fifth of the disk when absent. The one furthest behind comes back by snapshot.',
      unit: 'bytes',
      min: 64 * 1024,
    }),
  ),
  stateHashSlots: integerOption({
    help: 'Slots of a partition after which its replicas are compared by their state hashes.',
    min: 1,
    default: DEFAULT_STATE_HASH_OPTIONS.slots,
  }),
  stateHashIntervalMs: integerOption({
    help: 'Longest time between two such comparisons of a changed partition.',
    unit: 'ms',
    min: 100,
    default: DEFAULT_STATE_HASH_OPTIONS.intervalMs,
  }),
  scrubBytesPerSecond: integerOption({
    help: 'Most that the scrub reads of trees and log to find damage.',
    unit: 'bytes',
    min: 64 * 1024,
    default: DEFAULT_SCRUB_OPTIONS.bytesPerSecond,
  }),
  scrubIntervalMs: integerOption({
    help: 'From the beginning of one scrub of everything to that of the next.',
    unit: 'ms',
    min: 1000,
    default: DEFAULT_SCRUB_OPTIONS.intervalMs,
  }),
  diskReserveBytes: optional(
    integerOption({
      help: 'Free space below which writes are refused, 0: never; when absent a twentieth of the disk, 256 MiB to 4 GiB, at most a quarter of it.',
      unit: 'bytes',
      min: 0,
    }),
  ),
  replaceLostAfterMs: integerOption({
    help: 'How long a node must say that it has no trace of a replica before the leader gives the place to a new one.',
    unit: 'ms',
    min: 1000,
    default: DEFAULT_REPLACEMENT_OPTIONS.lostAfterMs,
  }),
  replaceLogFirstBytes: integerOption({
    help: 'Items of a partition beyond which a new replica keeps the log alone until its full copy has come.',
    unit: 'bytes',
    min: 0,
    default: DEFAULT_REPLACEMENT_OPTIONS.logFirstBytes,
  }),
  ttlSweepIntervalMs: integerOption({
    help: 'From one look for expired items of a partition to the next.',
    unit: 'ms',
    min: 100,
    default: DEFAULT_EXPIRY_OPTIONS.sweepIntervalMs,
  }),
  ttlDeletesPerSecond: integerOption({
    help: 'Most expired items that the node deletes in a second, over all partitions that it leads.',
    min: 1,
    default: DEFAULT_EXPIRY_OPTIONS.deletesPerSecond,
  }),
  requestsMax: integerOption({ help: 'Requests under way; more are refused at once.', min: 1, default: DEFAULT_REQUESTS_MAX }),
  requestBytesMax: integerOption({
    help: 'Bytes of the requests under way; more are refused at once.',
    unit: 'bytes',
    min: MIB,
    default: DEFAULT_REQUEST_BYTES_MAX,
  }),
  queuedBytesMax: integerOption({
    help: 'Answers queued for one router; beyond, its requests are refused.',
    unit: 'bytes',
    min: MIB,
    default: DEFAULT_QUEUED_BYTES_MAX,
  }),
  itemCollectionBytesMax: integerOption({
    help: 'Largest item collection of a table with local indexes: its items with one partition key, and their index entries.',
    unit: 'bytes',
    min: 1,
    default: ITEM_COLLECTION_BYTES_MAX,
  }),
  indexRebuildAfterMs: integerOption({
    help: 'How long a global index may take nothing while writes are refused for it, until it is made anew.',
    unit: 'ms',
    min: 1000,
    default: INDEX_REBUILD_AFTER_MS,
  }),
};

export type StorageNodeCommandLine = OptionValues<typeof STORAGE_NODE_OPTIONS>;

/** The service's options from the command line's. */
export function storageNodeOptions(given: StorageNodeCommandLine): StorageNodeOptions {
  return {
    node: given.name,
    clusterId: given.clusterId,
    az: given.az,
    region: given.region,
    advertise: given.advertise ?? given.listen,
    autoAdmins: given.autoAdmin ?? [],
    seeds: given.seeds ?? [],
    pageCacheBytesMax: given.pageCacheBytes,
    paxos: { ...DEFAULT_PAXOS_OPTIONS, leases: given.lease === 'on', leaseMs: given.leaseMs },
    checkpoints: {
      dirtyBytesMax: given.checkpointDirtyBytes,
      walBytesMax: given.checkpointWalBytes,
      nodeWalBytesMax: given.checkpointNodeWalBytes,
      nodeDirtyBytesMax: Math.max(DIRTY_BYTES_MIN, given.pageCacheBytes / 2),
      intervalMs: given.checkpointIntervalMs,
      followerAllowanceBytes: given.walAllowanceBytes,
      nodeAllowanceBytes: given.walAllowanceNodeBytes,
    },
    links: DEFAULT_LINK_OPTIONS,
    stateHashes: { slots: given.stateHashSlots, intervalMs: given.stateHashIntervalMs },
    scrub: { bytesPerSecond: given.scrubBytesPerSecond, intervalMs: given.scrubIntervalMs },
    diskReserveBytes: given.diskReserveBytes,
    replacement: { lostAfterMs: given.replaceLostAfterMs, logFirstBytes: given.replaceLogFirstBytes },
    expiry: { sweepIntervalMs: given.ttlSweepIntervalMs, deletesPerSecond: given.ttlDeletesPerSecond },
    requestsMax: given.requestsMax,
    requestBytesMax: given.requestBytesMax,
    queuedBytesMax: given.queuedBytesMax,
    itemCollectionBytesMax: given.itemCollectionBytesMax,
    indexRebuildAfterMs: given.indexRebuildAfterMs,
  };
}
