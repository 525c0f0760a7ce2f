import { KIB } from '../../shared/base/units.ts';

/** Compiled expressions kept. */
const ENTRIES_MAX = 1000;
/** And by the characters of their texts: compiled, one character was seen to take up to 110 bytes. */
const CHARACTERS_MAX = 256 * KIB;

/**
 * Compiled expressions by their text. The same few texts come again and again; what depends on names and values is bound
 * anew for each request. The oldest text leaves when the cache is full, by number or by length.
 */
export class ExpressionCache<Program> {
  readonly #programs = new Map<string, Program>();
  readonly #compile: (text: string) => Program;
  #characters = 0;

  constructor(compile: (text: string) => Program) {
    this.#compile = compile;
  }

  get size(): number {
    return this.#programs.size;
  }

  /** Of the texts that are kept. */
  get characters(): number {
    return this.#characters;
  }

  /** Throws what compiling throws; failures are not cached. */
  get(text: string): Program {
    const known = this.#programs.get(text);
    if (known !== undefined) return known;
    const program = this.#compile(text);
    this.#programs.set(text, program);
    this.#characters += text.length;
    for (const oldest of this.#programs.keys()) {
      if (this.#programs.size <= ENTRIES_MAX && this.#characters <= CHARACTERS_MAX) break;
      this.#programs.delete(oldest);
      this.#characters -= oldest.length;
    }
    return program;
  }
}
