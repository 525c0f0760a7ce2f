import type { Prng } from '../../../services/shared/base/prng.ts';
import type { Path } from '../reference/placeholders.ts';
import { isReserved } from '../reference/reserved-words.ts';
import type { Wire } from '../reference/value.ts';
import { related, wireItem, wireValue } from './values.ts';

const NAMES = ['a', 'b', 'c', 'd1', '__proto__', 'constructor', 'toString', '0', 'status', 'Key', 'a.b', 'é\u{1F600}'];

/** Words that a language takes for its own are names only behind a placeholder. */
const KEYWORDS = ['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'ADD', 'DELETE'];

const LEVELS_MAX = 32;

/** An item, and the writing of expressions about it: tokens on the one hand, names and values on the other. */
export class Scene {
  readonly random: Prng;
  readonly item: Wire;
  readonly names: Record<string, string> = {};
  readonly values: Record<string, Wire> = {};
  /** Paths to all values of the item, and what stands there. */
  readonly places: readonly (readonly [Path, Wire])[];

  constructor(random: Prng) {
    this.random = random;
    const item = wireItem(random, NAMES, 2, 9, 2);
    this.item = random.chance(0.06) ? { ...item, deep: deepValue(random) } : item;
    this.places = placesOf({ M: this.item }, []);
  }

  /** The item, two much like it, and now and then none: what an expression about the item may meet. */
  items(): readonly Wire[] {
    const { random } = this;
    const others = [0, 1].map(() => {
      const entries = Object.entries(this.item) as [string, Wire][];
      const kept = entries.filter(() => random.chance(0.95));
      return Object.fromEntries(
        kept.map(([name, value]) => [name, random.chance(0.4) && name !== 'deep' ? related(random, value) : value]),
      );
    });
    return [this.item, ...others, ...(random.chance(0.05) ? [{}] : [])];
  }

  /** A path, mostly of the item, mostly to a value of one of the types, if any are named. */
  path(types?: readonly string[]): Path {
    const { random } = this;
    const place = this.#placeOf(types) ?? (random.chance(0.5) ? this.#placeOf(undefined) : undefined);
    if (place === undefined || random.chance(0.06)) return this.#anyPath();
    if (random.chance(0.08)) return [...place, this.#anyStep()];
    return random.chance(0.08) ? [...place.slice(0, -1), this.#like(place.at(-1))] : place;
  }

  /** A path to change: one of the item, one just beside it, a new attribute; seldom one that leads through nothing. */
  target(types?: readonly string[]): Path {
    const { random } = this;
    const place = this.#placeOf(types);
    if (place !== undefined && random.chance(0.75)) return place;
    const container = random.chance(0.7) ? this.#placeOf(['L', 'M']) : undefined;
    if (container === undefined) return random.chance(0.9) ? [random.pick(NAMES)] : this.#anyPath();
    const isList = 'L' in (this.at(container) ?? {});
    return [...container, isList === random.chance(0.95) ? random.below(5) : random.pick(NAMES)];
  }

  /** Whether the item has a value of the type. */
  has(type: string): boolean {
    return this.#placeOf([type]) !== undefined;
  }

  /** A path far down the deep value that some items have. */
  deepPath(): Path | undefined {
    const deep = this.places.filter(([path]) => path[0] === 'deep');
    return deep[this.random.below(Math.min(5, deep.length))]?.[0];
  }

  /** What stands at a path of the item. */
  at(path: Path): Wire | undefined {
    return this.places.find(([known]) => known.length === path.length && known.every((step, depth) => step === path[depth]))?.[1];
  }

  written(path: Path): string[] {
    return path.flatMap((step, depth) =>
      typeof step === 'number' ? ['[', String(step), ']'] : [...(depth > 0 ? ['.'] : []), this.#name(step)],
    );
  }

  /** A placeholder for the value. */
  value(value: Wire): string {
    const known = Object.keys(this.values).find((placeholder) => this.values[placeholder] === value);
    const placeholder = known ?? `:${this.random.pick(['v', 'V', '_', '9'])}${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }

  /** A value that has to do with what stands at the path. */
  valueNear(path: Path): Wire {
    const there = this.at(path);
    return there === undefined ? wireValue(this.random) : related(this.random, there);
  }

  #name(name: string): string {
    const plain = /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !isReserved(name) && !KEYWORDS.includes(name.toUpperCase());
    if (plain ? this.random.chance(0.8) : this.random.chance(0.01) && /^[A-Za-z]+$/.test(name)) return name;
    const placeholder = `#${this.random.pick(['n', 'N', '_', '0'])}${Object.keys(this.names).length}`;
    this.names[placeholder] = name;
    return placeholder;
  }

  #placeOf(types: readonly string[] | undefined): Path | undefined {
    const fitting = types === undefined ? this.places : this.places.filter(([, value]) => types.includes(Object.keys(value)[0] ?? ''));
    return fitting[this.random.below(fitting.length)]?.[0];
  }

  #anyStep(): string | number {
    if (this.random.chance(0.03)) return 2 ** 31 - this.random.below(2);
    return this.random.chance(0.5) ? this.random.pick(NAMES) : this.random.below(4);
  }

  #like(step: string | number | undefined): string | number {
    return typeof step === 'number' ? step + this.random.below(3) : this.random.pick(NAMES);
  }

  #anyPath(): Path {
    const tail = Array.from({ length: this.random.below(3) }, () => this.#anyStep());
    return [this.random.pick(NAMES), ...tail];
  }
}

function placesOf(value: Wire, path: Path): readonly (readonly [Path, Wire])[] {
  const steps: readonly (readonly [string | number, Wire])[] = Array.isArray(value['L'])
    ? (value['L'] as readonly Wire[]).map((element, at) => [at, element])
    : (Object.entries(value['M'] ?? {}) as [string, Wire][]);
  return steps.flatMap(([step, inner]) => [[[...path, step], inner] as const, ...placesOf(inner, [...path, step])]);
}

/** As deep as an item may be, or a little less. */
function deepValue(random: Prng): Wire {
  let value: Wire = { S: 'deep' };
  for (let level = 1 + random.below(4); level < LEVELS_MAX; level += 1) value = random.chance(0.5) ? { L: [value] } : { M: { a: value } };
  return value;
}
