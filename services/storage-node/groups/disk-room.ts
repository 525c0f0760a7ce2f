import { CATALOG_GROUP, type GroupId, type NodeId } from '../../shared/base/ids.ts';
import { GIB, MIB } from '../../shared/base/units.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { DiskSpace } from './node-disk.ts';

/**
 * How full a disk is, as nodes tell each other. 0: there is room. 1: nearly full: deletes and changes of the catalog alone are taken, in
 * half of the reserve. 2: nothing new is taken: what is left is for what is under way, for checkpoints and for promises.
 */
export type Fullness = 0 | 1 | 2;

const DELETES_SHARE = 1 / 2;
/** Below this share of the reserve not even records of other leaders are taken, so that promises and checkpoints still have room. */
const RECORDS_SHARE = 1 / 4;
/** Space must grow beyond the threshold by so much of the reserve before it counts: nobody should flap at the edge. */
const HYSTERESIS_SHARE = 1 / 8;

/** LevelDB may write two buffers of its log store and two of its tree store into tables before it deletes what they came from. */
const RESERVE_LEAST_BYTES = 256 * MIB;
const RESERVE_MOST_BYTES = 4 * GIB;
const RESERVE_SHARE = 0.05;
/** The least would be most of a small disk. */
const SMALL_DISK_SHARE = 0.25;

/** What is kept free of a disk of this size when nothing else is asked for, bytes. */
export function defaultReserveBytes(sizeBytes: number): number {
  const least = Math.min(RESERVE_LEAST_BYTES, SMALL_DISK_SHARE * sizeBytes);
  return Math.floor(Math.min(RESERVE_MOST_BYTES, Math.max(least, RESERVE_SHARE * sizeBytes)));
}

/** Leaderships that a full node may give away are given away within this time; else writes are refused. */
const HAND_OVER_MS = 2000;

const LED_ELSEWHERE_SOON: Answer = { status: 'not-ready', message: 'the disk is nearly full, and another replica is about to lead' };
const NO_ROOM: Answer = { status: 'no-room', message: 'the disk of the leader or of a quorum is nearly full' };

/** What is looked at of a group whose write may need room. */
export interface RoomGroup {
  readonly id: GroupId;
  readonly identity: { readonly members: readonly { readonly node: NodeId }[] };
}

/**
 * Whether there is room for a write: on the own disk, and on those of a quorum, as their nodes last told. Refusing before a disk is
 * full leaves no write with an unknown outcome; after LevelDB has met the end of its disk, nothing but a restart helps.
 */
export class DiskRoom {
  readonly #node: NodeId;
  readonly #logger: Logger;
  readonly #peers: ReadonlyMap<NodeId, Fullness>;
  readonly reserveBytes: number;
  #fullness: Fullness = 0;
  #exhausted = false;
  /** When the disk was first seen nearly full, on the monotonic clock. */
  #fullSinceMs = 0;
  freeBytes = Number.POSITIVE_INFINITY;
  /** Sums for metrics. */
  refused = 0;
  notTaken = 0;

  /** `peers`: what other nodes told last; those that told nothing count as having room. */
  constructor(node: NodeId, reserveBytes: number, peers: ReadonlyMap<NodeId, Fullness>, logger: Logger) {
    this.#node = node;
    this.reserveBytes = reserveBytes;
    this.#peers = peers;
    this.#logger = logger;
  }

  get fullness(): Fullness {
    return this.#fullness;
  }

  /** Free above the reserve; negative when less than the reserve is free. */
  get spareBytes(): number {
    return this.freeBytes - this.reserveBytes;
  }

  /** Records of other leaders must not be written any more. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The disk was looked at. */
  observe({ freeBytes }: DiskSpace, nowMs: number): void {
    this.freeBytes = freeBytes;
    const before = this.#fullness;
    // What was refused needs more room than what was not: each step back needs the margin.
    const below = (share: number, now: boolean): boolean =>
      freeBytes < this.reserveBytes * (now ? Math.min(share + HYSTERESIS_SHARE, share * 2) : share);
    if (below(DELETES_SHARE, before === 2)) this.#fullness = 2;
    else this.#fullness = below(1, before >= 1) ? 1 : 0;
    this.#exhausted = below(RECORDS_SHARE, this.#exhausted);
    if (this.#fullness === before) return;
    if (before === 0) this.#fullSinceMs = nowMs;
    const fields = { freeBytes, reserveBytes: this.reserveBytes, fullness: this.#fullness };
    if (this.#fullness > before) this.#logger.warn('disk nearly full: writes are refused', fields);
    else this.#logger.info('disk has room again', fields);
  }

  /** There is room for a write to a group that this node leads. */
  hasRoom(group: RoomGroup, isDelete: boolean): boolean {
    const most: Fullness = isDelete || group.id === CATALOG_GROUP ? 1 : 0;
    return this.#fullness <= most && this.#isQuorumWithin(group, most);
  }

  /** Why a write to a group that this node leads may not be proposed; undefined: it may. */
  refusal(group: RoomGroup, isDelete: boolean, nowMs: number): Answer | undefined {
    if (this.#fullness === 0 && this.#peers.size === 0) return undefined;
    if (this.hasRoom(group, isDelete)) return undefined;
    // Somebody else is about to lead, and will take it.
    if (nowMs - this.#fullSinceMs < HAND_OVER_MS && this.betterLeader(group) !== undefined) return LED_ELSEWHERE_SOON;
    this.refused += 1;
    return NO_ROOM;
  }

  /** Where a group that is led here has room, when it has none here: a peer for which, as leader, a quorum has room. */
  betterLeader({ identity: { members } }: RoomGroup): NodeId | undefined {
    if (this.#fullness === 0) return undefined;
    const withRoom = members.filter(({ node }) => node !== this.#node && this.#fullnessOf(node) === 0);
    return withRoom.length * 2 > members.length ? withRoom[0]?.node : undefined;
  }

  #isQuorumWithin({ identity: { members } }: RoomGroup, most: Fullness): boolean {
    const within = members.filter(({ node }) => this.#fullnessOf(node) <= most).length;
    return within * 2 > members.length;
  }

  #fullnessOf(node: NodeId): Fullness {
    return node === this.#node ? this.#fullness : (this.#peers.get(node) ?? 0);
  }
}
