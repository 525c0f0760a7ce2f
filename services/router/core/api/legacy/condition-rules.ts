import type { LegacyCondition, LegacyOperator } from '../../../../shared/expression/legacy-condition.ts';
import { typeOf } from '../../../../shared/item/attribute-map.ts';
import type { AttributeType, AttributeValue } from '../../../../shared/item/attribute-value.ts';
import { compareValues } from '../../../../shared/item/value-order.ts';
import { validationError } from '../api-error.ts';

export const INVALID = 'One or more parameter values were invalid: ';

/** How many values an operator takes; IN takes one and more. */
const VALUE_COUNTS: Readonly<Record<LegacyOperator, number>> = {
  NULL: 0,
  NOT_NULL: 0,
  EQ: 1,
  NE: 1,
  LE: 1,
  LT: 1,
  GE: 1,
  GT: 1,
  CONTAINS: 1,
  NOT_CONTAINS: 1,
  BEGINS_WITH: 1,
  IN: 1,
  BETWEEN: 2,
};

const ORDERED: readonly AttributeType[] = ['S', 'N', 'B'];

/** The types of values that an operator takes; EQ and NE take all ("ComparisonOperator" of the API reference). */
const VALUE_TYPES: Partial<Record<LegacyOperator, readonly AttributeType[]>> = {
  LE: ORDERED,
  LT: ORDERED,
  GE: ORDERED,
  GT: ORDERED,
  BETWEEN: ORDERED,
  IN: ORDERED,
  CONTAINS: ORDERED,
  NOT_CONTAINS: ORDERED,
  BEGINS_WITH: ['S', 'B'],
};

/** The condition, its values being right in number, of one type, and of a type that the operator takes. Throws ValidationException. */
export function checkedCondition(name: string, operator: LegacyOperator, values: readonly AttributeValue[]): LegacyCondition {
  const count = VALUE_COUNTS[operator];
  if (operator === 'IN' ? values.length < count : values.length !== count) {
    throw validationError(`${INVALID}Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const [first, second] = values;
  if (first === undefined) return { name, operator, values };
  const type = typeOf(first);
  if (values.some((value) => typeOf(value) !== type)) {
    throw validationError(`${INVALID}AttributeValues inside AttributeValueList must be of same type`);
  }
  const types = VALUE_TYPES[operator];
  if (types !== undefined && !types.includes(type)) {
    throw validationError(`${INVALID}ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
  }
  if (operator === 'BETWEEN' && second !== undefined && (compareValues(first, second) ?? 0) > 0) {
    throw validationError('The BETWEEN condition was provided a range where the lower bound is greater than the upper bound');
  }
  return { name, operator, values };
}
