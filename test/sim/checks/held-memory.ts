import { KIB, MIB } from '../../../services/shared/base/units.ts';
import type { Service } from '../../../services/shared/env/environment.ts';
import { STEP_CALL_TIMEOUT_MS } from '../../../services/shared/limits/auto-admin-limits.ts';
import { WATCH_LAG_MS } from '../../../services/shared/limits/cluster-client-limits.ts';
import { SERVICE_QUOTAS } from '../../../services/shared/placement/table-quotas.ts';
import {
  DEFAULT_QUEUED_BYTES_MAX,
  DEFAULT_REQUEST_BYTES_MAX,
  DEFAULT_REQUESTS_MAX,
  REMEMBER_REQUESTS_MS,
} from '../../../services/storage-node/core/options.ts';
import { LEARN_BYTES } from '../../../services/storage-node/groups/catch-up.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { StorageNode } from '../../../services/storage-node/service.ts';
import type { SimCluster } from '../cluster.ts';
import { CUT_MOST_MS } from '../faults/network.ts';
import type { RouterProcess } from '../front-door.ts';
import { KEEPALIVE_MOST_MS } from '../kernel/sim-network.ts';
import type { Life, SimMachine } from '../machine.ts';

/** How much of something a process holds, and how much it may. */
export interface Held {
  readonly amount: number;
  readonly most: number;
  /** Once nobody asks for anything any more; undefined: `most`. */
  readonly atRest?: number;
}

/** What the memory of a process is spent on, by name. */
export type HeldMemory = Readonly<Record<string, Held>>;

/** The largest record of a workload: an item of 60 KB with the one before it. */
const RECORD_BYTES_MAX = 128 * KIB;
/** An answer to a Query or Scan ends with the item that takes it over 1 MB. */
const QUERY_BYTES_MAX = MIB + RECORD_BYTES_MAX;
/** A node's log waits for its disk, its frames for the network; the load of a run is far below what production allows. */
const QUEUED_BYTES_MAX = 4 * MIB;
/** Pages that the last operations used stay, and pages have a weight beside their bytes. */
const PAGES_IN_USE_BYTES = 512 * KIB;
/**
 * What a page takes in memory, in times of its bytes: one that is a quarter full, and less are merged, has a buffer with half a page
 * to spare and objects around it. The few smaller ones, roots, are among the pages in use.
 */
const FOOTPRINT = 4;
/**
 * Of the answers that wait for a record, settings alone are asked for by no request. The auto-admin asks each group once at a time, and again
 * when it heard nothing; what a leader was asked waits until it hears that another one leads, which a cut holds up.
 */
const SETTINGS_CALLS = 1 + CUT_MOST_MS / STEP_CALL_TIMEOUT_MS;
/**
 * A process watches the catalog by one stream. One that it gave up, for which it waits so long at least, may be there until the keepalive
 * ends it.
 */
const WATCHES_A_PROCESS = 1 + KEEPALIVE_MOST_MS / WATCH_LAG_MS;

/** A storage node, over all its lives. */
export class NodeMemory {
  readonly #cluster: SimCluster;
  readonly #machine: SimMachine<StorageNode>;
  /** Most changed pages that the present life was seen with, bytes. */
  #mostDirtyBytes = 0;
  #lives = 0;

  constructor(cluster: SimCluster, machine: SimMachine<StorageNode>) {
    this.#cluster = cluster;
    this.#machine = machine;
  }

  /** Undefined: no process runs. */
  held(): HeldMemory | undefined {
    const { life, lives } = this.#machine;
    if (life === undefined) return undefined;
    if (lives !== this.#lives) this.#mostDirtyBytes = 0;
    this.#lives = lives;
    const processes = this.#cluster.machines.length;
    const watchers = life.metrics.read('stator_storage_node_catalog_watchers');
    const catalogWatchers = { amount: watchers, most: processes * WATCHES_A_PROCESS, atRest: processes };
    return { ...requestsOfNode(life), catalogWatchers, ...this.#logOf(life), ...this.#pagesOf(life) };
  }

  #logOf({ process, service, metrics }: Life<StorageNode>): HeldMemory {
    const { paxos } = this.#cluster.settings;
    return {
      walQueuedBytes: { amount: metrics.read('stator_storage_node_wal_queued_bytes'), most: QUEUED_BYTES_MAX, atRest: 0 },
      sentBytes: { amount: this.#cluster.network.sentBytes(process), most: QUEUED_BYTES_MAX },
      windowBytes: {
        amount: greatest(groupsOf(service), bytesInWindow),
        // A follower that is behind has one Learn message beside that, until it is on the disk.
        most: paxos.windowBytesMax + paxos.uncommittedBytesMax + paxos.syncBytesMax + LEARN_BYTES + RECORD_BYTES_MAX,
        // The catalog never rests: what its group holds may be of this moment.
        atRest: paxos.windowBytesMax + RECORD_BYTES_MAX,
      },
    };
  }

  /**
   * What is changed goes when a checkpoint is done, which waits for a disk that hangs: only once nobody writes is no more left than what makes
   * one due. What the cache has beyond its limit is changed, or is being written: that was changed when its checkpoint began.
   */
  #pagesOf({ service, metrics }: Life<StorageNode>): HeldMemory {
    const { checkpoints, pageCacheBytesMax } = this.#cluster.settings;
    const groups = groupsOf(service);
    const dirtyBytes = sum(groups, ({ tree }) => tree.dirtyBytes);
    this.#mostDirtyBytes = Math.max(this.#mostDirtyBytes, dirtyBytes);
    const evictableBytes = pageCacheBytesMax + PAGES_IN_USE_BYTES;
    return {
      dirtyBytes: { amount: dirtyBytes, most: checkpoints.nodeDirtyBytesMax, atRest: 2 * checkpoints.dirtyBytesMax * groups.length },
      pageCacheBytes: {
        amount: metrics.read('stator_storage_node_page_cache_bytes'),
        most: evictableBytes + FOOTPRINT * (dirtyBytes + this.#mostDirtyBytes),
        atRest: evictableBytes + FOOTPRINT * dirtyBytes,
      },
    };
  }
}

function requestsOfNode({ service, metrics }: Life<StorageNode>): HeldMemory {
  const read = (name: string): number => metrics.read(`stator_storage_node_${name}`);
  const groups = groupsOf(service);
  const requests = read('requests_under_way');
  return {
    requests: { amount: requests, most: DEFAULT_REQUESTS_MAX, atRest: 0 },
    requestBytes: { amount: read('request_bytes'), most: DEFAULT_REQUEST_BYTES_MAX, atRest: 0 },
    answerBytes: { amount: read('answer_bytes'), most: DEFAULT_QUEUED_BYTES_MAX, atRest: 0 },
    proposals: { amount: sum(groups, ({ underWay }) => underWay), most: requests + SETTINGS_CALLS * groups.length, atRest: 0 },
    // Each number has a record of its own, so that how many there are follows from the load and from how far back they go.
    rememberedMs: { amount: greatest(groups, ({ state }) => state.requests.spanMs), most: REMEMBER_REQUESTS_MS },
  };
}

/** No call of a workload asks storage nodes for more than one thing at a time, nor is any so large that it is left to the thread. */
export function heldByRouter({ service, metrics }: Life<RouterProcess>): HeldMemory {
  const read = (name: string): number => metrics.read(`stator_router_${name}`);
  return {
    heldRequests: { amount: read('storage_held_requests'), most: service.underWay, atRest: 0 },
    heldBytes: { amount: read('storage_held_bytes'), most: service.underWay * RECORD_BYTES_MAX, atRest: 0 },
    queueBytes: { amount: read('storage_queue_bytes'), most: QUEUED_BYTES_MAX, atRest: 0 },
    requestBytes: { amount: read('request_bytes'), most: service.underWay * RECORD_BYTES_MAX, atRest: 0 },
    readBytes: { amount: read('read_bytes'), most: service.underWay * QUERY_BYTES_MAX, atRest: 0 },
    threadBytes: { amount: read('thread_bytes'), most: 0, atRest: 0 },
  };
}

/** It holds nothing for a call that it has answered; its client of the catalog tells nothing of itself. */
export function heldByAutoAdmin({ metrics }: Life<Service>): HeldMemory {
  const read = (name: string): number => metrics.read(`stator_auto_admin_${name}`);
  return {
    operations: { amount: read('operations_count'), most: SERVICE_QUOTAS.operationsMax, atRest: 0 },
    // As many tables and indexes as were deleted since a node went away: the end alone tells.
    retiredReplicas: { amount: read('retired_replicas_count'), most: Number.POSITIVE_INFINITY, atRest: 0 },
  };
}

function groupsOf({ groups }: StorageNode): readonly Group[] {
  return [...(groups?.all ?? [])];
}

function greatest<T>(things: readonly T[], of: (thing: T) => number): number {
  return things.reduce((most, thing) => Math.max(most, of(thing)), 0);
}

function sum<T>(things: readonly T[], of: (thing: T) => number): number {
  return things.reduce((total, thing) => total + of(thing), 0);
}

/** Records that consensus keeps in memory, bytes. */
function bytesInWindow({ paxos }: Group): number {
  let bytes = 0;
  for (let slot = paxos.last; ; slot--) {
    const record = paxos.recordAt(slot);
    if (record === undefined) return bytes;
    bytes += record.length;
  }
}
