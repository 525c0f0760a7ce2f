import type { AttributeValue, KeyAttribute } from '../item/attribute-value.ts';
import type { IndexKeySchema } from '../item/index-key.ts';
import { ExpressionError } from './errors.ts';

export type SortKeyOperator = '=' | '<' | '<=' | '>' | '>=' | 'between' | 'begins_with';

/** A condition on one attribute, which stands on the left. `values` holds two for `between`, low and high, and one for the others. */
export interface AttributeCondition {
  readonly operator: SortKeyOperator;
  readonly values: readonly AttributeValue[];
}

/** What a Query asks of the key: one partition, and perhaps a range within it. */
export interface KeyCondition {
  /** The value of each partition attribute, in the order of the key. */
  readonly partition: readonly AttributeValue[];
  /** Conditions on the first of the sort attributes, in the order of the key; all but the last are `=`. */
  readonly sort: readonly AttributeCondition[];
}

/** Which attributes a table's key may have: what is more is a key of several attributes. */
const PLAIN_KEY_ATTRIBUTES = 2;
const NOT_SUPPORTED = 'Query key condition not supported';

/**
 * Holds `count` conditions against the key of a table or index; `conditionOn` gives the one on an attribute. Every partition attribute
 * needs a condition of `=`; the sort attributes may have conditions from left to right without a gap, and a range ends them ("Multi-attribute
 * keys pattern" of the Developer Guide). Throws ExpressionError with the service's texts; which of them it has for keys of more than two
 * attributes is not documented.
 */
export function conditionsOnKey(
  { partition, sort }: IndexKeySchema,
  count: number,
  conditionOn: (attribute: KeyAttribute) => AttributeCondition | undefined,
): KeyCondition {
  const attributes = partition.length + sort.length;
  if (count > PLAIN_KEY_ATTRIBUTES && attributes <= PLAIN_KEY_ATTRIBUTES) {
    throw new ExpressionError('Conditions can be of length 1 or 2 only');
  }
  if (count > attributes) throw new ExpressionError(NOT_SUPPORTED);
  const values = partition.map((attribute) => {
    const condition = conditionOn(attribute);
    if (condition === undefined) throw missedKeyElement(attribute);
    const [value] = condition.values;
    if (condition.operator !== '=' || value === undefined) throw new ExpressionError(NOT_SUPPORTED);
    return value;
  });
  const conditions: AttributeCondition[] = [];
  for (let left = count - values.length; left > 0; left--) {
    const attribute = sort[conditions.length];
    const condition = attribute === undefined ? undefined : conditionOn(attribute);
    if (condition === undefined) throw attribute === undefined ? new ExpressionError(NOT_SUPPORTED) : missedKeyElement(attribute);
    if (left > 1 && condition.operator !== '=') throw new ExpressionError(NOT_SUPPORTED);
    conditions.push(condition);
  }
  return { partition: values, sort: conditions };
}

function missedKeyElement({ name }: KeyAttribute): ExpressionError {
  return new ExpressionError(`Query condition missed key schema element: ${name}`);
}
