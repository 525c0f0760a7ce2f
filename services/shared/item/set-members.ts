import { compareDecimals, compareNumbers, parseDecimal } from './decimal.ts';
import { compareUtf8 } from './unicode.ts';
import { compareBase64 } from './value-order.ts';

/**
 * Members of canonical sets: sorted (strings by their UTF-8 bytes, numbers by value, binaries by their bytes), none
 * twice. Canonical members are equal exactly when their texts are.
 */
export type SetType = 'SS' | 'NS' | 'BS';

/** Order of two canonical members of a set of this type: negative, zero or positive. */
export function compareMembers(type: SetType, a: string, b: string): number {
  if (type === 'SS') return compareUtf8(a, b);
  return type === 'NS' ? compareNumbers(a, b) : compareBase64(a, b);
}

/** True when every member is greater than the one before it. */
export function areMembersSorted(type: SetType, members: readonly string[]): boolean {
  for (let at = 1; at < members.length; at++) {
    if (compareMembers(type, members[at - 1] as string, members[at] as string) >= 0) return false;
  }
  return true;
}

/** A sorted copy; members that are there twice stay twice. */
export function sortMembers(type: SetType, members: readonly string[]): string[] {
  if (type === 'SS') return [...members].sort(compareUtf8);
  if (type === 'BS') return [...members].sort(compareBase64);
  // Each number is read once, not once for each comparison: a set may have a hundred thousand of them.
  const read = members.map((text) => ({ text, decimal: parseDecimal(text) }));
  return read.sort((a, b) => compareDecimals(a.decimal, b.decimal)).map((member) => member.text);
}
