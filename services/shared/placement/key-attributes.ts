import type { KeyAttribute, KeySchema } from '../item/attribute-value.ts';
import type { TableDefinition } from './catalog-records.ts';
import { globalIndexAttributes } from './table-indexes.ts';

/** The attributes that the key of a table or of one of its indexes uses, each once, sorted by name. */
export function keyAttributesOf({
  keys,
  localIndexes = [],
  globalIndexes = [],
}: Pick<TableDefinition, 'keys' | 'localIndexes' | 'globalIndexes'>): readonly KeyAttribute[] {
  const attributes = new Map<string, KeyAttribute>();
  for (const attribute of tableKeyAttributes(keys)) attributes.set(attribute.name, attribute);
  for (const { sort } of localIndexes) attributes.set(sort.name, sort);
  for (const index of globalIndexes) for (const attribute of globalIndexAttributes(index)) attributes.set(attribute.name, attribute);
  return [...attributes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The attributes of a table's key, in order. */
export function tableKeyAttributes({ partition, sort }: KeySchema): readonly KeyAttribute[] {
  return sort === undefined ? [partition] : [partition, sort];
}
