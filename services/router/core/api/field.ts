import type { Constraint } from './constraint.ts';

/** One field of a request or of a structure in it. */
export interface Field {
  readonly name: string;
  readonly type: ValueType;
  readonly notNull?: boolean;
  readonly constraints?: readonly Constraint[];
  /** Judged before all others and alone: the service stops at a wrong table name. Only the first broken constraint is told, of a required one all. */
  readonly leading?: boolean;
  /** Its absence is an error of its own, before all constraints. */
  readonly required?: boolean;
}

/** The JSON types of request fields. */
export type ValueType =
  | { readonly kind: 'string' }
  | { readonly kind: 'boolean' }
  /** `java`: the Java type that messages name. */
  | { readonly kind: 'number'; readonly java: 'Integer' | 'Long' }
  /** Attribute names with attribute values, which their readers judge (value-type.ts `checkDeep`). */
  | { readonly kind: 'attributes'; readonly parameterized?: boolean }
  /** One attribute value, judged by its reader. `asMember` as below. */
  | { readonly kind: 'attribute'; readonly asMember?: boolean }
  | { readonly kind: 'list'; readonly member: ValueType; readonly parameterized?: boolean }
  /** `java`: the Java type of the map's values. */
  | { readonly kind: 'map'; readonly member: ValueType; readonly java: string }
  /** `asMember`: in a list or map, where the message for a plain value is another. */
  | { readonly kind: 'structure'; readonly java: string; readonly fields: readonly Field[]; readonly asMember?: boolean };

/** A field that is a structure of the same name. */
export function structure(name: string, fields: readonly Field[]): Field {
  return { name, type: { kind: 'structure', java: name, fields } };
}
