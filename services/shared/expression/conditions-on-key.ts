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
 * keys pattern" of the Developer Guide). Throws ExpressionError with the service's texts. That for a gap or a range among several sort
 * attributes is the one of DynamoDB Local 3.3.1, as floci-io/floci records it; the service's names the same two attributes (pull request
 * 31448 of scylladb/scylladb).
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
  return { partition: values, sort: conditionsOnSort(sort, count - values.length, conditionOn) };
}

function conditionsOnSort(
  sort: readonly KeyAttribute[],
  count: number,
  conditionOn: (attribute: KeyAttribute) => AttributeCondition | undefined,
): readonly AttributeCondition[] {
  const found = sort.map(conditionOn);
  const given = found.filter((condition) => condition !== undefined);
  // What is left over is on attributes that are not of this key.
  if (given.length < count) {
    const missed = sort[found.indexOf(undefined)];
    throw missed === undefined ? new ExpressionError(NOT_SUPPORTED) : missedKeyElement(missed);
  }
  for (const [at, { name }] of sort.entries()) {
    const earlier = sort.find((_, before) => before < at && found[before]?.operator !== '=');
    if (found[at] === undefined || earlier === undefined) continue;
    throw new ExpressionError(
      `RANGE key attributes ${earlier.name} must have equality conditions specified in the query because a condition is present on ` +
        `key attribute ${name}`,
    );
  }
  return given;
}

function missedKeyElement({ name }: KeyAttribute): ExpressionError {
  return new ExpressionError(`Query condition missed key schema element: ${name}`);
}
