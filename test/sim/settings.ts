import type { Prng } from '../../services/shared/base/prng.ts';
import { KIB, MIB, MINUTE_MS, SECOND_MS } from '../../services/shared/base/units.ts';
import { INDEX_REBUILD_AFTER_MS } from '../../services/shared/limits/index-limits.ts';
import { DEFAULT_PAXOS_OPTIONS, type PaxosOptions } from '../../services/shared/paxos/options.ts';
import {
  type CheckpointOptions,
  DEFAULT_LINK_OPTIONS,
  DEFAULT_REPLACEMENT_OPTIONS,
  type LinkOptions,
  type ReplacementOptions,
} from '../../services/storage-node/core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from '../../services/storage-node/groups/checkpoint-scheduler.ts';

/** What a seed draws for the whole cluster: production's values, or small ones that make rare things frequent. */
export interface ClusterSettings {
  readonly paxos: PaxosOptions;
  readonly links: LinkOptions;
  readonly checkpoints: CheckpointOptions;
  readonly replacement: ReplacementOptions;
  readonly pageCacheBytesMax: number;
  /** How long an index may stand still beyond the allowance. */
  readonly indexRebuildAfterMs: number;
  /** Partitions of the workloads' table. */
  readonly partitions: number;
  /** Greatest relative error of a machine's clocks. */
  readonly clockErrorMax: number;
}

/** Production's values, on machines with perfect clocks. */
export const DEFAULT_SETTINGS: ClusterSettings = {
  paxos: DEFAULT_PAXOS_OPTIONS,
  links: DEFAULT_LINK_OPTIONS,
  checkpoints: DEFAULT_CHECKPOINT_OPTIONS,
  replacement: DEFAULT_REPLACEMENT_OPTIONS,
  pageCacheBytesMax: 64 * MIB,
  indexRebuildAfterMs: INDEX_REBUILD_AFTER_MS,
  partitions: 1,
  clockErrorMax: 0,
};

/** NTP slews at most by this (architecture.md 4.2 allows twice as much between two clocks). */
const SLEW_MAX = 5e-4;

/** Items of the workloads are of some hundred bytes. */
const SMALL_LINKS: LinkOptions = { recordTurnBytes: 1 * KIB, recordAheadBytes: 2 * KIB };

export function drawSettings(random: Prng): ClusterSettings {
  const defaults = DEFAULT_PAXOS_OPTIONS;
  const settings: Omit<ClusterSettings, 'links'> = {
    paxos: {
      ...defaults,
      leases: random.chance(0.85),
      uncommittedBytesMax: random.pick([4 * KIB, defaults.uncommittedBytesMax]),
      windowBytesMax: random.pick([2 * KIB, 64 * KIB, defaults.windowBytesMax]),
      inFlightBytesMax: random.pick([2 * KIB, defaults.inFlightBytesMax]),
      syncBytesMax: random.pick([4 * KIB, defaults.syncBytesMax]),
    },
    checkpoints: {
      dirtyBytesMax: random.pick([32 * KIB, DEFAULT_CHECKPOINT_OPTIONS.dirtyBytesMax]),
      walBytesMax: random.pick([16 * KIB, DEFAULT_CHECKPOINT_OPTIONS.walBytesMax]),
      nodeWalBytesMax: DEFAULT_CHECKPOINT_OPTIONS.nodeWalBytesMax,
      nodeDirtyBytesMax: DEFAULT_CHECKPOINT_OPTIONS.nodeDirtyBytesMax,
      intervalMs: random.pick([3 * SECOND_MS, 15 * SECOND_MS, 10 * MINUTE_MS]),
      followerAllowanceBytes: random.pick([8 * KIB, MIB, DEFAULT_CHECKPOINT_OPTIONS.followerAllowanceBytes]),
      nodeAllowanceBytes: random.pick([16 * KIB, undefined]),
    },
    replacement: { lostAfterMs: random.pick([1 * SECOND_MS, 3 * SECOND_MS]), logFirstBytes: random.pick([0, 64 * MIB]) },
    pageCacheBytesMax: random.pick([8 * KIB, 256 * KIB, 64 * MIB]),
    partitions: random.pick([1, 1, 2]),
    clockErrorMax: random.pick([0, SLEW_MAX]),
    indexRebuildAfterMs: random.pick([3 * SECOND_MS, 10 * SECOND_MS, INDEX_REBUILD_AFTER_MS]),
  };
  const { paxos } = settings;
  // Half of the clusters send records in small pieces. Not drawn for itself: seeds keep what they drew before.
  if (paxos.syncBytesMax === defaults.syncBytesMax) return { ...settings, links: DEFAULT_LINK_OPTIONS };
  return { ...settings, paxos: { ...paxos, messageBytesMax: KIB }, links: SMALL_LINKS };
}
