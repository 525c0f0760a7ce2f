import { must, unreachable } from '../base/assert.ts';
import { attributeNames, typeOf } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { COMPARED_ELEMENT_WORK } from '../limits/expression-limits.ts';
import { compareValues, equalValues } from '../item/value-order.ts';
import type { ComparisonWork } from '../item/value-order.ts';
import { boundPath, boundValue } from './binding.ts';
import { valueAt } from './document-path.ts';
import type { DocumentPath } from './document-path.ts';
import { ExpressionError } from './errors.ts';
import { hasPart, searchWork } from './part-search.ts';
import type { ComparisonOperator, Condition, FunctionCall, Operand } from './syntax-tree.ts';

/** Paths and values by the slots of the tree, and how much work may still be done for the item at hand. */
export interface Evaluation {
  readonly paths: readonly DocumentPath[];
  readonly values: readonly AttributeValue[];
  readonly work: ComparisonWork;
  /** The conditions that look at nothing in the item, and what those that were evaluated gave. */
  readonly known: { readonly conditions: ReadonlySet<Condition>; readonly results: Map<Condition, boolean> } | undefined;
}

const TOO_MUCH_WORK = 'The expression compares more data than one request may; repeat large operands less often';

/**
 * Evaluates a tree on a canonical item. A path that leads nowhere has no value, and no comparison but `<>` holds for it;
 * values of different types are unequal and have no order. The recursion is as deep as the tree, which has at most 300 operators.
 * Throws ExpressionError when the work is used up.
 */
export function isTrue(condition: Condition, evaluation: Evaluation, item: AttributeMap): boolean {
  const { known } = evaluation;
  if (known === undefined || !known.conditions.has(condition)) return holds(condition, evaluation, item);
  let result = known.results.get(condition);
  if (result === undefined) {
    result = holds(condition, evaluation, item);
    known.results.set(condition, result);
  }
  return result;
}

function holds(condition: Condition, evaluation: Evaluation, item: AttributeMap): boolean {
  switch (condition.kind) {
    case 'function':
      return functionHolds(condition, evaluation, item);
    case 'comparison':
      return comparisonHolds(
        condition.operator,
        operandValue(condition.left, evaluation, item),
        operandValue(condition.right, evaluation, item),
        evaluation.work,
      );
    case 'and':
      for (const term of condition.terms) if (!isTrue(term, evaluation, item)) return false;
      return true;
    case 'or':
      for (const term of condition.terms) if (isTrue(term, evaluation, item)) return true;
      return false;
    case 'not':
      return !isTrue(condition.term, evaluation, item);
    case 'between': {
      const value = operandValue(condition.operand, evaluation, item);
      return (
        comparisonHolds('>=', value, operandValue(condition.low, evaluation, item), evaluation.work) &&
        comparisonHolds('<=', value, operandValue(condition.high, evaluation, item), evaluation.work)
      );
    }
    case 'in': {
      const value = operandValue(condition.operand, evaluation, item);
      for (const candidate of condition.candidates) {
        if (comparisonHolds('=', value, operandValue(candidate, evaluation, item), evaluation.work)) return true;
      }
      return false;
    }
    default:
      return unreachable(condition);
  }
}

/** Counts work that is about to be done. */
function spend(work: ComparisonWork, units: number): void {
  work.left -= units;
  if (work.left < 0) throw new ExpressionError(TOO_MUCH_WORK);
}

function equal(left: AttributeValue, right: AttributeValue, work: ComparisonWork): boolean {
  const result = equalValues(left, right, work);
  spend(work, 0);
  return result;
}

function comparisonHolds(
  operator: ComparisonOperator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
  work: ComparisonWork,
): boolean {
  if (left === undefined || right === undefined) return operator === '<>';
  if (operator === '=') return equal(left, right, work);
  if (operator === '<>') return !equal(left, right, work);
  spend(work, Math.min(textLength(left), textLength(right)));
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

function operandValue(operand: Operand, evaluation: Evaluation, item: AttributeMap): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(item, boundPath(evaluation, operand.path));
    case 'value':
      return boundValue(evaluation, operand);
    case 'function': {
      // The parser lets no other function than size be an operand.
      const value = operandValue(must(operand.operands[0]), evaluation, item);
      const size = value === undefined ? undefined : sizeOf(value, evaluation.work);
      return size === undefined ? undefined : { N: String(size) };
    }
    default:
      return unreachable(operand);
  }
}

function functionHolds(call: FunctionCall, evaluation: Evaluation, item: AttributeMap): boolean {
  const value = operandValue(must(call.operands[0]), evaluation, item);
  switch (call.name) {
    case 'attribute_exists':
      return value !== undefined;
    case 'attribute_not_exists':
      return value === undefined;
    default:
  }
  const argument = operandValue(must(call.operands[1]), evaluation, item);
  if (value === undefined || argument === undefined) return false;
  switch (call.name) {
    case 'attribute_type':
      return 'S' in argument && argument.S === typeOf(value);
    case 'begins_with':
      return beginsWith(value, argument, evaluation.work);
    default:
      return contains(value, argument, evaluation.work);
  }
}

/**
 * UTF-16 code units of a string (as the service counts, which is not what it charges for), bytes of a binary, elements of a
 * set, list or map; undefined for types without a size.
 */
function sizeOf(value: AttributeValue, work: ComparisonWork): number | undefined {
  if ('S' in value) return value.S.length;
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('L' in value) return value.L.length;
  if ('M' in value) {
    const names = attributeNames(value.M).length;
    spend(work, names * COMPARED_ELEMENT_WORK);
    return names;
  }
  return membersOf(value)?.length;
}

function membersOf(value: AttributeValue): readonly string[] | undefined {
  if ('SS' in value) return value.SS;
  if ('NS' in value) return value.NS;
  return 'BS' in value ? value.BS : undefined;
}

/** Characters of a string, or of a binary in base64. */
function textLength(value: AttributeValue): number {
  return 'S' in value ? value.S.length : 'B' in value ? value.B.length : 0;
}

function beginsWith(value: AttributeValue, prefix: AttributeValue, work: ComparisonWork): boolean {
  spend(work, textLength(prefix));
  if ('S' in value) return 'S' in prefix && value.S.startsWith(prefix.S);
  if (!('B' in value) || !('B' in prefix) || prefix.B.length > value.B.length) return false;
  const start = decoded(prefix.B);
  // Four characters are three bytes, so as many characters as the prefix has hold all the bytes that are compared.
  return decoded(value.B.slice(0, prefix.B.length)).subarray(0, start.length).equals(start);
}

/** A part of a string or binary, a member of a set, or an element of a list. */
function contains(value: AttributeValue, part: AttributeValue, work: ComparisonWork): boolean {
  if ('L' in value) return value.L.some((element) => equal(element, part, work));
  const members = membersOf(value);
  if (members !== undefined) {
    const member = memberText(value, part);
    spend(work, members.length * COMPARED_ELEMENT_WORK);
    return member !== undefined && members.includes(member);
  }
  spend(work, searchWork(textLength(value), textLength(part)));
  if ('S' in value) return 'S' in part && hasPart(value.S, part.S);
  return 'B' in value && 'B' in part && hasPart(decoded(value.B).toString('latin1'), decoded(part.B).toString('latin1'));
}

/** The text that `part` would have as a member of this set. */
function memberText(set: AttributeValue, part: AttributeValue): string | undefined {
  if ('SS' in set) return 'S' in part ? part.S : undefined;
  if ('NS' in set) return 'N' in part ? part.N : undefined;
  return 'B' in part ? part.B : undefined;
}

function decoded(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
