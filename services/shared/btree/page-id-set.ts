const IDS_A_PART = 65_536;

/** A set of page ids as bits: a store has more pages than a Set takes entries, and ids lie close together. */
export class PageIdSet {
  readonly #parts = new Map<number, Uint8Array>();

  /** False when it was in the set already. */
  add(id: number): boolean {
    const number = Math.floor(id / IDS_A_PART);
    let part = this.#parts.get(number);
    if (part === undefined) {
      part = new Uint8Array(IDS_A_PART / 8);
      this.#parts.set(number, part);
    }
    const bit = id % IDS_A_PART;
    const before = part[bit >>> 3] as number;
    part[bit >>> 3] = before | (1 << (bit & 7));
    return (before & (1 << (bit & 7))) === 0;
  }

  has(id: number): boolean {
    const part = this.#parts.get(Math.floor(id / IDS_A_PART));
    const bit = id % IDS_A_PART;
    return part !== undefined && ((part[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}
