/**
 * An attribute value in the canonical form of architecture.md section 3: DynamoDB JSON as JSON.parse gives it. Numbers are
 * strings in DynamoDB's plain form, binaries base64 strings, sets sorted and without duplicates by value.
 *
 * Names in maps come from clients, so `__proto__` is an ordinary name: maps are only read and written through the
 * functions of `attribute-map.ts`.
 */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: AttributeMap };

/** Attribute name -> value; also an item. Read and written only through `attribute-map.ts`. */
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

export type AttributeType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'SS' | 'NS' | 'BS' | 'L' | 'M';

/** Types a key attribute may have. */
export type KeyAttributeType = 'S' | 'N' | 'B';

/** A primary key: one partition-key attribute and perhaps a sort-key attribute. */
export interface KeySchema {
  readonly partition: KeyAttribute;
  readonly sort?: KeyAttribute;
}

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyAttributeType;
}
