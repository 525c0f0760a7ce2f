import type { LegacyCondition, LegacyOperator } from '../../../../shared/expression/legacy-condition.ts';
import type { AttributeValue } from '../../../../shared/item/attribute-value.ts';
import { canonicalizeValue } from '../../../../shared/item/canonical-value.ts';
import { validationError } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { readBoolean } from '../value-type.ts';
import { checkedCondition, INVALID } from './condition-rules.ts';

/** A map of conditions: QueryFilter, ScanFilter or KeyConditions. Throws ValidationException or ItemError. */
export function readConditionMap(input: JsonObject, field: 'QueryFilter' | 'ScanFilter' | 'KeyConditions'): readonly LegacyCondition[] {
  const conditions = (input[field] ?? {}) as JsonObject;
  return Object.keys(conditions).map((name) => {
    const { ComparisonOperator: operator, AttributeValueList: list } = conditions[name] as JsonObject;
    return checkedCondition(name, operator as LegacyOperator, readValues(list));
  });
}

/** The conditions of Expected. Throws ValidationException or ItemError. */
export function readExpected(input: JsonObject): readonly LegacyCondition[] {
  const expected = (input.Expected ?? {}) as JsonObject;
  return Object.keys(expected).map((name) => readExpectation(name, (expected[name] ?? {}) as JsonObject));
}

function readExpectation(name: string, expectation: JsonObject): LegacyCondition {
  const hasList = isGiven(expectation, 'AttributeValueList');
  const hasValue = isGiven(expectation, 'Value');
  if (hasList && hasValue) throw invalid(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
  if (!isGiven(expectation, 'ComparisonOperator')) {
    if (hasList) throw invalid(`AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`);
    return readExistence(name, expectation);
  }
  const operator = expectation.ComparisonOperator as LegacyOperator;
  if (isGiven(expectation, 'Exists')) throw invalid(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`);
  if (!hasList && !hasValue && operator !== 'NULL' && operator !== 'NOT_NULL') {
    throw invalid(`Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${name}`);
  }
  return checkedCondition(name, operator, hasValue ? [canonicalizeValue(expectation.Value)] : readValues(expectation.AttributeValueList));
}

/** The oldest form: a value that the attribute has, or that it is not there. */
function readExistence(name: string, expectation: JsonObject): LegacyCondition {
  const exists = isGiven(expectation, 'Exists') ? readBoolean(expectation.Exists) : undefined;
  const hasValue = isGiven(expectation, 'Value');
  if (exists === false) {
    if (hasValue) throw invalid(`Value cannot be used when Exists is false for Attribute: ${name}`);
    return { name, operator: 'NULL', values: [] };
  }
  if (!hasValue) throw invalid(`Value must be provided when Exists is ${exists ?? 'null'} for Attribute: ${name}`);
  return { name, operator: 'EQ', values: [canonicalizeValue(expectation.Value)] };
}

/**
 * How the conditions are joined. Throws ValidationException when ConditionalOperator comes without conditions to join. The texts are
 * those that ExtendDB gives for the service's.
 */
export function readConnective(input: JsonObject, conditions: number): 'AND' | 'OR' {
  const connective = (input.ConditionalOperator ?? undefined) as 'AND' | 'OR' | undefined;
  if (connective === undefined) return 'AND';
  if (conditions === 0) throw validationError('ConditionalOperator cannot be used without Filter or Expected');
  if (conditions > 1) return connective;
  throw validationError('ConditionalOperator can only be used when Filter or Expected has two or more elements');
}

function readValues(list: unknown): readonly AttributeValue[] {
  return ((list ?? []) as readonly unknown[]).map(canonicalizeValue);
}

function invalid(reason: string): Error {
  return validationError(INVALID + reason);
}
