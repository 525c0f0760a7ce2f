/**
 * A bounded cache by text. Two generations: what was not used while half the bound of others came is forgotten, and a lookup
 * costs one map access most of the time.
 */
export class RecentMap<Value> {
  readonly #generationSize: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(entriesMax: number) {
    this.#generationSize = Math.max(1, Math.floor(entriesMax / 2));
  }

  get(name: string): Value | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: Value): void {
    if (this.#young.size >= this.#generationSize && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
