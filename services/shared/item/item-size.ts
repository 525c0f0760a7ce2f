import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { utf8Length } from './unicode.ts';

export { ITEM_BYTES_MAX } from '../limits/item-limits.ts';

/** The service's text for an update whose result is larger than ITEM_BYTES_MAX. */
export const UPDATED_ITEM_TOO_LARGE = 'Item size to update has exceeded the maximum allowed size';

/**
 * Bytes in DynamoDB's accounting (Developer Guide, "DynamoDB item sizes and formats"): attribute names and strings in
 * UTF-8, binaries decoded, one byte for BOOL and NULL, three for a list or map and one more for each of its elements.
 *
 * The guide gives numbers only "approximately". What the service charges was measured to the byte at the 400 KB gate
 * (pull request 195 of nubo-db/dynoxide, August 2026): one byte, one for each started pair of significant digits
 * before the point, one for each started pair behind it, and one for a minus sign.
 */

/** A list or map costs this much, whatever is in it. */
const CONTAINER_BYTES = 3;

/** Each element of a list or map costs this much besides its name and value. */
const ELEMENT_BYTES = 1;

const MINUS = 0x2d;
const DIGIT_ZERO = 0x30;
const PADDING = 0x3d;

/**
 * Bytes of the names and values of a canonical item. Counting ends once they are more than `enough`: an update can put one big
 * value into an item a thousand times, and nobody needs to know how much too large that is.
 */
export function itemSize(item: AttributeMap, enough = Number.POSITIVE_INFINITY): number {
  let bytes = 0;
  for (const name in item) {
    bytes += utf8Length(name) + valueSize(item[name] as AttributeValue, enough - bytes);
    if (bytes > enough) break;
  }
  return bytes;
}

/** Bytes of a canonical value, without the name of the attribute that holds it; `enough` as in `itemSize`. */
export function valueSize(value: AttributeValue, enough = Number.POSITIVE_INFINITY): number {
  if ('S' in value) return utf8Length(value.S);
  if ('N' in value) return numberSize(value.N);
  if ('B' in value) return base64Size(value.B);
  if ('M' in value) return mapSize(value.M, enough);
  if ('L' in value) return listSize(value.L, enough);
  if ('SS' in value) return sum(value.SS, utf8Length, enough);
  if ('NS' in value) return sum(value.NS, numberSize, enough);
  if ('BS' in value) return sum(value.BS, base64Size, enough);
  return 1;
}

function mapSize(map: AttributeMap, enough: number): number {
  let bytes = CONTAINER_BYTES;
  for (const name in map) {
    bytes += ELEMENT_BYTES + utf8Length(name) + valueSize(map[name] as AttributeValue, enough - bytes);
    if (bytes > enough) break;
  }
  return bytes;
}

function listSize(list: readonly AttributeValue[], enough: number): number {
  let bytes = CONTAINER_BYTES;
  for (const element of list) {
    bytes += ELEMENT_BYTES + valueSize(element, enough - bytes);
    if (bytes > enough) break;
  }
  return bytes;
}

function sum(members: readonly string[], sizeOf: (member: string) => number, enough: number): number {
  let bytes = 0;
  for (const member of members) {
    bytes += sizeOf(member);
    if (bytes > enough) break;
  }
  return bytes;
}

/** Decoded length of a padded base64 text. */
function base64Size(text: string): number {
  const length = text.length;
  if (length === 0) return 0;
  const padding = text.charCodeAt(length - 1) !== PADDING ? 0 : text.charCodeAt(length - 2) === PADDING ? 2 : 1;
  return (length / 4) * 3 - padding;
}

/** Size of a number in plain form. */
function numberSize(text: string): number {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const point = text.indexOf('.');
  const integerEnd = point < 0 ? text.length : point;
  let integerDigits = integerEnd - start;
  let fractionDigits = 0;
  if (point < 0) {
    // Zeros at the end of an integer are not significant; zero itself has no significant digit at all.
    while (integerDigits > 0 && text.charCodeAt(start + integerDigits - 1) === DIGIT_ZERO) integerDigits -= 1;
  } else {
    fractionDigits = text.length - point - 1;
    if (text.charCodeAt(start) === DIGIT_ZERO) {
      integerDigits = 0;
      while (text.charCodeAt(text.length - fractionDigits) === DIGIT_ZERO) fractionDigits -= 1;
    }
  }
  return 1 + start + ((integerDigits + 1) >> 1) + ((fractionDigits + 1) >> 1);
}
