import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { utf8Length } from './unicode.ts';

export { ITEM_BYTES_MAX } from '../limits/item-limits.ts';

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

/** Bytes of the names and values of a canonical item. */
export function itemSize(item: AttributeMap): number {
  let bytes = 0;
  for (const name in item) bytes += utf8Length(name) + valueSize(item[name] as AttributeValue);
  return bytes;
}

/** Bytes of a canonical value, without the name of the attribute that holds it. */
export function valueSize(value: AttributeValue): number {
  if ('S' in value) return utf8Length(value.S);
  if ('N' in value) return numberSize(value.N);
  if ('B' in value) return base64Size(value.B);
  if ('M' in value) return mapSize(value.M);
  if ('L' in value) return listSize(value.L);
  if ('SS' in value) return sum(value.SS, utf8Length);
  if ('NS' in value) return sum(value.NS, numberSize);
  if ('BS' in value) return sum(value.BS, base64Size);
  return 1;
}

function mapSize(map: AttributeMap): number {
  let bytes = CONTAINER_BYTES + itemSize(map);
  for (const _ in map) bytes += ELEMENT_BYTES;
  return bytes;
}

function listSize(list: readonly AttributeValue[]): number {
  let bytes = CONTAINER_BYTES + list.length * ELEMENT_BYTES;
  for (const element of list) bytes += valueSize(element);
  return bytes;
}

function sum(members: readonly string[], sizeOf: (member: string) => number): number {
  let bytes = 0;
  for (const member of members) bytes += sizeOf(member);
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
