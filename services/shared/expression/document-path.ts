import { getAttribute } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';

/** Attribute names and list indexes from the item's top downward; at least one, the first a name. */
export type DocumentPath = readonly (string | number)[];

/** The value that a path leads to, or undefined when nothing is there. */
export function valueAt(item: AttributeMap, path: DocumentPath): AttributeValue | undefined {
  let value = getAttribute(item, path[0] as string);
  for (let depth = 1; depth < path.length; depth += 1) {
    if (value === undefined) return undefined;
    value = childOf(value, path[depth] as string | number);
  }
  return value;
}

function childOf(value: AttributeValue, element: string | number): AttributeValue | undefined {
  if (typeof element === 'number') return 'L' in value ? value.L[element] : undefined;
  return 'M' in value ? getAttribute(value.M, element) : undefined;
}

export function samePath(one: DocumentPath, two: DocumentPath): boolean {
  if (one.length !== two.length) return false;
  for (let depth = 0; depth < one.length; depth += 1) {
    if (one[depth] !== two[depth]) return false;
  }
  return true;
}

/** As the service's error texts show a path: `[a, b, [3]]`. */
export function formatPath(path: DocumentPath): string {
  return `[${path.map((element) => (typeof element === 'number' ? `[${element}]` : element)).join(', ')}]`;
}
