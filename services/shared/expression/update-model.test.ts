import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { items, naiveValueAt, paths, pathsOf, sets, values, Writer } from './arbitraries.test.ts';
import type { Path } from './arbitraries.test.ts';
import { ExpressionError } from './errors.ts';
import { bindProjection, parseProjection, project } from './projection.ts';
import { applyUpdate, bindUpdate, parseUpdate, updatedAttributes } from './update.ts';

/** Random updates and projections against a reference that works on one path after another, in a copy of the item. */

type Action =
  | { readonly section: 'SET'; readonly path: Path; readonly source: Source }
  | { readonly section: 'REMOVE'; readonly path: Path }
  | { readonly section: 'ADD' | 'DELETE'; readonly path: Path; readonly value: AttributeValue };

type Source =
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'default'; readonly path: Path; readonly value: AttributeValue }
  | { readonly kind: 'plus' | 'minus'; readonly path: Path; readonly number: number }
  | { readonly kind: 'append'; readonly path: Path; readonly list: readonly AttributeValue[] };

const numbers = fc.integer({ min: -12, max: 12 });

const sources: fc.Arbitrary<Source> = fc.oneof(
  { weight: 4, arbitrary: values.map((value) => ({ kind: 'value' as const, value })) },
  paths.map((path) => ({ kind: 'path' as const, path })),
  fc.record({ kind: fc.constant('default' as const), path: paths, value: values }),
  fc.record({ kind: fc.constantFrom('plus' as const, 'minus' as const), path: paths, number: numbers }),
  fc.record({ kind: fc.constant('append' as const), path: paths, list: fc.array(values, { maxLength: 2 }) }),
);

const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ section: fc.constant('SET' as const), path: paths, source: sources }),
  fc.record({ section: fc.constant('REMOVE' as const), path: paths }),
  fc.record({
    section: fc.constant('ADD' as const),
    path: paths,
    value: fc.oneof(
      sets,
      numbers.map((number) => ({ N: String(number) })),
    ),
  }),
  fc.record({ section: fc.constant('DELETE' as const), path: paths, value: sets }),
);

function writtenSource(source: Source, writer: Writer): string {
  switch (source.kind) {
    case 'value':
      return writer.value(source.value);
    case 'path':
      return writer.path(source.path);
    case 'default':
      return `if_not_exists(${writer.path(source.path)}, ${writer.value(source.value)})`;
    case 'append':
      return `list_append(${writer.path(source.path)}, ${writer.value({ L: source.list })})`;
    default:
      return `${writer.path(source.path)} ${source.kind === 'plus' ? '+' : '-'} ${writer.value({ N: String(source.number) })}`;
  }
}

function written(all: readonly Action[], writer: Writer): string {
  const sections = ['SET', 'REMOVE', 'ADD', 'DELETE'].map((section) => {
    const parts = all
      .filter((action) => action.section === section)
      .map((action) => {
        if (action.section === 'REMOVE') return writer.path(action.path);
        if (action.section === 'SET') return `${writer.path(action.path)} = ${writtenSource(action.source, writer)}`;
        return `${writer.path(action.path)} ${writer.value(action.value)}`;
      });
    return parts.length === 0 ? '' : `${section} ${parts.join(', ')}`;
  });
  return sections.filter((section) => section !== '').join(' ');
}

const NO_ATTRIBUTE = 'The provided expression refers to an attribute that does not exist in the item';
const INVALID_PATH = 'The document path provided in the update expression is invalid for update';
const INCORRECT_TYPE = 'An operand in the update expression has an incorrect data type';

/** What an action leaves at its path; undefined: nothing. Throws an Error with the service's text. */
function naiveOutcome(action: Action, item: AttributeMap): AttributeValue | undefined {
  const old = naiveValueAt(item, action.path);
  switch (action.section) {
    case 'REMOVE':
      return undefined;
    case 'SET':
      return naiveSource(action.source, item);
    case 'ADD':
      if (old === undefined) return action.value;
      if ('N' in action.value && 'N' in old) return { N: String(Number(old.N) + Number(action.value.N)) };
      return naiveSet(old, action.value, (one, two) => [...new Set([...one, ...two])]);
    case 'DELETE':
      return old === undefined ? undefined : naiveSet(old, action.value, (one, two) => one.filter((member) => !two.includes(member)));
  }
}

function naiveSource(source: Source, item: AttributeMap): AttributeValue {
  if (source.kind === 'value') return source.value;
  const old = naiveValueAt(item, source.path);
  if (source.kind === 'default') return old ?? source.value;
  if (old === undefined) throw new Error(NO_ATTRIBUTE);
  if (source.kind === 'path') return old;
  if (source.kind === 'append') {
    if (!('L' in old)) throw new Error(INCORRECT_TYPE);
    return { L: [...old.L, ...source.list] };
  }
  if (!('N' in old)) throw new Error(INCORRECT_TYPE);
  return { N: String(source.kind === 'plus' ? Number(old.N) + source.number : Number(old.N) - source.number) };
}

function naiveSet(
  old: AttributeValue,
  value: AttributeValue,
  join: (one: string[], two: string[]) => string[],
): AttributeValue | undefined {
  const type = ['SS', 'NS', 'BS'].find((each) => each in old && each in value);
  if (type === undefined) throw new Error(INCORRECT_TYPE);
  const [one, two] = [old, value].map((set) => [...(Object.values(set)[0] as string[])]);
  assert.ok(one !== undefined && two !== undefined);
  const bytes = (member: string): Buffer => Buffer.from(member, type === 'BS' ? 'base64' : 'utf8');
  const members = join(one, two).sort((left, right) =>
    type === 'NS' ? Number(left) - Number(right) : Buffer.compare(bytes(left), bytes(right)),
  );
  return members.length === 0 ? undefined : ({ [type]: members } as unknown as AttributeValue);
}

/** A container of the copy: a Map, or a list whose removed elements are holes until the end. */
interface NaiveList {
  elements: Map<number, NaiveValue>;
}
type NaiveValue = { readonly map: Map<string, NaiveValue> } | { readonly list: NaiveList } | { readonly plain: AttributeValue };

function thawed(value: AttributeValue): NaiveValue {
  if ('M' in value) return { map: new Map(Object.entries(value.M).map(([name, inner]) => [name, thawed(inner)])) };
  if ('L' in value) return { list: { elements: new Map(value.L.map((inner, index) => [index, thawed(inner)])) } };
  return { plain: value };
}

function frozen(value: NaiveValue): AttributeValue {
  if ('map' in value) return { M: Object.fromEntries([...value.map].map(([name, inner]) => [name, frozen(inner)])) };
  if ('plain' in value) return value.plain;
  return { L: [...value.list.elements].sort(([one], [two]) => one - two).map(([, inner]) => frozen(inner)) };
}

function naivelyUpdated(all: readonly Action[], item: AttributeMap): AttributeMap {
  const outcomes = all.map((action) => naiveOutcome(action, item));
  const root = thawed({ M: item });
  all.forEach((action, position) => {
    let container = root;
    for (const element of action.path.slice(0, -1)) {
      const inner =
        typeof element === 'number' && 'list' in container
          ? container.list.elements.get(element)
          : typeof element === 'string' && 'map' in container
            ? container.map.get(element)
            : undefined;
      if (inner === undefined) throw new Error(INVALID_PATH);
      container = inner;
    }
    const last = action.path.at(-1);
    const outcome = outcomes[position];
    const value = outcome === undefined ? undefined : thawed(outcome);
    if (typeof last === 'number' && 'list' in container) {
      if (value === undefined) container.list.elements.delete(last);
      else container.list.elements.set(last, value);
    } else if (typeof last === 'string' && 'map' in container) {
      if (value === undefined) container.map.delete(last);
      else container.map.set(last, value);
    } else {
      throw new Error(INVALID_PATH);
    }
  });
  const result = frozen(root);
  assert.ok('M' in result);
  return result.M;
}

const clashes = (one: Path, two: Path): boolean => {
  for (let depth = 0; depth < Math.min(one.length, two.length); depth += 1) {
    if (typeof one[depth] !== typeof two[depth]) return true;
    if (one[depth] !== two[depth]) return false;
  }
  return true;
};

const clashAnywhere = (all: readonly Path[]): boolean =>
  all.some((one, position) => all.slice(position + 1).some((two) => clashes(one, two)));

/** The part of an item at some paths: everything else is cut away from a copy. */
function naivelySelected(all: readonly Path[], item: AttributeMap): AttributeMap {
  const found = all.filter((path) => naiveValueAt(item, path) !== undefined);
  const cut = (value: AttributeValue, at: Path): AttributeValue => {
    if (found.some((path) => path.length <= at.length && path.every((element, depth) => element === at[depth]))) return value;
    const leads = (element: string | number): boolean =>
      found.some((path) => [...at, element].every((each, depth) => depth >= path.length || path[depth] === each));
    if ('L' in value) return { L: value.L.flatMap((inner, index) => (leads(index) ? [cut(inner, [...at, index])] : [])) };
    if ('M' in value) {
      const kept = Object.entries(value.M).filter(([name]) => leads(name));
      return { M: Object.fromEntries(kept.map(([name, inner]) => [name, cut(inner, [...at, name])])) };
    }
    return value;
  };
  const result = cut({ M: item }, []);
  assert.ok('M' in result);
  return result.M;
}

/** Sorted names make items comparable; deepEqual would not see an own `__proto__`. */
const shown = (item: AttributeMap): string => {
  const inOrder = (value: unknown): unknown =>
    typeof value !== 'object' || value === null
      ? value
      : Array.isArray(value)
        ? value.map(inOrder)
        : {
            map: Object.entries(value)
              .map(([name, inner]) => [name, inOrder(inner)])
              .sort((one, two) => (String(one[0]) < String(two[0]) ? -1 : 1)),
          };
  return JSON.stringify(inOrder(item));
};

/** Most paths of chance lead nowhere; turned towards the item they show more. The last element may stay as it was. */
function towards(path: Path, item: AttributeMap, pick: (bound: number) => number): Path {
  const existing = pathsOf(item);
  const chosen = existing[pick(existing.length + 2)];
  if (chosen === undefined) return path;
  const last = path.at(-1);
  return pick(3) === 0 && typeof last === typeof chosen.at(-1) ? [...chosen.slice(0, -1), ...path.slice(-1)] : chosen;
}

function actionTowards(action: Action, item: AttributeMap, pick: (bound: number) => number): Action {
  const path = towards(action.path, item, pick);
  if (action.section !== 'SET' || action.source.kind === 'value') return { ...action, path };
  return { ...action, path, source: { ...action.source, path: towards(action.source.path, item, pick) } };
}

const pickFrom =
  (stream: fc.Stream<number>) =>
  (bound: number): number =>
    stream.next().value % bound;

describe('updates and projections against a naive reference', () => {
  it('update random items alike', () => {
    let applied = 0;
    fc.assert(
      fc.property(fc.array(actions, { minLength: 1, maxLength: 4 }), items, fc.infiniteStream(fc.nat()), (given, item, stream) => {
        const pick = pickFrom(stream);
        const all = given.map((action) => actionTowards(action, item, pick));
        const writer = new Writer(() => pick(3) === 0);
        const text = written(all, writer);
        const before = shown(item);
        const program = parseUpdate(text);
        if (clashAnywhere(all.map((action) => action.path))) {
          assert.throws(() => bindUpdate(program, writer.names, writer.values), /Two document paths (overlap|conflict)/);
          return;
        }
        const bound = bindUpdate(program, writer.names, writer.values);
        let expected: AttributeMap;
        try {
          expected = naivelyUpdated(all, item);
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
          assert.throws(
            () => applyUpdate(bound, item),
            (thrown) => thrown instanceof ExpressionError && [NO_ATTRIBUTE, INVALID_PATH, INCORRECT_TYPE].includes(thrown.message),
            `${text}: ${error.message}`,
          );
          return;
        }
        const result = applyUpdate(bound, item);
        assert.equal(shown(result.item), shown(expected), text);
        assert.equal(shown(item), before, 'the old item was changed');
        const touched = all.map((action) => action.path);
        assert.equal(shown(updatedAttributes(result, item)), shown(naivelySelected(touched, item)), text);
        assert.equal(shown(updatedAttributes(result, result.item)), shown(naivelySelected(touched, expected)), text);
        applied += 1;
      }),
      { numRuns: 6000 },
    );
    assert.ok(applied > 500, `only ${applied} updates fitted their items`);
  });

  it('project random items alike', () => {
    let projected = 0;
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 4 }), items, fc.infiniteStream(fc.nat()), (given, item, stream) => {
        const pick = pickFrom(stream);
        const all = given.map((path) => towards(path, item, pick));
        const writer = new Writer(() => pick(3) === 0);
        const program = parseProjection(all.map((path) => writer.path(path)).join(', '));
        if (clashAnywhere(all)) {
          assert.throws(() => bindProjection(program, writer.names), /Two document paths (overlap|conflict)/);
          return;
        }
        assert.equal(shown(project(bindProjection(program, writer.names), item)), shown(naivelySelected(all, item)));
        projected += 1;
      }),
      { numRuns: 3000 },
    );
    assert.ok(projected > 500, `only ${projected} projections`);
  });
});
