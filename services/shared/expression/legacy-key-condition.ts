import { typeOf } from '../item/attribute-map.ts';
import type { KeyAttribute, KeySchema } from '../item/attribute-value.ts';
import { ExpressionError } from './errors.ts';
import type { KeyCondition, SortKeyOperator } from './key-condition.ts';
import type { LegacyCondition, LegacyOperator } from './legacy-condition.ts';

/** The operators with which a key can be looked up. */
const KEY_OPERATORS: Partial<Record<LegacyOperator, SortKeyOperator>> = {
  EQ: '=',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
  BETWEEN: 'between',
  BEGINS_WITH: 'begins_with',
};

const NOT_SUPPORTED = 'Query key condition not supported';

/**
 * What the older parameter KeyConditions asks of the key of a table or index; there are one or two conditions. Throws
 * ExpressionError with the service's texts, in the order that the authors of dynalite recorded.
 */
export function analyzeLegacyKeyConditions(conditions: readonly LegacyCondition[], { partition, sort }: KeySchema): KeyCondition {
  if (sort === undefined && conditions.length > 1) throw new ExpressionError(NOT_SUPPORTED);
  const onPartition = conditionOn(partition, conditions);
  if (onPartition === undefined) throw missed(partition);
  const [value] = onPartition.values;
  if (onPartition.operator !== '=' || value === undefined) throw new ExpressionError(NOT_SUPPORTED);
  if (sort === undefined || conditions.length === 1) return { partition: value };
  const onSort = conditionOn(sort, conditions);
  if (onSort === undefined) throw missed(sort);
  return { partition: value, sort: onSort };
}

function conditionOn({ name, type }: KeyAttribute, conditions: readonly LegacyCondition[]): KeyCondition['sort'] {
  const condition = conditions.find((one) => one.name === name);
  if (condition === undefined) return undefined;
  const operator = KEY_OPERATORS[condition.operator];
  if (operator === undefined) throw new ExpressionError('Attempted conditional constraint is not an indexable operation');
  if (condition.values.some((value) => typeOf(value) !== type)) {
    throw new ExpressionError('One or more parameter values were invalid: Condition parameter type does not match schema type');
  }
  return { operator, values: condition.values };
}

function missed({ name }: KeyAttribute): ExpressionError {
  return new ExpressionError(`Query condition missed key schema element: ${name}`);
}
