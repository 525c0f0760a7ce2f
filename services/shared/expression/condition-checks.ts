import { must, unreachable } from '../base/assert.ts';
import { typeOf } from '../item/attribute-map.ts';
import type { AttributeType, AttributeValue } from '../item/attribute-value.ts';
import { compareValues } from '../item/value-order.ts';
import { boundValue } from './binding.ts';
import type { Binding } from './binding.ts';
import { invalidExpression } from './errors.ts';
import { CONDITION_FUNCTION_OPERANDS } from './functions.ts';
import {
  checkDistinctOperands,
  checkIsPath,
  checkOperandCount,
  checkOperandType,
  incorrectOperandType,
  knownType,
} from './operand-checks.ts';
import type { FunctionCall, Operand, SimpleCondition } from './syntax-tree.ts';

/** Types that `<`, `<=`, `>`, `>=` and BETWEEN put in order. */
const ORDERED_TYPES: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'N', 'B']);

const PREFIX_TYPES: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'B']);

const SIZED_TYPES: ReadonlySet<AttributeType> = new Set<AttributeType>(['S', 'B', 'SS', 'NS', 'BS', 'L', 'M']);

const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set<AttributeType>(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M']);

/**
 * Checks the operands of one bound simple condition. Throws ExpressionError in the order in which the service reports:
 * number of operands, first operand distinct, types.
 */
export function checkSimpleCondition(condition: SimpleCondition, binding: Binding): void {
  switch (condition.kind) {
    case 'comparison': {
      const { operator, left, right } = condition;
      checkDistinctOperands(binding, operator, left, [right]);
      if (operator === '=' || operator === '<>') return;
      checkOperandType(binding, operator, left, ORDERED_TYPES);
      checkOperandType(binding, operator, right, ORDERED_TYPES);
      return;
    }
    case 'between': {
      const { operand, low, high } = condition;
      checkDistinctOperands(binding, 'BETWEEN', operand, [low, high]);
      for (const each of [operand, low, high]) checkOperandType(binding, 'BETWEEN', each, ORDERED_TYPES);
      checkBounds(binding, low, high);
      return;
    }
    case 'in':
      checkDistinctOperands(binding, 'IN', condition.operand, condition.candidates);
      return;
    case 'function':
      checkFunction(binding, condition);
      return;
    default:
      unreachable(condition);
  }
}

/** Operands that are function calls are checked before the condition that holds them. */
export function checkOperandFunctions(operand: Operand, binding: Binding): void {
  if (operand.kind !== 'function') return;
  for (const inner of operand.operands) checkOperandFunctions(inner, binding);
  checkFunction(binding, operand);
}

function checkFunction(binding: Binding, call: FunctionCall): void {
  const { name, operands } = call;
  checkOperandCount(binding, call, CONDITION_FUNCTION_OPERANDS);
  const first = must(operands[0]);
  if (operands.length > 1) checkDistinctOperands(binding, name, first, operands.slice(1));
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      checkIsPath(binding, call, first);
      return;
    case 'attribute_type':
      checkTypeName(binding, must(operands[1]));
      return;
    case 'begins_with':
      for (const operand of operands) checkOperandType(binding, name, operand, PREFIX_TYPES);
      return;
    case 'size':
      checkOperandType(binding, name, first, SIZED_TYPES);
      return;
    default:
      return;
  }
}

/** The second operand of attribute_type: a string that names a type. */
function checkTypeName(binding: Binding, operand: Operand): void {
  const type = knownType(operand, binding);
  // Where the type is open the service lists all, in the order of its own set.
  if (type !== 'S') throw incorrectOperandType(binding, 'attribute_type', type ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}');
  const name = operand.kind === 'value' ? boundValue(binding, operand) : undefined;
  if (name === undefined || !('S' in name) || ATTRIBUTE_TYPES.has(name.S)) return;
  throw invalidExpression(binding.field, `Invalid attribute type name found; type: ${name.S}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`);
}

function checkBounds(binding: Binding, low: Operand, high: Operand): void {
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const pair = `${low.placeholder} ${high.placeholder}`;
  if (binding.bounds.has(pair)) return;
  binding.bounds.add(pair);
  const lower = boundValue(binding, low);
  const upper = boundValue(binding, high);
  const order = compareValues(lower, upper);
  if (order !== undefined && order <= 0) return;
  const rule = order === undefined ? 'same data type for lower and upper bounds' : 'upper bound to be greater than or equal to lower bound';
  throw invalidExpression(
    binding.field,
    `The BETWEEN operator requires ${rule}; lower bound operand: ${formatScalar(lower)}, upper bound operand: ${formatScalar(upper)}`,
  );
}

/** Bounds are strings, numbers or binaries by now. */
function formatScalar(value: AttributeValue): string {
  const content = 'S' in value ? value.S : 'N' in value ? value.N : 'B' in value ? value.B : '';
  return `AttributeValue: {${typeOf(value)}:${content}}`;
}
