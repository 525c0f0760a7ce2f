/** A list of states of equal width, packed into one growing array. */
export class StateList {
  readonly #width: number;
  #words: Int32Array;
  #size = 0;

  constructor(width: number) {
    this.#width = width;
    this.#words = new Int32Array(width * 1024);
  }

  get size(): number {
    return this.#size;
  }

  push(state: ArrayLike<number>): void {
    const at = this.#size * this.#width;
    if (at === this.#words.length) {
      const words = new Int32Array(at * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words.set(state, at);
    this.#size += 1;
  }

  /** A view of the state at this place, good until the next push. */
  at(index: number): Int32Array {
    return this.#words.subarray(index * this.#width, (index + 1) * this.#width);
  }

  clear(): void {
    this.#size = 0;
  }
}
