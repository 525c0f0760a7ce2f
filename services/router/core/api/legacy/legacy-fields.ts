import { LEGACY_OPERATORS } from '../../../../shared/expression/legacy-condition.ts';
import { ATTRIBUTES_TO_GET_MAX } from '../../../../shared/limits/api-limits.ts';
import { lengthAtLeast, lengthAtMost, listMembers, notNull, oneOf } from '../constraint.ts';
import type { Field, ValueType } from '../field.ts';

/** The older parameters of requests, from before there were expressions ("Legacy DynamoDB conditional parameters" of the Developer Guide). */

const MODEL = 'com.amazonaws.dynamodb.v20120810.';

const attributeValueList: Field = {
  name: 'AttributeValueList',
  type: { kind: 'list', member: { kind: 'attribute', asMember: true } },
};
const comparisonOperator: Field = { name: 'ComparisonOperator', type: { kind: 'string' }, constraints: [oneOf(...LEGACY_OPERATORS)] };

export const conditionalOperator: Field = { name: 'ConditionalOperator', type: { kind: 'string' }, constraints: [oneOf('OR', 'AND')] };

export const attributesToGet: Field = {
  name: 'AttributesToGet',
  type: { kind: 'list', member: { kind: 'string' } },
  constraints: [lengthAtLeast(1), lengthAtMost(ATTRIBUTES_TO_GET_MAX), listMembers(notNull)],
};

export const expected: Field = mapOf('Expected', 'ExpectedAttributeValue', [
  attributeValueList,
  comparisonOperator,
  { name: 'Exists', type: { kind: 'boolean' } },
  { name: 'Value', type: { kind: 'attribute' } },
]);

/** Of PutItem, UpdateItem and DeleteItem. */
export const legacyConditionFields: readonly Field[] = [conditionalOperator, expected];

export const attributeUpdates: Field = mapOf('AttributeUpdates', 'AttributeValueUpdate', [
  { name: 'Action', type: { kind: 'string' }, constraints: [oneOf('ADD', 'DELETE', 'PUT')] },
  { name: 'Value', type: { kind: 'attribute' } },
]);

export const queryFilter = mapOf('QueryFilter', 'Condition', [attributeValueList, { ...comparisonOperator, notNull: true }]);
export const scanFilter: Field = { ...queryFilter, name: 'ScanFilter' };
export const keyConditions = mapOf('KeyConditions', 'Condition', [{ ...comparisonOperator, notNull: true }, attributeValueList]);

function mapOf(name: string, java: string, fields: readonly Field[]): Field {
  const member: ValueType = { kind: 'structure', java, fields, asMember: true };
  return { name, type: { kind: 'map', member, java: MODEL + java } };
}
