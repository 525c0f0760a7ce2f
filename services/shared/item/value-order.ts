import { attributeNames, getAttribute } from './attribute-map.ts';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { compareNumbers } from './decimal.ts';
import { compareUtf8 } from './unicode.ts';

/**
 * Equality and order of attribute values, always of what they mean and never of their JSON. Both sides are canonical,
 * so strings, numbers, binaries and the members of sorted sets are equal exactly when their texts are.
 */

/** True for values of the same type and meaning: numbers by value, sets whatever their order, lists and maps deeply. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if (a === b) return true;
  if ('S' in a) return 'S' in b && a.S === b.S;
  if ('N' in a) return 'N' in b && a.N === b.N;
  if ('B' in a) return 'B' in b && a.B === b.B;
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL;
  if ('NULL' in a) return 'NULL' in b;
  if ('M' in a) return 'M' in b && equalMaps(a.M, b.M);
  if ('L' in a) return 'L' in b && equalLists(a.L, b.L);
  if ('SS' in a) return 'SS' in b && equalMembers(a.SS, b.SS);
  if ('NS' in a) return 'NS' in b && equalMembers(a.NS, b.NS);
  return 'BS' in b && equalMembers(a.BS, b.BS);
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
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    // Padding and the zero bits before it lie below every bit that could stand there, as the end of the bytes does.
    if (left !== right) return base64Rank(left) - base64Rank(right);
  }
  return a.length - b.length;
}

function equalMembers(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return false;
  }
  return true;
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    if (!equalValues(a[at] as AttributeValue, b[at] as AttributeValue)) return false;
  }
  return true;
}

function equalMaps(a: AttributeMap, b: AttributeMap): boolean {
  const names = attributeNames(a);
  if (names.length !== attributeNames(b).length) return false;
  for (const name of names) {
    const other = getAttribute(b, name);
    if (other === undefined || !equalValues(a[name] as AttributeValue, other)) return false;
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
