import { must, unreachable } from '../base/assert.ts';
import type { AttributeValue } from '../item/attribute-value.ts';
import type { PlaceholderWriter } from './placeholder-writer.ts';

/**
 * The conditions of the older parameters Expected, QueryFilter and ScanFilter, written as expressions: one language, one parser
 * and one evaluator serve both. Rules: Developer Guide, "Legacy DynamoDB conditional parameters".
 */

export const LEGACY_OPERATORS = [
  'IN',
  'NULL',
  'BETWEEN',
  'LT',
  'NOT_CONTAINS',
  'EQ',
  'GT',
  'NOT_NULL',
  'NE',
  'LE',
  'BEGINS_WITH',
  'GE',
  'CONTAINS',
] as const;

export type LegacyOperator = (typeof LEGACY_OPERATORS)[number];

/** A condition on one attribute of the item itself, its values canonical and as many as the operator takes. */
export interface LegacyCondition {
  readonly name: string;
  readonly operator: LegacyOperator;
  readonly values: readonly AttributeValue[];
}

/** The expression that says the same; there must be a condition. AND binds closer than OR, so no parentheses are needed. */
export function writeLegacyCondition(conditions: readonly LegacyCondition[], connective: 'AND' | 'OR', writer: PlaceholderWriter): string {
  return conditions.map((condition) => writeOne(condition, writer)).join(` ${connective} `);
}

const COMPARISONS = { EQ: '=', NE: '<>', LE: '<=', LT: '<', GE: '>=', GT: '>' } as const;

function writeOne({ name, operator, values }: LegacyCondition, writer: PlaceholderWriter): string {
  const attribute = writer.name(name);
  const operands = values.map((value) => writer.value(value));
  switch (operator) {
    case 'EQ':
    case 'NE':
    case 'LE':
    case 'LT':
    case 'GE':
    case 'GT':
      return `${attribute} ${COMPARISONS[operator]} ${must(operands[0])}`;
    case 'NULL':
      return `attribute_not_exists(${attribute})`;
    case 'NOT_NULL':
      return `attribute_exists(${attribute})`;
    case 'CONTAINS':
      return `contains(${attribute},${must(operands[0])})`;
    case 'NOT_CONTAINS':
      // Of an attribute that is not there the service says neither that it contains the value nor that it does not.
      return `attribute_exists(${attribute}) AND NOT contains(${attribute},${must(operands[0])})`;
    case 'BEGINS_WITH':
      return `begins_with(${attribute},${must(operands[0])})`;
    case 'IN':
      return `${attribute} IN (${operands.join(',')})`;
    case 'BETWEEN':
      return `${attribute} BETWEEN ${must(operands[0])} AND ${must(operands[1])}`;
    default:
      return unreachable(operator);
  }
}
