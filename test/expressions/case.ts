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

export interface KeySchemaOfCase {
  readonly partition: KeyAttributeOfCase;
  readonly sort: KeyAttributeOfCase | undefined;
}

interface KeyAttributeOfCase {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}
