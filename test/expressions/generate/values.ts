import type { Prng } from '../../../services/shared/base/prng.ts';
import { isStorable } from '../reference/exact-number.ts';
import { readValue, same, type Wire } from '../reference/value.ts';

/** Values as clients write them: numbers in any form, sets in any order. Few and small, so that they often meet each other. */

export type Scalar = 'S' | 'N' | 'B';

/** Some are put in another order by UTF-8 than by UTF-16, some have more bytes than units and more units than characters. */
const STRINGS = [
  ...['', 'a', 'ab', 'abc', 'b', 'ba', 'bab', '1', '10', '9', 'S', 'N', 'SS', 'NULL'],
  ...['é', 'aé', '\u{1F600}', '\uFF5E', 'a\u{1F600}', 'a\uFF5E', '\uE000b', '\u{10000}b'],
];

/** Around the whole numbers that a JavaScript number can tell apart, and at the ends of what can be stored. */
const NUMBERS = [
  ...['0', '1', '2', '3', '5', '10', '-1', '-2', '-10', '0.1', '0.2', '0.3', '1.5', '-0.5', '100'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '90071992547409920', '90071992547409921'],
  ...['12345678901234567890123456789012345678', '99999999999999999999999999999999999999', '0.12345678901234567890123456789012345678'],
  ...['1e125', '-1e125', '9.9999999999999999999999999999999999999e125', '1e-130', '-1e-130', '1.5e-129', '1e37', '1e38'],
];

/** As often as they are named. */
const TYPES = ['N', 'N', 'N', 'N', 'S', 'S', 'S', 'B', 'B', 'NULL', 'BOOL', 'set', 'set', 'set', 'L', 'L', 'M', 'M'] as const;

const BYTES = [0, 1, 97, 98, 127, 128, 255];

export function wireValue(random: Prng, depth = 2): Wire {
  switch (random.pick(depth > 0 ? TYPES : TYPES.filter((type) => type !== 'L' && type !== 'M'))) {
    case 'N':
      return numberValue(random);
    case 'S':
      return { S: random.pick(STRINGS) };
    case 'B':
      return { B: bytes(random) };
    case 'NULL':
      return { NULL: true };
    case 'BOOL':
      return { BOOL: random.chance(0.5) };
    case 'set':
      return set(random, random.pick(['S', 'N', 'B']));
    case 'L':
      return { L: many(random, 0, 4, () => wireValue(random, depth - 1)) };
    case 'M':
      return { M: wireItem(random, ['a', 'b', '0', '__proto__', 'c'], 0, 3, depth - 1) };
  }
}

export function numberValue(random: Prng): Wire {
  return { N: anyForm(random, random.chance(0.25) ? String(random.below(7) - 3) : random.pick(NUMBERS)) };
}

export function scalarValue(random: Prng, type: Scalar): Wire {
  if (type === 'N') return numberValue(random);
  return type === 'S' ? { S: random.pick(STRINGS) } : { B: bytes(random) };
}

/** One to four members, no two of the same meaning. */
export function set(random: Prng, type: Scalar): Wire {
  const members: string[] = [];
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const member = scalarValue(random, type);
    if (!members.some((other) => same(readValue({ [type]: other }), readValue(member)))) members.push(String(member[type]));
  }
  return { [`${type}S`]: members };
}

export function wireItem(random: Prng, names: readonly string[], least: number, most: number, depth: number): Wire {
  return Object.fromEntries(many(random, least, most, () => [random.pick(names), wireValue(random, depth)] as const));
}

/** A number written in another way. */
export function anyForm(random: Prng, text: string): string {
  switch (random.below(6)) {
    case 0:
      return text.startsWith('-') ? text : `+${text}`;
    case 1:
      return /[.e]/.test(text) ? text : `${text}.00`;
    case 2:
      return text.includes('e') ? text : `${text}e0`;
    case 3:
      return /[.e]/.test(text) ? text : `${text}0E-1`;
    case 4:
      return text.startsWith('-') ? text.replace('-', '-00') : `00${text}`;
    default:
      return text;
  }
}

export function shuffled<T>(random: Prng, given: readonly T[]): readonly T[] {
  const all = [...given];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

/** A value that has to do with another one: the same in another form, a part or member of it, one more or one less, its neighbour. */
export function related(random: Prng, wire: Wire): Wire {
  const [type, content] = Object.entries(wire)[0] as [string, unknown];
  if (random.chance(0.1)) return wireValue(random, 1);
  switch (type) {
    case 'S':
      return { S: relatedText(random, content as string) };
    case 'N':
      return { N: relatedNumber(random, content as string) };
    case 'B': {
      const given = Buffer.from(content as string, 'base64');
      const [from, to] = [random.below(given.length + 1), random.below(given.length + 1)].sort((one, two) => one - two);
      return { B: (random.chance(0.5) ? given : given.subarray(random.chance(0.6) ? 0 : from, to)).toString('base64') };
    }
    case 'SS':
    case 'NS':
    case 'BS':
      return relatedSet(random, type, content as readonly string[]);
    case 'L':
      return relatedList(random, content as readonly Wire[]);
    case 'M':
      return relatedMap(random, content as Wire);
    default:
      return random.chance(0.75) ? wire : wireValue(random, 0);
  }
}

function relatedText(random: Prng, text: string): string {
  const characters = [...text];
  // Before each other by UTF-8, behind each other by UTF-16.
  if (/[\uE000\uFF5E]/.test(text) && random.chance(0.5)) return text.replace(/[\uE000\uFF5E]/, '\u{1F600}');
  if (/[\u{10000}\u{1F600}]/u.test(text) && random.chance(0.5)) return text.replace(/[\u{10000}\u{1F600}]/u, '\uFF5E');
  const [from, to] = [random.below(characters.length + 1), random.below(characters.length + 1)].sort((one, two) => one - two);
  switch (random.below(4)) {
    case 0:
      return characters.slice(0, to).join('');
    case 1:
      return characters.slice(from, to).join('');
    case 2:
      return random.pick(STRINGS);
    default:
      return text;
  }
}

/** The same number, or one that differs by one in some digit. */
function relatedNumber(random: Prng, text: string): string {
  const digits = [...text.matchAll(/\d/g)].map(({ index }) => index).filter((index) => !/e/i.test(text.slice(0, index)));
  if (random.chance(0.5)) return /^[+-]?\d+$/.test(text) ? anyForm(random, text.replace('+', '')) : text;
  const at = random.pick(digits.slice(random.chance(0.6) ? -1 : -3));
  const digit = Number(text[at]);
  const changed = `${text.slice(0, at)}${digit === 9 ? 8 : digit + 1}${text.slice(at + 1)}`;
  return isStorable(changed) ? changed : text;
}

/** One of the members, some of them, all of them in another order, or one of them replaced. */
function relatedSet(random: Prng, type: string, members: readonly string[]): Wire {
  const some = shuffled(random, members);
  const scalar = type.slice(0, 1) as Scalar;
  switch (random.below(5)) {
    case 0: {
      const member = random.pick(some);
      return random.chance(0.4) ? { [scalar]: member } : related(random, { [scalar]: member });
    }
    case 1:
    case 2:
      return random.chance(0.5)
        ? related(random, { [scalar]: random.pick(some) })
        : { [type]: some.slice(0, 1 + random.below(some.length)) };
    case 3: {
      const another = scalarValue(random, scalar);
      const isMember = some.some((member) => same(readValue({ [scalar]: member }), readValue(another)));
      return { [type]: isMember ? some : [...some.slice(1), String(another[scalar])] };
    }
    default:
      return { [type]: some };
  }
}

function relatedList(random: Prng, elements: readonly Wire[]): Wire {
  const collections = elements.filter((element) => !('S' in element || 'N' in element));
  if (collections.length > 0 && random.chance(0.25)) return random.pick(collections);
  if (elements.length > 0 && random.chance(0.4)) return related(random, random.pick(elements));
  if (elements.length > 1 && random.chance(0.3)) return { L: shuffled(random, elements) };
  return random.chance(0.6)
    ? { L: elements.map((element) => (random.chance(0.9) ? element : related(random, element))) }
    : { L: elements.slice(1) };
}

function relatedMap(random: Prng, attributes: Wire): Wire {
  const entries = shuffled(random, Object.entries(attributes) as [string, Wire][]);
  const kept = random.chance(0.7) ? entries : entries.slice(1);
  return { M: Object.fromEntries(kept.map(([name, value]) => [name, random.chance(0.9) ? value : related(random, value)])) };
}

function bytes(random: Prng): string {
  return Buffer.from(many(random, 0, 4, () => random.pick(BYTES))).toString('base64');
}

/** `least` to `most` of them. */
export function many<T>(random: Prng, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: least + random.below(most - least + 1) }, make);
}
