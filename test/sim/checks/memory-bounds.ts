import { KIB, MIB } from '../../../services/shared/base/units.ts';
import { DEFAULT_REQUESTS_MAX } from '../../../services/storage-node/core/options.ts';
import { LEARN_BYTES } from '../../../services/storage-node/groups/catch-up.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { SimCluster } from '../cluster.ts';
import type { Life } from '../machine.ts';
import type { StorageNode } from '../../../services/storage-node/service.ts';

const SAMPLE_MS = 500;
/** How long the last requests and pages may take once nobody asks for anything. */
const REST_MS = 30_000;
/** The largest record of a workload: an item of 60 KB with the one before it. */
const RECORD_BYTES_MAX = 128 * KIB;
/** A node's log waits for its disk, its frames for the network; the load of a run is far below what production allows. */
const QUEUED_BYTES_MAX = 4 * MIB;
/** Pages that the last operations used stay, and pages have a weight beside their bytes. */
const PAGES_IN_USE_BYTES = 512 * KIB;

/** What the memory of a node is spent on, by name. */
type Held = Readonly<Record<string, number>>;

/**
 * What nodes hold in memory stays within its bounds under faults, and goes back to nearly nothing once nobody asks for
 * anything: a request, an answer or a record that nobody lets go of shows at the latest then.
 */
export class MemoryBounds {
  readonly #cluster: SimCluster;
  readonly #most: Record<string, number> = {};
  #resting = false;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** Looks at all nodes every so often from now on. */
  watch(): void {
    this.#cluster.kernel.after(SAMPLE_MS, () => {
      if (this.#resting) return;
      for (const { name, life } of this.#cluster.nodes) if (life !== undefined) this.#checkNode(name, life);
      this.watch();
    });
  }

  /** After the load: rejects when something is still held. */
  async checkRest(): Promise<void> {
    this.#resting = true;
    const { kernel } = this.#cluster;
    kernel.trace.line(kernel.nowMs, 'scenario', 'most held by a node', this.#most);
    const { nodes } = this.#cluster;
    for (const { name, life } of nodes) {
      if (life === undefined) continue;
      let left: string | undefined;
      try {
        await this.#cluster.until('nothing is held', REST_MS, () => {
          left = this.#heldAtRest(life);
          return left === undefined;
        });
      } catch {
        kernel.violated('memory', `${name} holds on to something with nothing to do: ${left}`);
      }
    }
  }

  #checkNode(name: string, life: Life<StorageNode>): void {
    const { paxos } = this.#cluster.settings;
    const held = this.#heldBy(life);
    const limits: Held = {
      requests: DEFAULT_REQUESTS_MAX,
      walQueuedBytes: QUEUED_BYTES_MAX,
      sentBytes: QUEUED_BYTES_MAX,
      // A follower that is behind has one Learn message beside that, until it is on the disk.
      windowBytes: paxos.windowBytesMax + paxos.uncommittedBytesMax + paxos.syncBytesMax + LEARN_BYTES + RECORD_BYTES_MAX,
    };
    for (const [what, amount] of Object.entries(held)) {
      this.#most[what] = Math.max(this.#most[what] ?? 0, amount);
      const limit = limits[what];
      if (limit !== undefined && amount > limit)
        this.#cluster.kernel.violated('memory', `${name} holds ${amount} ${what}, more than ${limit}`);
    }
  }

  #heldBy({ process, service, metrics }: Life<StorageNode>): Held {
    let windowBytes = 0;
    let proposals = 0;
    let numbers = 0;
    for (const group of service.groups?.all ?? []) {
      windowBytes = Math.max(windowBytes, bytesInWindow(group));
      proposals += group.underWay;
      numbers = Math.max(numbers, group.state.requests.size);
    }
    return {
      requests: metrics.read('stator_storage_node_requests_under_way'),
      walQueuedBytes: metrics.read('stator_storage_node_wal_queued_bytes'),
      pageCacheBytes: metrics.read('stator_storage_node_page_cache_bytes'),
      sentBytes: this.#cluster.network.sentBytes(process),
      windowBytes,
      proposals,
      numbers,
    };
  }

  /** The catalog never rests: what is held by its group may be of this moment. */
  #heldAtRest(life: Life<StorageNode>): string | undefined {
    const { paxos, checkpoints, pageCacheBytesMax } = this.#cluster.settings;
    const { requests, proposals, walQueuedBytes, windowBytes = 0, pageCacheBytes = 0 } = this.#heldBy(life);
    if (requests !== 0 || proposals !== 0 || walQueuedBytes !== 0) return JSON.stringify({ requests, proposals, walQueuedBytes });
    if (windowBytes > paxos.windowBytesMax + RECORD_BYTES_MAX) return JSON.stringify({ windowBytes });
    const dirtyBytesMax = 2 * checkpoints.dirtyBytesMax * (life.service.groups?.size ?? 0);
    return pageCacheBytes > pageCacheBytesMax + dirtyBytesMax + PAGES_IN_USE_BYTES ? JSON.stringify({ pageCacheBytes }) : undefined;
  }
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
