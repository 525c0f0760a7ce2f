import fc from 'fast-check';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';

/** Small canonical items and paths that often meet each other. */

export const NAMES = ['a', 'b', 'c', '__proto__'] as const;

const numbers = fc.integer({ min: -12, max: 12 }).map(String);

const strings = fc.constantFrom('', 'a', 'ab', 'b', 'ba', 'é', '\u{1F600}', '\uFF5E');

const binaries = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString('base64'));

const scalars: fc.Arbitrary<AttributeValue> = fc.oneof(
  numbers.map((N) => ({ N })),
  strings.map((S) => ({ S })),
  binaries.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true as const }),
);

export const sets: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.uniqueArray(strings, { minLength: 1, maxLength: 3 }).map((members) => ({ SS: sortedBy(members, (text) => Buffer.from(text)) })),
  fc.uniqueArray(fc.integer({ min: -12, max: 12 }), { minLength: 1, maxLength: 3 }).map((members) => ({
    NS: members.sort((one, two) => one - two).map(String),
  })),
  fc
    .uniqueArray(binaries, { minLength: 1, maxLength: 3 })
    .map((members) => ({ BS: sortedBy(members, (text) => Buffer.from(text, 'base64')) })),
);

function sortedBy(members: string[], bytes: (member: string) => Buffer): string[] {
  return members.sort((one, two) => Buffer.compare(bytes(one), bytes(two)));
}

/** A map from entries, `__proto__` included. */
export function mapOf(entries: readonly (readonly [string, AttributeValue])[]): AttributeMap {
  return Object.fromEntries(entries);
}

const { value } = fc.letrec<{ value: AttributeValue; map: AttributeMap }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    sets,
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    tie('map').map((M) => ({ M })),
  ),
  map: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3 }).map((map) => mapOf(Object.entries(map))),
}));

export const values: fc.Arbitrary<AttributeValue> = value;

export const items: fc.Arbitrary<AttributeMap> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), values), { maxLength: 4, selector: ([name]) => name })
  .map(mapOf);

export type Path = readonly (string | number)[];

export const paths: fc.Arbitrary<Path> = fc
  .tuple(
    fc.constantFrom<string>(...NAMES),
    fc.array(fc.oneof(fc.constantFrom<string | number>(...NAMES), fc.constantFrom<string | number>(0, 1, 2, 5)), { maxLength: 2 }),
  )
  .map(([head, tail]) => [head, ...tail]);

/** Writes expressions, with names and values as placeholders where they need it or chance wants it. */
export class Writer {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};
  readonly #random: () => boolean;
  #count = 0;

  constructor(random: () => boolean) {
    this.#random = random;
  }

  path(path: Path): string {
    return path
      .map((element, depth) => {
        if (typeof element === 'number') return `[${element}]`;
        return (depth > 0 ? '.' : '') + (element === '__proto__' || this.#random() ? this.#name(element) : element);
      })
      .join('');
  }

  value(attribute: AttributeValue): string {
    this.#count += 1;
    this.values[`:v${this.#count}`] = attribute;
    return `:v${this.#count}`;
  }

  #name(name: string): string {
    this.#count += 1;
    this.names[`#n${this.#count}`] = name;
    return `#n${this.#count}`;
  }
}

/** The value at a path, step by step and with no regard to speed. */
export function naiveValueAt(item: AttributeMap, path: Path): AttributeValue | undefined {
  let current: AttributeValue = { M: item };
  for (const element of path) {
    const next = naiveChildren(current).get(element);
    if (next === undefined) return undefined;
    current = next;
  }
  return current;
}

function naiveChildren(value: AttributeValue): ReadonlyMap<string | number, AttributeValue> {
  if ('L' in value) return new Map(value.L.entries());
  return new Map('M' in value ? Object.entries(value.M) : []);
}

/** All paths to values of the item. */
export function pathsOf(item: AttributeMap): readonly Path[] {
  const from = (value: AttributeValue, path: Path): readonly Path[] =>
    [...naiveChildren(value)].flatMap(([element, inner]) => [[...path, element], ...from(inner, [...path, element])]);
  return from({ M: item }, []);
}
