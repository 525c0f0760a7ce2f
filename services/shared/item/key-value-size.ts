import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../limits/item-limits.ts';
import type { AttributeValue } from './attribute-value.ts';
import { ItemError } from './item-error.ts';
import { utf8Length } from './unicode.ts';

/** Bytes of a string or binary as the limits of keys count them; 0 for a number, which is always short enough. */
export function keyValueBytes(value: AttributeValue): number {
  if ('S' in value) return utf8Length(value.S);
  return 'B' in value ? Buffer.byteLength(value.B, 'base64') : 0;
}

/** The text for a key of this part of it that is too long, of a table or an index. */
export function tooLong(part: 'partition' | 'sort'): ItemError {
  const text =
    part === 'partition'
      ? `Size of hashkey has exceeded the maximum size limit of${PARTITION_KEY_BYTES_MAX} bytes`
      : `Aggregated size of all range keys has exceeded the size limit of ${SORT_KEY_BYTES_MAX} bytes`;
  return new ItemError('validation', `One or more parameter values were invalid: ${text}`);
}
