/** Gives small numbers to things, the same number to what has the same key. */
export class Numbering<T> {
  readonly #numbers = new Map<string, number>();
  readonly #things: T[] = [];

  get size(): number {
    return this.#things.length;
  }

  /** The number of the thing with this key; `make` is called for a new one. */
  numberOf(key: string, make: () => T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#things.length;
    this.#things.push(make());
    this.#numbers.set(key, number);
    return number;
  }

  thing(number: number): T {
    return this.#things[number] as T;
  }
}
