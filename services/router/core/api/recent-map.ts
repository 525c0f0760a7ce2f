/**
 * A bounded cache by text. Two generations: what was not used while half the bound of others came is forgotten, and a lookup
 * costs one map access most of the time.
 */
export class RecentMap<Value> {
  readonly #generationSize: number;
  readonly #generationCharacters: number;
  #youngCharacters = 0;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `charactersMax` bounds the texts, where the values grow with them; a single longer text is kept all the same. */
  constructor(entriesMax: number, charactersMax = Number.POSITIVE_INFINITY) {
    this.#generationSize = Math.max(1, Math.floor(entriesMax / 2));
    this.#generationCharacters = charactersMax / 2;
  }

  get(name: string): Value | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: Value): void {
    if (!this.#young.has(name)) {
      if (this.#young.size >= this.#generationSize || this.#youngCharacters + name.length > this.#generationCharacters) {
        this.#old = this.#young;
        this.#young = new Map();
        this.#youngCharacters = 0;
      }
      this.#youngCharacters += name.length;
    }
    this.#young.set(name, value);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
