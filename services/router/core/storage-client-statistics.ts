import type { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import type { Clock } from '../../shared/env/clock.ts';
import { ADMIN_CALL_TIMEOUT_MS } from '../../shared/limits/cluster-client-limits.ts';
import type { Partition } from '../../shared/placement/partition-map.ts';
import type { GroupInspection } from '../../shared/wire/admin.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';

export interface Sizes {
  readonly items: number;
  readonly bytes: number;
}

interface TableSizes extends Sizes {
  /** By the number of a local index. */
  readonly localIndexes: ReadonlyMap<number, Sizes>;
}

export const NO_SIZES: Sizes = { items: 0, bytes: 0 };

interface Remembered {
  sizes: TableSizes;
  refreshedAtMs: number;
  refreshing: boolean;
}

/** Older figures are refreshed, in the background, when they are asked for. The service's own are up to six hours old. */
const FRESH_MS = 5_000;
/** Partitions asked at a time. */
const CONCURRENT_CALLS = 8;
/** Tables remembered; beyond, those that are gone are forgotten. */
const REMEMBERED_MAX = 10_000;

/** Item counts and sizes of tables and global indexes, as their partitions' preferred leaders report them. Nobody ever waits for them. */
export class StorageStatistics {
  readonly #clock: Clock;
  readonly #transport: StatorTransport;
  readonly #cluster: ClusterClient;
  readonly #tables = new Map<string, Remembered>();

  constructor(clock: Clock, transport: StatorTransport, cluster: ClusterClient) {
    this.#clock = clock;
    this.#transport = transport;
    this.#cluster = cluster;
  }

  /** The last known figures; zeros before any are known. */
  of(tableId: string): TableSizes {
    const remembered = this.#tables.get(tableId) ?? {
      sizes: { ...NO_SIZES, localIndexes: new Map<number, Sizes>() },
      refreshedAtMs: Number.NEGATIVE_INFINITY,
      refreshing: false,
    };
    if (this.#tables.size >= REMEMBERED_MAX) this.#forgetGoneTables();
    this.#tables.set(tableId, remembered);
    const isOld = this.#clock.monotonicMs() - remembered.refreshedAtMs >= FRESH_MS;
    if (isOld && !remembered.refreshing) void this.#refresh(tableId, remembered);
    return remembered.sizes;
  }

  async #refresh(tableId: string, remembered: Remembered): Promise<void> {
    remembered.refreshing = true;
    const partitions = [...this.#cluster.watcher.view.partitions(tableId)];
    let sum: Sizes = NO_SIZES;
    const localIndexes = new Map<number, Sizes>();
    let complete = true;
    const next = async (): Promise<void> => {
      for (let partition = partitions.pop(); partition !== undefined && complete; partition = partitions.pop()) {
        const sizes = await this.#sizesOf(partition);
        if (sizes === undefined) {
          complete = false;
          break;
        }
        sum = joined(sum, sizes);
        for (const [number, size] of sizes.localIndexes) localIndexes.set(number, joined(localIndexes.get(number) ?? NO_SIZES, size));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_CALLS }, next));
    if (complete) remembered.sizes = { ...sum, localIndexes };
    remembered.refreshedAtMs = this.#clock.monotonicMs();
    remembered.refreshing = false;
  }

  /** Any replica's figures do; those of a follower are a moment behind. Undefined when no replica answers. */
  async #sizesOf(partition: Partition): Promise<TableSizes | undefined> {
    for (const { node } of partition.record.replicas) {
      const address = this.#cluster.map.address(node);
      if (address === undefined) continue;
      try {
        const answer = await this.#transport.call(address, { kind: 'inspect-group', group: partition.record.group }, ADMIN_CALL_TIMEOUT_MS);
        if (answer.kind === 'group-inspection') return sizesIn(answer);
      } catch {
        // The next replica knows as well; figures that cannot be had stay as they were.
      }
    }
    return undefined;
  }

  #forgetGoneTables(): void {
    for (const tableId of this.#tables.keys()) {
      if (this.#cluster.watcher.view.ownerOf(tableId) === undefined) this.#tables.delete(tableId);
    }
  }
}

function sizesIn({ replica, localIndexes }: GroupInspection): TableSizes {
  const sizes = localIndexes.map(({ number, entries, bytes }) => [number, { items: entries, bytes }] as const);
  return { items: replica.items, bytes: replica.itemBytes, localIndexes: new Map(sizes) };
}

function joined(a: Sizes, b: Sizes): Sizes {
  return { items: a.items + b.items, bytes: a.bytes + b.bytes };
}
