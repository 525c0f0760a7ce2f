/**
 * A set of states that keeps 64 bits of each: a hash table over two arrays of 32-bit numbers. Two states with the same 64 bits are
 * taken for one; among 10^7 states that happens with a probability of 3 in a million.
 */
export class StateSet {
  #high = new Uint32Array(1 << 16);
  #low = new Uint32Array(1 << 16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** True: it was not there before. */
  add(state: Int32Array): boolean {
    if (this.#size * 3 > this.#high.length * 2) this.#grow();
    const added = this.#put(hash(state, 0x9e3779b1), hash(state, 0x85ebca6b));
    if (added) this.#size += 1;
    return added;
  }

  #put(high: number, low: number): boolean {
    // All zero marks a free place.
    const marked = low === 0 && high === 0 ? 1 : low;
    const mask = this.#high.length - 1;
    for (let at = (high ^ Math.imul(marked, 0x27d4eb2f)) & mask; ; at = (at + 1) & mask) {
      if (this.#high[at] === high && this.#low[at] === marked) return false;
      if (this.#high[at] === 0 && this.#low[at] === 0) {
        this.#high[at] = high;
        this.#low[at] = marked;
        return true;
      }
    }
  }

  #grow(): void {
    const [high, low] = [this.#high, this.#low];
    this.#high = new Uint32Array(high.length * 2);
    this.#low = new Uint32Array(high.length * 2);
    for (let at = 0; at < high.length; at++) {
      if (high[at] !== 0 || low[at] !== 0) this.#put(high[at] as number, low[at] as number);
    }
  }
}

/** The mixing steps of MurmurHash3 (32 bits), with a seed. */
function hash(state: Int32Array, seed: number): number {
  let mixed = seed;
  for (let at = 0; at < state.length; at++) {
    let word = Math.imul(state[at] as number, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    mixed ^= Math.imul(word, 0x1b873593);
    mixed = (mixed << 13) | (mixed >>> 19);
    mixed = (Math.imul(mixed, 5) + 0xe6546b64) | 0;
  }
  mixed ^= state.length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
