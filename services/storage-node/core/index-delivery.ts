import { assert } from '../../shared/base/assert.ts';
import { compareBytes } from '../../shared/base/bytes.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';
import { type ChainStep, IndexChain, type StepBounds } from './index-chain.ts';

/** A partition of an index, as the catalog has it. */
export interface IndexPartition {
  readonly group: GroupId;
  readonly low: Uint8Array;
  /** Exclusive; undefined: no upper bound. */
  readonly high: Uint8Array | undefined;
}

/** What is sent to whom. */
export interface Parcel {
  readonly chain: IndexChain;
  readonly step: ChainStep;
}

/**
 * One index as the leader of one partition of the table feeds it: reads the records behind the least position of all index partitions
 * and hands each what concerns it. Pure: records and answers come in, steps go out. It belongs to one leadership: the next leader
 * asks every index partition where it is.
 */
export class IndexDelivery {
  readonly indexId: string;
  readonly start: Slot;
  readonly #partitions: readonly IndexPartition[];
  readonly #chains: readonly IndexChain[];
  #read: Slot | undefined;

  /** `partitions`: of the index, sorted, without a hole. `start`: slot of the settings that brought the index in. */
  constructor(indexId: string, start: Slot, partitions: readonly IndexPartition[]) {
    this.indexId = indexId;
    this.start = start;
    this.#partitions = partitions;
    this.#chains = partitions.map(({ group }) => new IndexChain(group, start));
  }

  get chains(): readonly IndexChain[] {
    return this.#chains;
  }

  /** The records up to here are with the chains or with the index partitions; undefined: not every index partition has said where it is. */
  get read(): Slot | undefined {
    return this.#read;
  }

  /** Of what waits in all chains. */
  get bytes(): number {
    return this.#chains.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Leader's time of the oldest record that an index partition lacks, of those read. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const { oldestMs } of this.#chains)
      if (oldestMs !== undefined && oldestMs < (oldest ?? Number.POSITIVE_INFINITY)) oldest = oldestMs;
    return oldest;
  }

  /** All index partitions have everything up to here; undefined: not known. */
  get delivered(): Slot | undefined {
    let least: Slot | undefined = Number.MAX_SAFE_INTEGER;
    for (const { cursor } of this.#chains) {
      if (cursor === undefined) return undefined;
      least = Math.min(least, cursor);
    }
    return least;
  }

  /** What the record that follows on `read` changes in the index, in order. */
  take(slot: Slot, timeMs: number, changes: readonly IndexChange[]): void {
    assert(this.#read !== undefined && slot === this.#read + 1, 'records are taken in order');
    for (const change of changes) this.#chainOf(change.key).add(slot, timeMs, change);
    this.#read = slot;
  }

  #chainOf(key: Uint8Array): IndexChain {
    const at = this.#partitions.findIndex(({ high }) => high === undefined || compareBytes(key, high) < 0);
    const chain = this.#chains[at];
    assert(chain !== undefined, 'an index without a partition for one of its keys');
    return chain;
  }

  /** What is to be sent now. IndexChain.next. */
  next(wanted: Slot, bounds: StepBounds, nowMs: number, pauseMs: number): Parcel[] {
    const parcels: Parcel[] = [];
    for (const chain of this.#chains) {
      const step = chain.next(this.#read, wanted, bounds, nowMs, pauseMs);
      if (step !== undefined) parcels.push({ chain, step });
    }
    return parcels;
  }

  /** An index partition said where it is. */
  answered(chain: IndexChain, slot: Slot | undefined): void {
    if (!chain.answered(slot)) this.#readAgain();
  }

  /** Reading begins at the least position, once all are known. */
  #readAgain(): void {
    for (const chain of this.#chains) chain.clear();
    this.#read = this.delivered;
  }
}
