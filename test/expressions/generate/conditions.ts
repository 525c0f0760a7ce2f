import type { Prng } from '../../../services/shared/base/prng.ts';
import type { KeySchemaOfCase } from '../case.ts';
import { related, type Scalar, scalarValue, shuffled, wireValue } from './values.ts';
import { sizeOf } from '../reference/condition.ts';
import { readValue, type Wire } from '../reference/value.ts';
import type { Scene } from './scene.ts';

const COMPARATORS = ['=', '<>', '<', '<=', '>', '>='];

const TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'];

/** Tokens of a condition, rule by rule of the grammar; what binds how is left to whoever reads it. */
export function conditionTokens(scene: Scene, depth = 3): string[] {
  const { random } = scene;
  const tokens = factor(scene, depth);
  while (depth > 0 && random.chance(0.35)) tokens.push(cased(scene, random.chance(0.5) ? 'AND' : 'OR'), ...factor(scene, depth - 1));
  return tokens;
}

function factor(scene: Scene, depth: number): string[] {
  const { random } = scene;
  const tokens: string[] = [];
  while (random.chance(0.2)) tokens.push(cased(scene, 'NOT'));
  if (depth > 0 && random.chance(0.2)) return [...tokens, '(', ...conditionTokens(scene, depth - 1), ')'];
  return [...tokens, ...simpleTokens(scene)];
}

function simpleTokens(scene: Scene): string[] {
  const { random } = scene;
  switch (random.below(12)) {
    case 0:
      return call(scene, random.pick(['attribute_exists', 'attribute_not_exists']), [scene.written(scene.path())]);
    case 1: {
      const path = scene.path();
      const type = random.chance(0.5) ? (Object.keys(scene.at(path) ?? {})[0] ?? 'S') : random.pick(TYPES);
      return call(scene, 'attribute_type', [scene.written(path), [scene.value({ S: random.chance(0.97) ? type : 'X' })]]);
    }
    case 2:
    case 3:
    case 9:
      return prefixOrPart(scene);
    case 4:
      return betweenTokens(scene);
    case 5: {
      const path = scene.path();
      const candidates = Array.from({ length: 1 + random.below(4) }, () => near(scene, path));
      return [...grouped(scene, scene.written(path)), cased(scene, 'IN'), '(', ...separated(candidates), ')'];
    }
    case 6:
    case 8:
      return sizeTokens(scene);
    case 7:
      if (random.chance(0.08)) return call(scene, 'size', [scene.written(scene.path())]);
      return comparisonTokens(scene);
    default:
      return comparisonTokens(scene);
  }
}

/** Compared with the size itself, or with one more or less; of a value without a size with any number. */
function sizeTokens(scene: Scene): string[] {
  const { random } = scene;
  const path = scene.path(random.chance(0.85) ? ['S', 'B', 'SS', 'NS', 'BS', 'L', 'M'] : ['N', 'NULL', 'BOOL']);
  const there = scene.at(path);
  const size = (there === undefined ? undefined : sizeOf(readValue(there))) ?? random.below(3);
  const number = Math.max(0, size + random.pick([-1, 0, 0, 0, 1]));
  const sides = [grouped(scene, call(scene, 'size', [scene.written(path)])), grouped(scene, [scene.value({ N: String(number) })])];
  if (random.chance(0.25)) sides.reverse();
  return [...(sides[0] ?? []), random.pick(COMPARATORS), ...(sides[1] ?? [])];
}

function comparisonTokens(scene: Scene): string[] {
  const { random } = scene;
  const path = scene.path();
  const ordered = ['S', 'N', 'B'].includes(Object.keys(scene.at(path) ?? {})[0] ?? '');
  const comparator = random.pick(random.chance(ordered ? 0.7 : 0.1) ? COMPARATORS : ['=', '<>']);
  const sides = [grouped(scene, scene.written(path)), grouped(scene, near(scene, path))];
  if (random.chance(0.25)) sides.reverse();
  return [...(sides[0] ?? []), comparator, ...(sides[1] ?? [])];
}

/** What begins_with and contains look into, each as likely as the others. */
const SUBJECTS = [
  ['begins_with', 'S'],
  ['begins_with', 'B'],
  ['contains', 'S'],
  ['contains', 'B'],
  ['contains', 'SS'],
  ['contains', 'NS'],
  ['contains', 'BS'],
  ['contains', 'L'],
  ['contains', 'L'],
] as const;

function prefixOrPart(scene: Scene): string[] {
  const { random } = scene;
  const present = SUBJECTS.filter(([, type]) => scene.has(type));
  const [name, type] = random.pick(present.length > 0 ? present : SUBJECTS);
  const path = scene.path(random.chance(0.95) ? [type] : undefined);
  const near = random.chance(0.6) ? partOf(random, scene.at(path), name === 'begins_with') : scene.valueNear(path);
  const fits = name === 'contains' || 'S' in near || 'B' in near || random.chance(0.1);
  const part = random.chance(0.93) ? [scene.value(fits ? near : { S: 'a' })] : scene.written(scene.path(['S', 'B']));
  return call(scene, name, [scene.written(path), part]);
}

/** A beginning of a string or binary, or a part behind its beginning; of other values something that has to do with them. */
function partOf(random: Prng, value: Wire | undefined, beginning: boolean): Wire {
  const { S: text, B: base64 } = value ?? {};
  const [type = '', members] = Object.entries(value ?? {})[0] ?? [];
  if (['SS', 'NS', 'BS'].includes(type)) return partOfMember(random, type.slice(0, 1) as Scalar, members as readonly string[]);
  if (typeof text !== 'string' && typeof base64 !== 'string') return value === undefined ? { S: 'a' } : related(random, value);
  const whole = typeof text === 'string' ? [...text] : [...Buffer.from(String(base64), 'base64')];
  const from = beginning || whole.length < 2 ? 0 : 1 + random.below(whole.length - 1);
  const part = whole.slice(from, from + 1 + random.below(whole.length));
  return typeof text === 'string' ? { S: part.join('') } : { B: Buffer.from(part as number[]).toString('base64') };
}

/** What stands within a member of a set, and seldom is one. */
function partOfMember(random: Prng, type: Scalar, members: readonly string[]): Wire {
  const longest = members.reduce((one, two) => (two.length > one.length ? two : one));
  if (random.chance(0.2)) return { [type]: random.pick(members) };
  if (type !== 'N') return partOf(random, { [type]: longest }, random.chance(0.5));
  const [digits = '1'] = longest.match(/[1-9]\d*/) ?? [];
  return { N: digits.slice(0, 1 + random.below(digits.length)) };
}

/** Mostly with bounds around what is there, or one of them just there. */
function betweenTokens(scene: Scene): string[] {
  const { random } = scene;
  const path = scene.path(random.chance(0.9) ? ['S', 'N', 'B'] : undefined);
  const there = scene.at(path) ?? wireValue(random, 0);
  const type = (Object.keys(there)[0] ?? 'S') as Scalar;
  const bound = (): string[] => {
    if (random.chance(0.1)) return scene.written(scene.path([type]));
    if (random.chance(0.45) || !['S', 'N', 'B'].includes(type)) return [scene.value(related(random, there))];
    return [scene.value(random.chance(0.3) ? there : scalarValue(random, type))];
  };
  const value = random.chance(0.8) ? scene.written(path) : [scene.value(related(random, there))];
  return [...grouped(scene, value), cased(scene, 'BETWEEN'), ...grouped(scene, bound()), cased(scene, 'AND'), ...grouped(scene, bound())];
}

/** Another path, or a value that has to do with what stands at this one. */
function near(scene: Scene, path: ReturnType<Scene['path']>): string[] {
  if (scene.random.chance(0.12)) return scene.written(scene.path());
  if (scene.random.chance(0.05)) return call(scene, scene.random.chance(0.9) ? 'size' : 'attribute_exists', [scene.written(scene.path())]);
  return [scene.value(scene.valueNear(path))];
}

/** Conditions as a Query has them, in any order, and some that it must refuse. */
export function keyConditionTokens(scene: Scene, { partition, sort }: KeySchemaOfCase): string[] {
  const { random } = scene;
  const parts = partition
    .filter(() => random.chance(0.98))
    .map((part) => onPart(scene, { ...part, name: random.chance(0.98) ? part.name : 'x' }, random.chance(0.97) ? ['='] : COMPARATORS));
  // Only the last of them may be a range.
  const allRanges = random.chance(0.2);
  const asked = allRanges ? sort : sort.slice(0, Math.max(random.below(sort.length + 1), random.below(sort.length + 1)));
  asked.forEach((part, at) => {
    const isLast = at === asked.length - 1;
    if (random.chance(0.97)) parts.push(isLast || allRanges ? onSort(scene, part) : onPart(scene, part, ['=']));
  });
  if (parts.length === 0 || random.chance(allRanges ? 0.1 : 0.4)) parts.push(unfitForKey(scene, partition[0] ?? { name: 'a', type: 'S' }));
  const [first = [], ...others] = random.chance(0.4) ? shuffled(random, parts) : parts;
  const connective = random.chance(0.97) ? 'AND' : 'OR';
  return [
    ...(random.chance(0.02) ? ['NOT'] : []),
    ...bracketed(scene, first),
    ...others.flatMap((other) => [cased(scene, connective), ...bracketed(scene, other)]),
  ];
}

type KeyPart = KeySchemaOfCase['partition'][number];

/** What no key condition may hold. */
function unfitForKey(scene: Scene, part: KeyPart): string[] {
  const { random } = scene;
  const [name, value] = [scene.written([part.name]), [keyValue(scene, part)]];
  switch (random.below(9)) {
    case 0:
      return simpleTokens(scene);
    case 1:
      return [...value, '=', keyValue(scene, part)];
    case 2:
      return onPart(scene, part, ['=']);
    case 3:
    case 8:
      return call(scene, 'begins_with', [value, name]);
    case 4:
      return [...scene.written([part.name, random.chance(0.5) ? 'a' : 0]), '=', ...value];
    case 5:
      return [...name, '=', ...scene.written(['c'])];
    case 6:
      return [...call(scene, 'size', [name]), '=', scene.value({ N: '1' })];
    default:
      return onPart(scene, { name: 'x', type: 'S' }, COMPARATORS);
  }
}

function onSort(scene: Scene, part: KeyPart): string[] {
  const { random } = scene;
  const name = scene.written([part.name]);
  const value = (): string => keyValue(scene, part);
  if (random.chance(0.2)) return [...name, cased(scene, 'BETWEEN'), value(), cased(scene, 'AND'), value()];
  return random.chance(0.25) ? call(scene, 'begins_with', [name, [value()]]) : onPart(scene, part, COMPARATORS);
}

function onPart(scene: Scene, part: KeyPart, comparators: readonly string[]): string[] {
  const sides = [grouped(scene, scene.written([part.name])), grouped(scene, [keyValue(scene, part)])];
  if (scene.random.chance(0.25)) sides.reverse();
  return [...(sides[0] ?? []), scene.random.pick(comparators), ...(sides[1] ?? [])];
}

function keyValue(scene: Scene, { type }: KeyPart): string {
  return scene.value(scene.random.chance(0.94) ? scalarValue(scene.random, type) : wireValue(scene.random));
}

function bracketed(scene: Scene, tokens: readonly string[]): string[] {
  return scene.random.chance(0.2) ? ['(', ...tokens, ')'] : [...tokens];
}

const FUNCTIONS = [
  ...['attribute_exists', 'attribute_not_exists', 'attribute_type', 'begins_with', 'contains', 'size', 'if_not_exists', 'list_append'],
  ...['mystery', 'Contains', 'SIZE', 'set'],
];

/** A function call; now and then of another function, or with an operand too many or too few. */
export function call(scene: Scene, name: string, operands: readonly (readonly string[])[]): string[] {
  const { random } = scene;
  const given = operands.map((operand) => grouped(scene, operand));
  const mistake = random.below(name === 'attribute_exists' || name === 'if_not_exists' ? 14 : 40);
  if (mistake === 0) given.push(given[0] ?? ['a']);
  if (mistake === 1 && given.length > 1) given.pop();
  if (mistake === 2) given[0] = [scene.value(wireValue(random))];
  return [random.chance(0.02) ? random.pick(FUNCTIONS) : name, '(', ...separated(given), ')'];
}

/** Sometimes in parentheses, which an operand may have; two pairs are one too many. */
export function grouped(scene: Scene, operand: readonly string[]): string[] {
  if (scene.random.chance(0.003)) return ['(', '(', ...operand, ')', ')'];
  return scene.random.chance(0.08) ? ['(', ...operand, ')'] : [...operand];
}

export function separated(parts: readonly (readonly string[])[]): string[] {
  return parts.flatMap((part, at) => (at === 0 ? [...part] : [',', ...part]));
}

/** Keywords in any case. */
export function cased(scene: Scene, keyword: string): string {
  const { random } = scene;
  if (random.chance(0.6)) return keyword;
  return random.chance(0.5) ? keyword.toLowerCase() : keyword.slice(0, 1) + keyword.slice(1).toLowerCase();
}
