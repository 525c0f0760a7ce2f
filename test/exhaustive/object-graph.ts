/**
 * Copies and names object graphs made of plain objects, class instances, arrays, maps, sets and byte arrays. Byte arrays stand
 * for log records, which nobody changes, so copies share them.
 */

/** Values that are the same in every state, like options: shared by copies, left out of names. */
export type Constants = ReadonlySet<object>;

/** How a field goes into the name of a state: as it is, not at all, or as another value. */
export interface FieldRules {
  /** Fields whose value has no influence on what happens, or follows from other fields. */
  readonly ignored: ReadonlySet<string>;
  /** Instead of the value of a field; undefined: as it is. */
  replace(owner: object, field: string): unknown;
}

export function cloneGraph<T>(root: T, constants: Constants): T {
  const copies = new Map<object, object>();
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || constants.has(value)) return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value)) {
      const array: unknown[] = [];
      copies.set(value, array);
      for (const element of value as unknown[]) array.push(copy(element));
      return array;
    }
    if (value instanceof Map) {
      const map = new Map<unknown, unknown>();
      copies.set(value, map);
      for (const [key, element] of value as Map<unknown, unknown>) map.set(copy(key), copy(element));
      return map;
    }
    if (value instanceof Set) {
      const set = new Set<unknown>();
      copies.set(value, set);
      for (const element of value as Set<unknown>) set.add(copy(element));
      return set;
    }
    const object = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
    copies.set(value, object);
    for (const key of Object.keys(value)) object[key] = copy((value as Record<string, unknown>)[key]);
    return object;
  };
  return copy(root) as T;
}

/**
 * A name of the graph: equal names mean that nothing that happens later can tell the graphs apart. Plain objects and arrays go
 * in by value; instances of classes, which change, keep their identity: a second mention is a reference to the first.
 */
export function nameGraph(root: unknown, constants: Constants, rules: FieldRules): string {
  const seen = new Map<object, number>();
  let name = '';
  const write = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      name += typeof value === 'string' ? `'${value}'` : String(value);
    } else if (value instanceof Uint8Array) name += `<${latin1(value)}>`;
    else if (constants.has(value)) name += '*';
    else if (Array.isArray(value)) writeAll('[', value as unknown[], ']');
    else if (value instanceof Map) writeAll('{', [...(value as Map<unknown, unknown>)].flat(), '}');
    else if (value instanceof Set) writeAll('(', [...(value as Set<unknown>)].sort(), ')');
    else writeObject(value);
  };
  const writeAll = (open: string, values: readonly unknown[], close: string): void => {
    name += open;
    for (const value of values) {
      write(value);
      name += ',';
    }
    name += close;
  };
  const writeObject = (value: object): void => {
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      const at = seen.get(value);
      if (at !== undefined) {
        name += `@${at}`;
        return;
      }
      seen.set(value, seen.size);
    }
    name += '{';
    for (const key of Object.keys(value)) {
      if (rules.ignored.has(key)) continue;
      name += `${key}:`;
      write(rules.replace(value, key) ?? (value as Record<string, unknown>)[key]);
      name += ',';
    }
    name += '}';
  };
  write(root);
  return name;
}

/** Calls `visit` for every field of every object in the graph. */
export function visitFields(root: unknown, constants: Constants, visit: (owner: Record<string, unknown>, field: string) => void): void {
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || constants.has(value) || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value) || value instanceof Set) for (const element of value as Iterable<unknown>) walk(element);
    else if (value instanceof Map) for (const element of (value as Map<unknown, unknown>).values()) walk(element);
    else {
      const owner = value as Record<string, unknown>;
      for (const field of Object.keys(owner)) {
        visit(owner, field);
        walk(owner[field]);
      }
    }
  };
  walk(root);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
