import { Refusal } from './refusal.ts';
import { bare, type Operand } from './tree.ts';
import { type Item, readItem, type Value, type Wire } from './value.ts';

export type Path = readonly (string | number)[];

/** An operand with names and values in the place of placeholders. */
export type Bound =
  | { readonly is: 'path'; readonly path: Path }
  | { readonly is: 'value'; readonly value: Value }
  | { readonly is: 'call'; readonly name: string; readonly operands: readonly Bound[] };

/** ExpressionAttributeNames and ExpressionAttributeValues of a request. */
export class Placeholders {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: Item;
  readonly usedNames = new Set<string>();
  readonly usedValues = new Set<string>();

  constructor(names: Readonly<Record<string, string>>, values: Wire) {
    this.#names = new Map(Object.entries(names));
    this.#values = readItem(values);
  }

  path(operand: Operand): Path {
    const it = bare(operand);
    if (it.is !== 'path') throw new Error(`no path: ${it.is}`);
    return it.elements.map((element) => {
      if ('name' in element) return element.name;
      if ('index' in element) return Number(element.index);
      const name = this.#names.get(element.placeholder);
      if (name === undefined) throw new Refusal('undefined-name', element.placeholder);
      this.usedNames.add(element.placeholder);
      return name;
    });
  }

  value(placeholder: string): Value {
    const value = this.#values.get(placeholder);
    if (value === undefined) throw new Refusal('undefined-value', placeholder);
    this.usedValues.add(placeholder);
    return value;
  }

  operand(operand: Operand): Bound {
    const it = bare(operand);
    if (it.is === 'path') return { is: 'path', path: this.path(it) };
    if (it.is === 'value') return { is: 'value', value: this.value(it.placeholder) };
    return { is: 'call', name: it.name, operands: it.operands.map((inner) => this.operand(inner)) };
  }
}

/** What stands at a path, step by step. */
export function find(item: Item, path: Path): Value | undefined {
  let found: Value | undefined = { type: 'M', attributes: item };
  for (const step of path) {
    if (typeof step === 'number') found = found?.type === 'L' ? found.elements[step] : undefined;
    else found = found?.type === 'M' ? found.attributes.get(step) : undefined;
  }
  return found;
}

/** Whether one path leads to the other, or one takes for a list what the other takes for a map. */
export function clash(one: Path, two: Path): 'overlap' | 'conflict' | undefined {
  const apart = one.findIndex((step, at) => at < two.length && step !== two[at]);
  if (apart < 0) return 'overlap';
  return typeof one[apart] === typeof two[apart] ? undefined : 'conflict';
}

/** Throws Refusal when any two paths clash; an overlap is told before a conflict. */
export function checkClashes(paths: readonly Path[]): void {
  const clashes = paths.flatMap((one, at) => paths.slice(at + 1).map((two) => clash(one, two)));
  for (const kind of ['overlap', 'conflict'] as const) if (clashes.includes(kind)) throw new Refusal(kind);
}
