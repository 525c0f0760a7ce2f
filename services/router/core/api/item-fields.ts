import { oneOf } from './constraint.ts';
import type { JsonObject } from './json-object.ts';
import type { Field } from './field.ts';
import { readBoolean } from './value-type.ts';

/** Fields that several operations on items share. */

export const key: Field = { name: 'Key', type: { kind: 'attributes' }, notNull: true };
export const consistentRead: Field = { name: 'ConsistentRead', type: { kind: 'boolean' } };
export const conditionExpression: Field = { name: 'ConditionExpression', type: { kind: 'string' } };
export const projectionExpression: Field = { name: 'ProjectionExpression', type: { kind: 'string' } };
export const returnValues: Field = {
  name: 'ReturnValues',
  type: { kind: 'string' },
  constraints: [oneOf('ALL_NEW', 'UPDATED_OLD', 'ALL_OLD', 'NONE', 'UPDATED_NEW')],
};
export const returnValuesOnConditionCheckFailure: Field = {
  name: 'ReturnValuesOnConditionCheckFailure',
  type: { kind: 'string' },
  constraints: [oneOf('ALL_OLD', 'NONE')],
};
/** SIZE asks for the size of item collections, which exist in tables with a local index only. */
export const returnItemCollectionMetrics: Field = {
  name: 'ReturnItemCollectionMetrics',
  type: { kind: 'string' },
  constraints: [oneOf('SIZE', 'NONE')],
};

export function wantsCollectionMetrics(input: JsonObject): boolean {
  return input.ReturnItemCollectionMetrics === 'SIZE';
}

export function readFlag(input: JsonObject, name: string): boolean {
  const value = input[name];
  return value !== undefined && value !== null && readBoolean(value);
}
