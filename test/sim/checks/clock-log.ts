import type { SimCluster } from '../cluster.ts';

interface Look<Attribute> {
  /** The greatest wall clock of all storage nodes, milliseconds since 1970. */
  readonly fastestMs: number;
  readonly counting: readonly (Attribute | undefined)[];
}

/** What wall clocks showed, and which attributes may have counted, as a run goes on. */
export class ClockLog<Attribute> {
  readonly #cluster: SimCluster;
  readonly #looks: Look<Attribute>[] = [];
  #counting: readonly (Attribute | undefined)[] = [undefined];

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** Looks at the clocks; returns the place in the log. */
  look(): number {
    const fastestMs = Math.max(...this.#cluster.nodes.map(({ clock }) => clock.wallMs()));
    return this.#looks.push({ fastestMs, counting: this.#counting }) - 1;
  }

  /** From now on one of these counts. */
  counts(attributes: readonly (Attribute | undefined)[]): void {
    this.look();
    this.#counting = attributes;
    this.look();
  }

  /** The greatest clock since a place in the log, while the attribute may have counted. */
  fastest(attribute: Attribute, since: number): number {
    let fastestMs = Number.NEGATIVE_INFINITY;
    for (let at = since; at < this.#looks.length; at++) {
      const look = this.#looks[at];
      if (look?.counting.includes(attribute) === true) fastestMs = Math.max(fastestMs, look.fastestMs);
    }
    return fastestMs;
  }
}
