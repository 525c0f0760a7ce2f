import { must } from '../base/assert.ts';
import { typeOf } from '../item/attribute-map.ts';
import type { AttributeType } from '../item/attribute-value.ts';
import { boundValue } from './binding.ts';
import type { Binding } from './binding.ts';
import { invalidExpression } from './errors.ts';
import { UPDATE_FUNCTION_OPERANDS } from './functions.ts';
import { checkIsPath, checkOperandCount, checkOperandType } from './operand-checks.ts';
import type { FunctionCall, Operand, UpdateAction, ValueOperand } from './syntax-tree.ts';

const NUMBER: ReadonlySet<AttributeType> = new Set<AttributeType>(['N']);

const LIST: ReadonlySet<AttributeType> = new Set<AttributeType>(['L']);

const ADDED_TYPES: ReadonlySet<AttributeType> = new Set<AttributeType>(['N', 'SS', 'NS', 'BS']);

const DELETED_TYPES: ReadonlySet<AttributeType> = new Set<AttributeType>(['SS', 'NS', 'BS']);

/** The service names types by words in the texts of ADD and DELETE, by letters elsewhere. */
const TYPE_WORDS: Readonly<Record<AttributeType, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  BOOL: 'BOOLEAN',
  NULL: 'NULL',
  SS: 'STRING_SET',
  NS: 'NUMBER_SET',
  BS: 'BINARY_SET',
  L: 'LIST',
  M: 'MAP',
};

/** Checks the operands of bound actions, those of ADD and DELETE first, as the service does. Throws ExpressionError. */
export function checkActions(actions: readonly UpdateAction[], binding: Binding): void {
  for (const action of actions) {
    if (action.kind === 'add') checkSectionOperand(binding, 'ADD', action.value, ADDED_TYPES);
    if (action.kind === 'delete') checkSectionOperand(binding, 'DELETE', action.value, DELETED_TYPES);
  }
  for (const action of actions) {
    if (action.kind !== 'set') continue;
    const { value } = action;
    if (value.kind !== 'arithmetic') {
      checkOperand(binding, value);
      continue;
    }
    for (const operand of [value.left, value.right]) checkOperand(binding, operand);
    for (const operand of [value.left, value.right]) checkOperandType(binding, value.operator, operand, NUMBER);
  }
}

function checkSectionOperand(binding: Binding, section: 'ADD' | 'DELETE', operand: ValueOperand, types: ReadonlySet<AttributeType>): void {
  const type = typeOf(boundValue(binding, operand));
  if (types.has(type)) return;
  throw invalidExpression(
    binding.field,
    `Incorrect operand type for operator or function; operator: ${section}, operand type: ${TYPE_WORDS[type]}, ` +
      `typeSet: ALLOWED_FOR_${section}_OPERAND`,
  );
}

function checkOperand(binding: Binding, operand: Operand): void {
  if (operand.kind !== 'function') return;
  for (const inner of operand.operands) checkOperand(binding, inner);
  checkFunction(binding, operand);
}

function checkFunction(binding: Binding, call: FunctionCall): void {
  checkOperandCount(binding, call, UPDATE_FUNCTION_OPERANDS);
  if (call.name === 'if_not_exists') {
    checkIsPath(binding, call, must(call.operands[0]));
    return;
  }
  for (const operand of call.operands) checkOperandType(binding, call.name, operand, LIST);
}
