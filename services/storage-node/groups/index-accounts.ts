import { asBuffer, prefixEnd } from '../../shared/base/bytes.ts';
import { must } from '../../shared/base/assert.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { MIB } from '../../shared/base/units.ts';
import { partitionEnd } from '../../shared/item/index-key.ts';
import { localKey } from '../../shared/item/local-space.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { MEASURE_COLLECTION, MEASURE_INDEXES } from '../../shared/wire/storage-operations.ts';
import { CollectionGrowth } from '../core/collection-growth.ts';
import { WriteMeter } from '../core/write-meter.ts';
import type { Answer, WriteOperation } from '../core/write-evaluator.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import type { Respond } from './pending-answers.ts';

/**
 * More than all writes under way can add to a partition: their records are at most 8 MB (shared/paxos), and each item may stand in
 * five local indexes besides.
 */
const GROWTH_UNDER_WAY_MAX = 64 * MIB;

type Image = Uint8Array | undefined;

/**
 * What writes cost the indexes of their table, and how large item collections are: the items with one partition key, and their entries
 * in local indexes. Of the leader. As long as the whole partition is far smaller than a collection may be, nothing is measured
 * but what a request asks for.
 */
export class IndexAccounts {
  readonly #copy: GroupCopy;
  readonly #host: GroupHost;
  readonly #growth = new CollectionGrowth();
  #meter: WriteMeter | undefined;

  constructor(copy: GroupCopy, { host }: GroupTies) {
    this.#copy = copy;
    this.#host = host;
  }

  /** A response that tells the size of the item collection too, when the write is done and its request asks for that. */
  telling(operation: WriteOperation, respond: Respond): Respond {
    if (((operation.measure ?? 0) & MEASURE_COLLECTION) === 0) return respond;
    return (answer) => {
      const settings = this.#localSettings;
      if (answer.status !== 'ok' || settings === undefined) return respond(answer);
      this.#tell(operation.key, settings, respond, answer);
    };
  }

  /** The answer of a write with the units that it takes in each index, when its request asks for them. */
  withUnits(operation: WriteOperation, old: Image, next: Image, answer: Answer): Answer {
    const { settings } = this.#copy.state;
    if (((operation.measure ?? 0) & MEASURE_INDEXES) === 0 || settings === undefined) return answer;
    return { ...answer, indexUnits: this.#meterOf(settings).units(operation.key, old, next) };
  }

  /** A read of a page that is missing for judging a write; undefined: there is none to wait for. */
  fetch(key: Uint8Array): Promise<void> | undefined {
    const settings = this.#watchedSettings;
    return settings === undefined ? undefined : this.#fetchBounds(boundsOf(key, settings));
  }

  /**
   * By how many bytes a write lets its collection grow; undefined: beyond what a collection may have. 0 as long as nothing has
   * to be watched. What `fetch` asks for is in memory.
   */
  growth(key: Uint8Array, old: Image, next: Image): number | undefined {
    const settings = this.#watchedSettings;
    if (settings === undefined) return 0;
    const bytes = this.#meterOf(settings).growth(key, old, next);
    if (bytes <= 0) return bytes;
    const { tree, state } = this.#copy;
    this.#growth.applied(state.applied);
    const most = this.#host.itemCollectionBytesMax - bytes;
    if (tree.itemBytes + this.#growth.total <= most) return bytes;
    const bounds = boundsOf(key, settings);
    const size = this.#sizeOf(bounds) + this.#growth.of(bounds.collection);
    return size <= most ? bytes : undefined;
  }

  /** The write that grows its collection by so much is proposed. */
  proposed(key: Uint8Array, slot: Slot, growth: number): void {
    const settings = this.#watchedSettings;
    if (growth !== 0 && settings !== undefined) this.#growth.proposed(boundsOf(key, settings).collection, slot, growth);
  }

  /** Leadership has ended. */
  drop(): void {
    this.#growth.clear();
  }

  /** Undefined: the table has no local index, and its collections have no limit. */
  get #localSettings(): PartitionSettings | undefined {
    const { settings } = this.#copy.state;
    return settings === undefined || settings.localIndexes.length === 0 ? undefined : settings;
  }

  /** Undefined: no collection of the partition can be near its limit. */
  get #watchedSettings(): PartitionSettings | undefined {
    const settings = this.#localSettings;
    if (settings === undefined) return undefined;
    return this.#copy.tree.itemBytes + GROWTH_UNDER_WAY_MAX < this.#host.itemCollectionBytesMax ? undefined : settings;
  }

  #meterOf(settings: PartitionSettings): WriteMeter {
    if (this.#meter?.settings !== settings) this.#meter = new WriteMeter(settings, this.#host.environment.digest);
    return this.#meter;
  }

  /** The write is done, and so its answer leaves even where pages cannot be read, then without a size. */
  #tell(key: Uint8Array, settings: PartitionSettings, respond: Respond, answer: Answer): void {
    const bounds = boundsOf(key, settings);
    const wait = this.#fetchBounds(bounds);
    if (wait === undefined) return respond({ ...answer, collectionBytes: this.#sizeOf(bounds) });
    wait.then(
      () => this.#tell(key, settings, respond, answer),
      () => respond(answer),
    );
  }

  #fetchBounds({ ranges }: Bounds): Promise<void> | undefined {
    for (const bound of ranges.flat()) {
      const wait = this.#copy.fetch(bound, 'place', true);
      if (wait !== undefined) return wait;
    }
    return undefined;
  }

  /** From the totals in the tree; the pages of all bounds are in memory. */
  #sizeOf({ ranges }: Bounds): number {
    const { tree } = this.#copy;
    let bytes = 0;
    for (const [low, high] of ranges) bytes += must(tree.below(high)).itemBytes - must(tree.below(low)).itemBytes;
    return bytes;
  }
}

/** Where a collection lies in the tree. */
interface Bounds {
  /** What keys of its items begin with. */
  readonly collection: Buffer;
  /** Its items, and its entries in each local index. */
  readonly ranges: readonly (readonly [low: Buffer, high: Buffer])[];
}

function boundsOf(key: Uint8Array, { keys, localIndexes }: PartitionSettings): Bounds {
  const bytes = asBuffer(key);
  const low = bytes.subarray(0, partitionEnd(keys, bytes));
  // The type byte behind the hash is never 0xff.
  const high = must(prefixEnd(low));
  return {
    collection: low,
    ranges: [[low, high], ...localIndexes.map(({ number }) => [localKey(number, low), localKey(number, high)] as const)],
  };
}
