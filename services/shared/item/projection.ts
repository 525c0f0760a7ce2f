import { getAttribute, setAttribute } from './attribute-map.ts';
import type { MutableAttributeMap } from './attribute-map.ts';
import type { AttributeMap } from './attribute-value.ts';

/** Which attributes an index holds besides its own key and the table's. */
export type Projection =
  | { readonly kind: 'all' }
  | { readonly kind: 'keys-only' }
  | { readonly kind: 'include'; readonly attributes: readonly string[] };

/** What an index with this projection holds of an item; `keyNames`: the attributes of both keys. */
export function projectedItem(item: AttributeMap, projection: Projection, keyNames: readonly string[]): AttributeMap {
  if (projection.kind === 'all') return item;
  const kept: MutableAttributeMap = {};
  const names = projection.kind === 'include' ? [...keyNames, ...projection.attributes] : keyNames;
  for (const name of names) {
    const value = getAttribute(item, name);
    if (value !== undefined) setAttribute(kept, name, value);
  }
  return kept;
}
