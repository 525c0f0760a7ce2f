import { ProjectionGrammar } from './grammars.ts';
import { checkClashes, type Path, type Placeholders } from './placeholders.ts';
import { checkProjectionText } from './text-checks.ts';
import type { Item, Value } from './value.ts';

/** Reads and binds a projection. Throws Refusal. */
export function bindProjection(text: string, placeholders: Placeholders): readonly Path[] {
  const paths = new ProjectionGrammar(text).read();
  checkProjectionText(paths);
  const bound = paths.map((path) => placeholders.path(path));
  checkClashes(bound);
  return bound;
}

/** The part of an item at some paths: everything else is cut away, and lists close up. */
export function selected(paths: readonly Path[], item: Item): Item {
  const part = cut({ type: 'M', attributes: item }, paths);
  return part?.type === 'M' ? part.attributes : new Map();
}

/** What the paths, which begin here, leave of a value; undefined: nothing. */
function cut(value: Value, paths: readonly Path[]): Value | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  const towards = (step: string | number): readonly Path[] => paths.filter(([first]) => first === step).map((path) => path.slice(1));
  if (value.type === 'L') {
    const elements = value.elements.flatMap((element, at) => cut(element, towards(at)) ?? []);
    return elements.length === 0 ? undefined : { type: 'L', elements };
  }
  if (value.type !== 'M') return undefined;
  const attributes = [...value.attributes].flatMap(([name, inner]) => {
    const part = cut(inner, towards(name));
    return part === undefined ? [] : [[name, part] as const];
  });
  return attributes.length === 0 ? undefined : { type: 'M', attributes: new Map(attributes) };
}
