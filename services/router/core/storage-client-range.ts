import { assert } from '../../shared/base/assert.ts';
import { compareBytes, successor } from '../../shared/base/bytes.ts';
import type { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { READ_BYTES_HELD_MAX } from '../../shared/limits/api-limits.ts';
import { RETRY_MAX_MS } from '../../shared/limits/cluster-client-limits.ts';
import type { Partition } from '../../shared/placement/partition-map.ts';
import type { RangeOperation, RangeResult, StorageResponse } from '../../shared/wire/storage-operations.ts';

/**
 * Reads one key range of a table or global index, by its id, partition by partition, in key order or from the end down, until the item or byte limit is
 * met, the range ends or the deadline passes. What is left to read is a range again, which shrinks with each slice; so a
 * partition map that changes meanwhile only changes how the rest is cut.
 */
export class RangeWalk {
  readonly #environment: Pick<Environment, 'clock' | 'timers'>;
  readonly #cluster: ClusterClient;
  readonly #tableId: string;
  readonly #operation: RangeOperation;
  readonly #deadlineAtMs: number;
  readonly #room: { bytes: number };
  #heldBytes = 0;
  /** What is left: low <= key < high. */
  #low: Uint8Array;
  #high: Uint8Array | undefined;
  #exhausted = false;
  #sum: RangeResult | undefined;

  /** `room`: bytes of items that all walks hold; above READ_BYTES_HELD_MAX a walk ends with what it has. */
  constructor(
    environment: Pick<Environment, 'clock' | 'timers'>,
    cluster: ClusterClient,
    tableId: string,
    operation: RangeOperation,
    deadlineMs: number,
    room: { bytes: number },
  ) {
    this.#room = room;
    this.#environment = environment;
    this.#cluster = cluster;
    this.#tableId = tableId;
    this.#operation = operation;
    this.#deadlineAtMs = environment.clock.monotonicMs() + deadlineMs;
    this.#low = operation.low;
    this.#high = operation.high;
  }

  async run(): Promise<StorageResponse> {
    try {
      return await this.#walk();
    } finally {
      this.#room.bytes -= this.#heldBytes;
    }
  }

  async #walk(): Promise<StorageResponse> {
    for (;;) {
      const leftMs = this.#deadlineAtMs - this.#environment.clock.monotonicMs();
      if (leftMs <= 0) return this.#partial({ id: 0, status: 'unavailable', message: 'the deadline passed within the range' });
      const partition = this.#partition();
      const response = partition === undefined ? OUTSIDE_MAP : await this.#slice(partition, leftMs);
      if (partition === undefined || response.status === 'wrong-range' || response.status === 'no-such-group') {
        if (this.#cluster.watcher.view.ownerOf(this.#tableId) === undefined) return this.#partial(OUTSIDE_MAP);
        await this.#environment.timers.sleep(RETRY_MAX_MS);
        continue;
      }
      if (response.status !== 'ok') return this.#partial(response);
      assert(response.range !== undefined, 'a range was answered without a result');
      this.#take(partition, response.range);
      if (this.#exhausted || this.#limitsMet() || this.#isTooMuch()) return this.#result();
    }
  }

  #partition(): Partition | undefined {
    const map = this.#cluster.watcher.view.partitionMap(this.#tableId);
    return this.#operation.reverse ? map?.findBelow(this.#high) : map?.find(this.#low);
  }

  /** What is left of the range and the limits, within one partition. */
  #slice(partition: Partition, leftMs: number): Promise<StorageResponse> {
    const operation = this.#operation;
    const { high: _high, ...rest } = operation;
    const low = compareBytes(this.#low, partition.low) < 0 ? partition.low : this.#low;
    const high = lesser(this.#high, partition.high);
    const slice: RangeOperation = {
      ...rest,
      low,
      ...(high === undefined ? {} : { high }),
      limit: operation.limit === 0 ? 0 : operation.limit - (this.#sum?.scanned ?? 0),
      byteLimit: operation.byteLimit - bytesRead(this.#sum),
    };
    return this.#cluster.groups.execute(partition.record, low, slice, leftMs);
  }

  #take(partition: Partition, range: RangeResult): void {
    this.#sum = this.#sum === undefined ? range : joined(this.#sum, range);
    for (const { length } of range.items) {
      this.#heldBytes += length;
      this.#room.bytes += length;
    }
    if (range.more) {
      assert(range.lastKey !== undefined, 'a slice ended early without a last key');
      if (this.#operation.reverse) this.#high = range.lastKey;
      else this.#low = successor(range.lastKey);
    } else if (this.#operation.reverse) {
      this.#high = partition.low;
      this.#exhausted = compareBytes(partition.low, this.#low) <= 0;
    } else if (partition.high === undefined) {
      this.#exhausted = true;
    } else {
      this.#low = partition.high;
      this.#exhausted = this.#high !== undefined && compareBytes(partition.high, this.#high) >= 0;
    }
  }

  #limitsMet(): boolean {
    const { limit, byteLimit } = this.#operation;
    return (limit > 0 && (this.#sum?.scanned ?? 0) >= limit) || bytesRead(this.#sum) >= byteLimit;
  }

  /** Others hold so much that this one must not wait with what it has; a reader can go on behind it. */
  #isTooMuch(): boolean {
    return this.#room.bytes > READ_BYTES_HELD_MAX && this.#sum?.lastKey !== undefined;
  }

  #result(): StorageResponse {
    assert(this.#sum !== undefined, 'a range without a result');
    const more = !this.#exhausted;
    const range = this.#sum.more === more ? this.#sum : { ...this.#sum, more };
    return { id: 0, status: 'ok', range };
  }

  /** What was read so far, if a reader can go on behind it; else the failure. */
  #partial(failure: StorageResponse): StorageResponse {
    return this.#sum?.lastKey === undefined ? failure : this.#result();
  }
}

const OUTSIDE_MAP: StorageResponse = { id: 0, status: 'unavailable', message: 'no partition is known that holds the range' };

function lesser(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(a, b) <= 0 ? a : b;
}

/** What counts against the limit of bytes: what was evaluated, or what was fetched for it where that is more. */
function bytesRead(sum: RangeResult | undefined): number {
  return Math.max(sum?.scannedBytes ?? 0, sum?.fetchedBytes ?? 0);
}

function joined(sum: RangeResult, next: RangeResult): RangeResult {
  const lastKey = next.lastKey ?? sum.lastKey;
  return {
    items: next.items.length === 0 ? sum.items : sum.items.concat(next.items),
    count: sum.count + next.count,
    scanned: sum.scanned + next.scanned,
    scannedBytes: sum.scannedBytes + next.scannedBytes,
    ...(lastKey === undefined ? {} : { lastKey }),
    more: next.more,
    ...(next.fetchedUnits === undefined ? {} : { fetchedUnits: (sum.fetchedUnits ?? 0) + next.fetchedUnits }),
    ...(next.fetchedBytes === undefined ? {} : { fetchedBytes: (sum.fetchedBytes ?? 0) + next.fetchedBytes }),
  };
}
