import type { Wire } from './reference/value.ts';

export const KINDS = ['condition', 'filter', 'key-condition', 'projection', 'update'] as const;

export type Kind = (typeof KINDS)[number];

/** Everything that one comparison is made of, as a client would send it: what a file in `regressions/` holds. */
export interface ExpressionCase {
  readonly kind: Kind;
  readonly text: string;
  readonly names: Readonly<Record<string, string>>;
  /** DynamoDB JSON, not canonical. */
  readonly values: Wire;
  /** The same; the items that the expression meets one after the other, as a filter does. */
  readonly items: readonly Wire[];
  /** Of a key condition. */
  readonly key: KeySchemaOfCase | undefined;
}

/** The key of a table, or of an index that has up to four attributes of each. */
export interface KeySchemaOfCase {
  readonly partition: readonly KeyAttributeOfCase[];
  readonly sort: readonly KeyAttributeOfCase[];
}

interface KeyAttributeOfCase {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}
