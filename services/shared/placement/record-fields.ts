/** A catalog record (or a definition sent by another process) that is not what its format says. */
export class CatalogRecordError extends Error {
  override readonly name = 'CatalogRecordError';
}

/** Reads the fields of a parsed JSON object and refuses what is missing or of another type, naming the field. */
export class RecordFields {
  readonly #what: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(what: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CatalogRecordError(`${what} is not an object`);
    this.#what = what;
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  /** A text that is not empty. */
  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string' || value === '') throw this.refusal(field, 'a text that is not empty');
    return value;
  }

  /** A text, which may be empty. */
  anyText(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string') throw this.refusal(field, 'a text');
    return value;
  }

  /** An integer of `least` to `greatest`. */
  integer(field: string, least = 0, greatest: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > greatest) {
      throw this.refusal(field, `an integer of ${least} to ${greatest}`);
    }
    return value;
  }

  /** One of the given texts. */
  oneOf<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.#fields[field];
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw this.refusal(field, `one of ${choices.join(', ')}`);
    return choice;
  }

  /** Bytes as lower-case hexadecimal; may be empty. */
  hex(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(value)) throw this.refusal(field, 'bytes in lower-case hexadecimal');
    return value;
  }

  flag(field: string): boolean {
    const value = this.#fields[field];
    if (typeof value !== 'boolean') throw this.refusal(field, 'true or false');
    return value;
  }

  isText(field: string): boolean {
    return typeof this.#fields[field] === 'string';
  }

  has(field: string): boolean {
    return this.#fields[field] !== undefined;
  }

  object(field: string): RecordFields {
    return new RecordFields(`${this.#what}.${field}`, this.#fields[field]);
  }

  /** The same fields but one. */
  without(field: string): RecordFields {
    const { [field]: _left, ...rest } = this.#fields;
    return new RecordFields(this.#what, rest);
  }

  list(field: string): RecordFields[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) throw this.refusal(field, 'a list');
    return value.map((element: unknown, at) => new RecordFields(`${this.#what}.${field}[${at}]`, element));
  }

  integers(field: string): number[] {
    const value = this.#fields[field];
    if (!Array.isArray(value) || !value.every((element) => Number.isSafeInteger(element))) throw this.refusal(field, 'a list of integers');
    return value as number[];
  }

  texts(field: string): string[] {
    const value = this.#fields[field];
    if (!Array.isArray(value) || !value.every((element) => typeof element === 'string')) throw this.refusal(field, 'a list of texts');
    return value as string[];
  }

  /** What to throw for a field that is not `wanted`. */
  refusal(field: string, wanted: string): CatalogRecordError {
    return new CatalogRecordError(`${this.#what}.${field} is not ${wanted}`);
  }
}
