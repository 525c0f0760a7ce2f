/**
 * Compiled expressions by their text. The same few texts come again and again; what depends on names and values is bound
 * anew for each request. The oldest unused text leaves when the cache is full.
 */
export class ExpressionCache<Program> {
  readonly #programs = new Map<string, Program>();
  readonly #compile: (text: string) => Program;
  readonly #entriesMax: number;

  constructor(compile: (text: string) => Program, entriesMax = 1000) {
    this.#compile = compile;
    this.#entriesMax = entriesMax;
  }

  /** Throws what compiling throws; failures are not cached. */
  get(text: string): Program {
    const known = this.#programs.get(text);
    if (known !== undefined) return known;
    const program = this.#compile(text);
    if (this.#programs.size >= this.#entriesMax) {
      const oldest = this.#programs.keys().next();
      if (!oldest.done) this.#programs.delete(oldest.value);
    }
    this.#programs.set(text, program);
    return program;
  }
}
