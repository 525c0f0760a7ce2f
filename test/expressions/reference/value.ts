import { compareExact, type ExactNumber, readNumber } from './exact-number.ts';

/** Attribute values as what they mean: numbers exact, binaries as bytes, sets as members without an order, maps as maps. */
export type Value =
  | { readonly type: 'S'; readonly text: string }
  | { readonly type: 'N'; readonly number: ExactNumber }
  | { readonly type: 'B'; readonly bytes: Buffer }
  | { readonly type: 'BOOL'; readonly is: boolean }
  | { readonly type: 'NULL' }
  | { readonly type: 'SS' | 'NS' | 'BS'; readonly members: readonly Value[] }
  | { readonly type: 'L'; readonly elements: readonly Value[] }
  | { readonly type: 'M'; readonly attributes: ReadonlyMap<string, Value> };

export type Item = ReadonlyMap<string, Value>;

/** DynamoDB JSON, as a client writes it. */
export type Wire = Readonly<Record<string, unknown>>;

/** Reads a value as a client writes it, in any of the forms that mean it. */
export function readValue(wire: Wire): Value {
  const [type, content] = Object.entries(wire)[0] ?? [];
  switch (type) {
    case 'S':
      return { type, text: content as string };
    case 'N':
      return { type, number: readNumber(content as string) };
    case 'B':
      return { type, bytes: Buffer.from(content as string, 'base64') };
    case 'BOOL':
      return { type, is: content as boolean };
    case 'NULL':
      return { type };
    case 'SS':
    case 'NS':
    case 'BS':
      return { type, members: (content as readonly string[]).map((member) => readValue({ [type.slice(0, 1)]: member })) };
    case 'L':
      return { type, elements: (content as readonly Wire[]).map(readValue) };
    case 'M':
      return { type, attributes: readItem(content as Wire) };
    default:
      throw new Error(`no attribute value: ${JSON.stringify(wire)}`);
  }
}

export function readItem(wire: Wire): Item {
  return new Map(Object.entries(wire).map(([name, value]) => [name, readValue(value as Wire)]));
}

/** Same type and same meaning: sets whatever their order, lists and maps all the way down. */
export function same(one: Value, two: Value): boolean {
  switch (one.type) {
    case 'S':
    case 'N':
    case 'B':
      return order(one, two) === 0;
    case 'BOOL':
      return two.type === 'BOOL' && one.is === two.is;
    case 'NULL':
      return two.type === 'NULL';
    case 'L':
      return (
        two.type === 'L' && one.elements.length === two.elements.length && one.elements.every((each, at) => sameAt(each, two.elements[at]))
      );
    case 'M':
      return two.type === 'M' && sameItem(one.attributes, two.attributes);
    default:
      return (
        one.type === two.type &&
        'members' in two &&
        one.members.length === two.members.length &&
        one.members.every((each) => has(two.members, each))
      );
  }
}

export function sameItem(one: Item, two: Item): boolean {
  return one.size === two.size && [...one].every(([name, value]) => sameAt(value, two.get(name)));
}

function sameAt(one: Value, two: Value | undefined): boolean {
  return two !== undefined && same(one, two);
}

export function has(members: readonly Value[], member: Value): boolean {
  return members.some((each) => same(each, member));
}

/** Order of two strings (by their UTF-8 bytes), numbers or binaries; undefined for everything else. */
export function order(one: Value, two: Value): number | undefined {
  if (one.type === 'S' && two.type === 'S') return Buffer.compare(Buffer.from(one.text, 'utf8'), Buffer.from(two.text, 'utf8'));
  if (one.type === 'N' && two.type === 'N') return compareExact(one.number, two.number);
  if (one.type === 'B' && two.type === 'B') return Buffer.compare(one.bytes, two.bytes);
  return undefined;
}

/** Levels of a value: 1 for a scalar or set, and one more around it for each list or map. */
export function levels(value: Value): number {
  const inner = value.type === 'L' ? value.elements : value.type === 'M' ? [...value.attributes.values()] : [];
  return 1 + Math.max(0, ...inner.map(levels));
}

/** For people who look at a difference. */
export function shown(value: Value): string {
  switch (value.type) {
    case 'S':
      return JSON.stringify(value.text);
    case 'N':
      return `${value.number.coefficient}e${value.number.power}`;
    case 'B':
      return `<${value.bytes.toString('hex')}>`;
    case 'BOOL':
      return String(value.is);
    case 'NULL':
      return 'null';
    case 'L':
      return `[${value.elements.map(shown).join(' ')}]`;
    case 'M':
      return shownItem(value.attributes);
    default:
      return `${value.type}(${value.members.map(shown).sort().join(' ')})`;
  }
}

export function shownItem(item: Item): string {
  return `{${[...item]
    .map(([name, value]) => `${JSON.stringify(name)}:${shown(value)}`)
    .sort()
    .join(' ')}}`;
}
