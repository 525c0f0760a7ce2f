import type { BoundCondition } from '../../../shared/expression/condition.ts';
import type { DocumentPath } from '../../../shared/expression/document-path.ts';
import type { KeySchema } from '../../../shared/item/attribute-value.ts';
import type { IndexKeySchema } from '../../../shared/item/index-key.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import { keyAttributesOf } from '../../../shared/placement/key-attributes.ts';
import { validationError } from './api-error.ts';

/** Rules for expressions that need the table's key. Each throws ValidationException. */

/** A key attribute, of the table or of an index, is a scalar: no expression can look inside it. */
export function refusePathsIntoKey({ paths }: { readonly paths: readonly DocumentPath[] }, table: TableRecord): void {
  for (const path of paths) {
    if (path.length === 1) continue;
    const [name] = path;
    const kind = isKey(name, table.keys)
      ? 'Key'
      : keyAttributesOf(table).some((attribute) => attribute.name === name)
        ? 'IndexKey'
        : undefined;
    if (kind === undefined) continue;
    throw validationError(`Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${kind}: ${name}`);
  }
}

/** The key of an item never changes. */
export function refuseKeyUpdate(updatedNames: readonly string[], keys: KeySchema): void {
  for (const name of updatedNames) {
    if (!isKey(name, keys)) continue;
    throw validationError(`One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`);
  }
}

/** A filter, as the service calls it, and the attributes of the item that it looks at. */
export interface FilterNames {
  readonly name: 'Filter Expression' | 'QueryFilter';
  readonly attributes: readonly string[];
}

export function namesInFilter({ paths }: BoundCondition): FilterNames {
  return { name: 'Filter Expression', attributes: paths.map((path) => String(path[0])) };
}

/** A Query's filter sees what its key condition has left over, and must not name the key of the table or index again. */
export function refuseKeyInFilter({ name: field, attributes }: FilterNames, { partition, sort }: IndexKeySchema): void {
  for (const attribute of [...partition, ...sort]) {
    if (!attributes.includes(attribute.name)) continue;
    throw validationError(`${field} can only contain non-primary key attributes: Primary key attribute: ${attribute.name}`);
  }
}

function isKey(name: string | number | undefined, { partition, sort }: KeySchema): boolean {
  return name === partition.name || name === sort?.name;
}
