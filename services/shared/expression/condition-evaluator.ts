import { must, unreachable } from '../base/assert.ts';
import { attributeNames, typeOf } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { compareValues, equalValues } from '../item/value-order.ts';
import { boundPath, boundValue } from './binding.ts';
import { valueAt } from './document-path.ts';
import type { DocumentPath } from './document-path.ts';
import type { ComparisonOperator, Condition, FunctionCall, Operand } from './syntax-tree.ts';

/** Paths and values by the slots of the tree. */
interface Operands {
  readonly paths: readonly DocumentPath[];
  readonly values: readonly AttributeValue[];
}

/**
 * Evaluates a tree on a canonical item. A path that leads nowhere has no value, and no comparison but `<>` holds for it;
 * values of different types are unequal and have no order. The recursion is as deep as the tree, which has at most 300 operators.
 */
export function isTrue(condition: Condition, operands: Operands, item: AttributeMap): boolean {
  switch (condition.kind) {
    case 'function':
      return functionHolds(condition, operands, item);
    case 'comparison':
      return comparisonHolds(
        condition.operator,
        operandValue(condition.left, operands, item),
        operandValue(condition.right, operands, item),
      );
    case 'and':
      for (const term of condition.terms) if (!isTrue(term, operands, item)) return false;
      return true;
    case 'or':
      for (const term of condition.terms) if (isTrue(term, operands, item)) return true;
      return false;
    case 'not':
      return !isTrue(condition.term, operands, item);
    case 'between': {
      const value = operandValue(condition.operand, operands, item);
      return (
        comparisonHolds('>=', value, operandValue(condition.low, operands, item)) &&
        comparisonHolds('<=', value, operandValue(condition.high, operands, item))
      );
    }
    case 'in': {
      const value = operandValue(condition.operand, operands, item);
      for (const candidate of condition.candidates) {
        if (comparisonHolds('=', value, operandValue(candidate, operands, item))) return true;
      }
      return false;
    }
    default:
      return unreachable(condition);
  }
}

function comparisonHolds(operator: ComparisonOperator, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return operator === '<>';
  if (operator === '=') return equalValues(left, right);
  if (operator === '<>') return !equalValues(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return unreachable(operator);
  }
}

function operandValue(operand: Operand, operands: Operands, item: AttributeMap): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(item, boundPath(operands, operand.path));
    case 'value':
      return boundValue(operands, operand);
    case 'function': {
      // The parser lets no other function than size be an operand.
      const value = operandValue(must(operand.operands[0]), operands, item);
      const size = value === undefined ? undefined : sizeOf(value);
      return size === undefined ? undefined : { N: String(size) };
    }
    default:
      return unreachable(operand);
  }
}

function functionHolds(call: FunctionCall, operands: Operands, item: AttributeMap): boolean {
  const value = operandValue(must(call.operands[0]), operands, item);
  switch (call.name) {
    case 'attribute_exists':
      return value !== undefined;
    case 'attribute_not_exists':
      return value === undefined;
    default:
  }
  const argument = operandValue(must(call.operands[1]), operands, item);
  if (value === undefined || argument === undefined) return false;
  switch (call.name) {
    case 'attribute_type':
      return 'S' in argument && argument.S === typeOf(value);
    case 'begins_with':
      return beginsWith(value, argument);
    default:
      return contains(value, argument);
  }
}

/**
 * UTF-16 code units of a string (as the service counts, which is not what it charges for), bytes of a binary, elements of a
 * set, list or map; undefined for types without a size.
 */
function sizeOf(value: AttributeValue): number | undefined {
  if ('S' in value) return value.S.length;
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('L' in value) return value.L.length;
  if ('M' in value) return attributeNames(value.M).length;
  return membersOf(value)?.length;
}

function membersOf(value: AttributeValue): readonly string[] | undefined {
  if ('SS' in value) return value.SS;
  if ('NS' in value) return value.NS;
  return 'BS' in value ? value.BS : undefined;
}

function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if ('S' in value) return 'S' in prefix && value.S.startsWith(prefix.S);
  if (!('B' in value) || !('B' in prefix)) return false;
  const start = decoded(prefix.B);
  return decoded(value.B).subarray(0, start.length).equals(start);
}

/** A part of a string or binary, a member of a set, or an element of a list. */
function contains(value: AttributeValue, part: AttributeValue): boolean {
  if ('S' in value) return 'S' in part && value.S.includes(part.S);
  if ('B' in value) return 'B' in part && decoded(value.B).includes(decoded(part.B));
  if ('L' in value) return value.L.some((element) => equalValues(element, part));
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S);
  if ('NS' in value) return 'N' in part && value.NS.includes(part.N);
  return 'BS' in value && 'B' in part && value.BS.includes(part.B);
}

function decoded(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
