/**
 * What clients know of one item whose version only grows: enough to tell a lost write and a stale strong read without a search
 * for a linear order, since the order of versions is known.
 */
export class VersionHistory {
  /** Greatest version that was acknowledged to its writer, or shown by a strong read that has ended. */
  #floor = 0;
  /** Greatest version that anybody asked for. */
  #attempted = 0;
  #acknowledged = 0;

  /** Greatest acknowledged version. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** No strong read that begins now may show less. */
  get floor(): number {
    return this.#floor;
  }

  get attempted(): number {
    return this.#attempted;
  }

  attempt(version: number): void {
    this.#attempted = Math.max(this.#attempted, version);
  }

  acknowledge(version: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, version);
    this.#floor = Math.max(this.#floor, version);
  }

  /** What is wrong with a strong read that began when the floor was `floorAtBegin` and showed `version`; undefined when nothing is. */
  strongRead(floorAtBegin: number, version: number): string | undefined {
    if (version < floorAtBegin) return `a strong read shows version ${version}, but ${floorAtBegin} was known before it began`;
    this.#floor = Math.max(this.#floor, version);
    return this.anyRead(version);
  }

  /** What is wrong with any read that shows `version`. */
  anyRead(version: number): string | undefined {
    return version > this.#attempted ? `a read shows version ${version}, which nobody wrote (${this.#attempted} at most)` : undefined;
  }
}
