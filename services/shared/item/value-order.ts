import { COMPARED_ELEMENT_WORK } from '../limits/expression-limits.ts';
import { attributeNames, getAttribute } from './attribute-map.ts';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { compareNumbers } from './decimal.ts';
import { compareUtf8, equalStart } from './unicode.ts';

/**
 * Equality and order of attribute values, always of what they mean and never of their JSON. Both sides are canonical,
 * so strings, numbers, binaries and the members of sorted sets are equal exactly when their texts are.
 */

/** How much more may be compared. Below zero it was too much, and what the comparison gave means nothing. */
export interface ComparisonWork {
  left: number;
}

/** True for values of the same type and meaning: numbers by value, sets whatever their order, lists and maps deeply. */
export function equalValues(a: AttributeValue, b: AttributeValue, work: ComparisonWork = { left: Number.POSITIVE_INFINITY }): boolean {
  work.left -= COMPARED_ELEMENT_WORK;
  if (a === b || work.left < 0) return true;
  if ('S' in a) return 'S' in b && equalTexts(a.S, b.S, work);
  if ('N' in a) return 'N' in b && a.N === b.N;
  if ('B' in a) return 'B' in b && equalTexts(a.B, b.B, work);
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL;
  if ('NULL' in a) return 'NULL' in b;
  if ('M' in a) return 'M' in b && equalMaps(a.M, b.M, work);
  if ('L' in a) return 'L' in b && equalLists(a.L, b.L, work);
  if ('SS' in a) return 'SS' in b && equalMembers(a.SS, b.SS, work);
  if ('NS' in a) return 'NS' in b && equalMembers(a.NS, b.NS, work);
  return 'BS' in b && equalMembers(a.BS, b.BS, work);
}

/**
 * Order of two strings (UTF-8 bytes), numbers (value) or binaries (unsigned bytes): negative, zero or positive;
 * undefined when the types differ or have no order.
 */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('S' in a) return 'S' in b ? compareUtf8(a.S, b.S) : undefined;
  if ('N' in a) return 'N' in b ? compareNumbers(a.N, b.N) : undefined;
  if ('B' in a) return 'B' in b ? compareBase64(a.B, b.B) : undefined;
  return undefined;
}

/** Order of the bytes that two strict base64 texts stand for. */
export function compareBase64(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = equalStart(a, b, shared); at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    // Padding and the zero bits before it lie below every bit that could stand there, as the end of the bytes does.
    if (left !== right) return base64Rank(left) - base64Rank(right);
  }
  return a.length - b.length;
}

/** The runtime compares many characters at a time. */
const CHARACTERS_AT_ONCE = 16;

function equalTexts(a: string, b: string, work: ComparisonWork): boolean {
  if (a.length !== b.length) return false;
  work.left -= a.length / CHARACTERS_AT_ONCE;
  return a === b;
}

function equalMembers(a: readonly string[], b: readonly string[], work: ComparisonWork): boolean {
  if (a.length !== b.length) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  work.left -= at * COMPARED_ELEMENT_WORK;
  return at === a.length;
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[], work: ComparisonWork): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    if (work.left < 0 || !equalValues(a[at] as AttributeValue, b[at] as AttributeValue, work)) return false;
  }
  return true;
}

function equalMaps(a: AttributeMap, b: AttributeMap, work: ComparisonWork): boolean {
  const names = attributeNames(a);
  work.left -= names.length * COMPARED_ELEMENT_WORK;
  if (names.length !== attributeNames(b).length) return false;
  for (const name of names) {
    const other = getAttribute(b, name);
    if (other === undefined || work.left < 0 || !equalValues(a[name] as AttributeValue, other, work)) return false;
  }
  return true;
}

/** Place of a character in the base64 alphabet (RFC 4648, section 4); -1 for padding. */
function base64Rank(unit: number): number {
  if (unit >= 0x61) return unit - 0x61 + 26;
  if (unit >= 0x41) return unit - 0x41;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  if (unit === 0x2b) return 62;
  return unit === 0x2f ? 63 : -1;
}
