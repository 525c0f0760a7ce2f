import { must, unreachable } from '../base/assert.ts';
import { prefixEnd } from '../base/bytes.ts';
import { typeOf } from './attribute-map.ts';
import type { AttributeValue, KeyAttribute, KeyAttributeType } from './attribute-value.ts';
import { ItemError } from './item-error.ts';
import { encodeOrdered } from './ordered-value.ts';

/** Whole keys from `low`, included, to `high`, excluded; empty when both are the same. */
export interface KeyRange {
  readonly low: Buffer;
  readonly high: Buffer;
}

/** A condition on one sort attribute. `values` holds two for `between`, low and high, and one for the others. */
export interface SortKeyCondition {
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | 'between' | 'begins_with';
  readonly values: readonly AttributeValue[];
}

export const CONDITION_TYPE = 'One or more parameter values were invalid: Condition parameter type does not match schema type';

/**
 * The keys that begin with `prefix`, the bytes of one partition, and meet the conditions: on the first of the sort attributes, all but
 * the last being `=`. What follows in the keys, other sort values or a table's key, may be anything. Throws ItemError when a value is not
 * of its attribute's type.
 */
export function sortKeyRange(prefix: Buffer, sort: readonly KeyAttribute[], conditions: readonly SortKeyCondition[]): KeyRange {
  let range = startingWith(prefix);
  conditions.forEach((condition, position) => {
    range = rangeWithin(range.low, sort[position]?.type, condition);
  });
  return range;
}

function rangeWithin(prefix: Buffer, type: KeyAttributeType | undefined, { operator, values }: SortKeyCondition): KeyRange {
  const [first, second] = values;
  for (const value of values) if (typeOf(value) !== type) throw new ItemError('validation', CONDITION_TYPE);
  const bound = Buffer.concat([prefix, encodeOrdered(must(first))]);
  switch (operator) {
    case '=':
      return startingWith(bound);
    case '<':
      return { low: prefix, high: bound };
    case '<=':
      return { low: prefix, high: endOf(bound) };
    case '>':
      return { low: endOf(bound), high: endOf(prefix) };
    case '>=':
      return { low: bound, high: endOf(prefix) };
    case 'between': {
      const high = endOf(Buffer.concat([prefix, encodeOrdered(must(second))]));
      return { low: bound, high: Buffer.compare(bound, high) < 0 ? high : bound };
    }
    case 'begins_with':
      if (type === 'N') throw new ItemError('validation', CONDITION_TYPE);
      // Without its last byte the encoding of a string or binary begins the encodings of all that begin with it.
      return startingWith(bound.subarray(0, bound.length - 1));
    default:
      return unreachable(operator);
  }
}

function startingWith(prefix: Buffer): KeyRange {
  return { low: prefix, high: endOf(prefix) };
}

/** There is always an end, for the type byte behind the hash is never 0xff. */
function endOf(prefix: Buffer): Buffer {
  return must(prefixEnd(prefix));
}
