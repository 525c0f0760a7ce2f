import { typeOf } from '../item/attribute-map.ts';
import type { KeyAttribute } from '../item/attribute-value.ts';
import type { IndexKeySchema } from '../item/index-key.ts';
import { conditionsOnKey } from './conditions-on-key.ts';
import type { AttributeCondition, KeyCondition, SortKeyOperator } from './conditions-on-key.ts';
import { ExpressionError } from './errors.ts';
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

/**
 * What the older parameter KeyConditions asks of the key of a table or index. Throws ExpressionError with the service's texts, in the
 * order that the authors of dynalite recorded.
 */
export function analyzeLegacyKeyConditions(conditions: readonly LegacyCondition[], schema: IndexKeySchema): KeyCondition {
  return conditionsOnKey(schema, conditions.length, (attribute) => conditionOn(attribute, conditions));
}

function conditionOn({ name, type }: KeyAttribute, conditions: readonly LegacyCondition[]): AttributeCondition | undefined {
  const condition = conditions.find((one) => one.name === name);
  if (condition === undefined) return undefined;
  const operator = KEY_OPERATORS[condition.operator];
  if (operator === undefined) throw new ExpressionError('Attempted conditional constraint is not an indexable operation');
  if (condition.values.some((value) => typeOf(value) !== type)) {
    throw new ExpressionError('One or more parameter values were invalid: Condition parameter type does not match schema type');
  }
  return { operator, values: condition.values };
}
