import { type CityTable, type CityWrite, TABLES } from './cities.ts';

/** Which writes the service has acknowledged, and the longest silence of each partition that an outage concerns. */
export class Acknowledgements {
  readonly #acknowledged = new Map<CityTable, Set<number>>(TABLES.map((table) => [table, new Set()]));
  #partitionOf: ((write: CityWrite) => number | undefined) | undefined;
  readonly #lastAtMs = new Map<number, number>();
  #longestGapMs = 0;
  #count = 0;

  /** A write that was acknowledged twice (its first answer got lost) counts once. */
  add({ table, city }: CityWrite, atMs: number): void {
    const ids = this.of(table);
    if (ids.has(city.id)) return;
    (ids as Set<number>).add(city.id);
    this.#count++;
    const partition = this.#partitionOf?.({ table, city });
    if (partition === undefined) return;
    this.#longestGapMs = Math.max(this.#longestGapMs, atMs - (this.#lastAtMs.get(partition) ?? atMs));
    this.#lastAtMs.set(partition, atMs);
  }

  /** Writes acknowledged so far. */
  get count(): number {
    return this.#count;
  }

  /** Ids of the cities whose write to this table was acknowledged. */
  of(table: CityTable): ReadonlySet<number> {
    return this.#acknowledged.get(table) ?? new Set();
  }

  /**
   * From now on (an outage begins) watches the partitions that `partitionOf` numbers; it gives undefined for every other one.
   * `partitions` are their numbers: each was last heard of now.
   */
  watch(partitions: Iterable<number>, partitionOf: (write: CityWrite) => number | undefined, nowMs: number): void {
    this.#partitionOf = partitionOf;
    for (const partition of partitions) this.#lastAtMs.set(partition, nowMs);
  }

  /** The longest time between two acknowledged writes to one watched partition. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }
}
