import { bindCondition } from '../../../shared/expression/condition.ts';
import type { BoundCondition, ConditionField } from '../../../shared/expression/condition.ts';
import type { ExpressionCache } from './expression-cache.ts';
import { conditionalOperator } from './item-fields.ts';
import type { JsonObject } from './json-object.ts';
import type { Placeholders } from './placeholders.ts';
import type { Field } from './field.ts';
import type { ValueType } from './field.ts';

/** Conditions of writes, and their older form, of which only the types are checked before it is refused. */

const attributeValue: ValueType = { kind: 'structure', java: 'AttributeValue', fields: [] };
const comparison: readonly Field[] = [
  { name: 'AttributeValueList', type: { kind: 'list', member: { ...attributeValue, asMember: true } } },
  { name: 'ComparisonOperator', type: { kind: 'string' } },
];

/** QueryFilter, ScanFilter and KeyConditions. */
export function legacyConditions(name: string): Field {
  const member: ValueType = { kind: 'structure', java: 'Condition', fields: comparison, asMember: true };
  return { name, type: { kind: 'map', member, java: 'com.amazonaws.dynamodb.v20120810.Condition' } };
}

export const expected: Field = {
  name: 'Expected',
  type: {
    kind: 'map',
    java: 'com.amazonaws.dynamodb.v20120810.ExpectedAttributeValue',
    member: {
      kind: 'structure',
      java: 'ExpectedAttributeValue',
      asMember: true,
      fields: [...comparison, { name: 'Exists', type: { kind: 'boolean' } }, { name: 'Value', type: attributeValue }],
    },
  },
};

export const legacyConditionFields: readonly Field[] = [conditionalOperator, expected];

/** The parsed and bound condition in this field, if the request has one. Throws ExpressionError. */
export function readCondition(
  input: JsonObject,
  field: ConditionField,
  { names, values }: Placeholders,
  cache: ExpressionCache,
): BoundCondition | undefined {
  const text = input[field] as string | null | undefined;
  if (text === undefined || text === null) return undefined;
  return bindCondition(cache.condition(text, field), names, values);
}
