import { compareNumbers } from '../item/decimal.ts';
import { compareUtf8 } from '../item/unicode.ts';
import { compareBase64 } from '../item/value-order.ts';
import type { AttributeValue } from '../item/attribute-value.ts';

/** A set of strings, numbers or binaries. */
export type AttributeSet = Extract<AttributeValue, { readonly SS: unknown } | { readonly NS: unknown } | { readonly BS: unknown }>;

/** The union of two canonical sets, canonical; undefined when their types differ. */
export function unionOfSets(one: AttributeSet, two: AttributeSet): AttributeSet | undefined {
  if ('SS' in one) return 'SS' in two ? { SS: union(one.SS, two.SS, compareUtf8) } : undefined;
  if ('NS' in one) return 'NS' in two ? { NS: union(one.NS, two.NS, compareNumbers) } : undefined;
  return 'BS' in two ? { BS: union(one.BS, two.BS, compareBase64) } : undefined;
}

/** The members of `one` that are not in `two`, maybe none; undefined when the types differ. */
export function differenceOfSets(one: AttributeSet, two: AttributeSet): AttributeSet | undefined {
  if ('SS' in one) return 'SS' in two ? { SS: difference(one.SS, two.SS, compareUtf8) } : undefined;
  if ('NS' in one) return 'NS' in two ? { NS: difference(one.NS, two.NS, compareNumbers) } : undefined;
  return 'BS' in two ? { BS: difference(one.BS, two.BS, compareBase64) } : undefined;
}

export function membersOfSet(set: AttributeSet): readonly string[] {
  if ('SS' in set) return set.SS;
  return 'NS' in set ? set.NS : set.BS;
}

export function isSet(value: AttributeValue): value is AttributeSet {
  return 'SS' in value || 'NS' in value || 'BS' in value;
}

/** Merges two sorted lists without duplicates into one. */
function union(one: readonly string[], two: readonly string[], compare: (a: string, b: string) => number): readonly string[] {
  const merged: string[] = [];
  let at = 0;
  for (const member of two) {
    for (; at < one.length; at += 1) {
      const other = one[at] as string;
      const order = compare(other, member);
      if (order > 0) break;
      if (order < 0) merged.push(other);
    }
    merged.push(member);
  }
  for (; at < one.length; at += 1) merged.push(one[at] as string);
  return merged;
}

/** A set that is so much longer than the other one is searched instead of being looked at whole. */
const SEARCHED_FACTOR = 8;

/**
 * Canonical members are equal exactly when their texts are. The cost goes by `one`, which is part of an item: an expression can
 * name the same huge `two` a thousand times.
 */
function difference(one: readonly string[], two: readonly string[], compare: (a: string, b: string) => number): readonly string[] {
  if (two.length > SEARCHED_FACTOR * one.length) return one.filter((member) => !isMember(two, member, compare));
  const removed = new Set(two);
  return one.filter((member) => !removed.has(member));
}

function isMember(sorted: readonly string[], member: string, compare: (a: string, b: string) => number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as string, member) < 0) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === member;
}
