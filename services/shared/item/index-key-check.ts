import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../limits/item-limits.ts';
import { getAttribute, typeOf } from './attribute-map.ts';
import type { AttributeMap, AttributeValue, KeyAttribute } from './attribute-value.ts';
import type { IndexKeySchema } from './index-key.ts';
import { ItemError } from './item-error.ts';
import { keyValueBytes, tooLong } from './key-value-size.ts';

/** A secondary index whose key attributes an item may have, and then of the right type. */
export interface IndexToCheck {
  readonly name: string;
  readonly keys: IndexKeySchema;
}

/** Of several indexes that an item does not fit, the service names the one whose name comes first: two projects that compared it say so. */
export function inOrderOfChecks(indexes: readonly IndexToCheck[]): readonly IndexToCheck[] {
  return [...indexes].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where the values of an index's key stand: in an item that a put brings or an update makes, or in a condition on the key. */
export type IndexKeyUse = 'put' | 'update' | 'query';

/**
 * Throws ItemError when a key attribute of an index is of another type, empty or too long. Texts: the source of dynalite 4.0.0 and its issue 35, and
 * messages of the service in public issue trackers. The lengths of several attributes count together.
 */
export function checkIndexKeys(indexes: readonly IndexToCheck[], item: AttributeMap, use: IndexKeyUse = 'put'): void {
  for (const { name, keys } of indexes) {
    const partitionBytes = checkAttributes(keys.partition, item, name, use);
    const sortBytes = checkAttributes(keys.sort, item, name, use);
    if (partitionBytes > PARTITION_KEY_BYTES_MAX) throw tooLongIn(keys.partition, item, name, use) ?? tooLong('partition');
    if (sortBytes > SORT_KEY_BYTES_MAX) throw tooLongIn(keys.sort, item, name, use, SORT_KEY_BYTES_MAX) ?? tooLong('sort');
  }
}

/** The service names the attribute of an item that is too long by itself. */
function tooLongIn(
  attributes: readonly KeyAttribute[],
  item: AttributeMap,
  index: string,
  use: IndexKeyUse,
  bytesMax = PARTITION_KEY_BYTES_MAX,
): ItemError | undefined {
  if (use === 'query') return undefined;
  for (const { name } of attributes) {
    const value = getAttribute(item, name);
    const bytes = value === undefined ? 0 : keyValueBytes(value);
    if (bytes <= bytesMax) continue;
    return new ItemError(
      'validation',
      `One or more parameter values were invalid: Size limit exceeded for Index Key ${name} Actual Size: ${bytes} bytes ` +
        `Max Size: ${bytesMax} bytes IndexName: ${index}`,
    );
  }
  return undefined;
}

/** Throws ItemError for an empty value of an index's key. */
export function refuseEmptyIndexKey(value: AttributeValue, attribute: string, index: string): void {
  const kind = emptyKind(value);
  if (kind !== undefined)
    throw invalidValues(`The AttributeValue for a key attribute cannot contain an empty ${kind} value.`, attribute, index);
}

function checkAttributes(attributes: readonly KeyAttribute[], item: AttributeMap, index: string, use: IndexKeyUse): number {
  let bytes = 0;
  for (const { name, type } of attributes) {
    const value = getAttribute(item, name);
    if (value === undefined) continue;
    const actual = typeOf(value);
    if (actual !== type) {
      throw new ItemError(
        'validation',
        `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${actual} IndexName: ${index}`,
      );
    }
    const kind = emptyKind(value);
    if (kind !== undefined && use === 'update') {
      throw new ItemError(
        'validation',
        'One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not ' +
          `supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
      );
    }
    if (kind !== undefined) {
      throw invalidValues(
        'A value specified for a secondary index key is not supported. ' +
          `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
        name,
        index,
      );
    }
    bytes += keyValueBytes(value);
  }
  return bytes;
}

function emptyKind(value: AttributeValue): 'string' | 'binary' | undefined {
  if ('S' in value) return value.S === '' ? 'string' : undefined;
  return 'B' in value && value.B === '' ? 'binary' : undefined;
}

function invalidValues(reason: string, attribute: string, index: string): ItemError {
  return new ItemError('validation', `One or more parameter values are not valid. ${reason} IndexName: ${index}, IndexKey: ${attribute}`);
}
