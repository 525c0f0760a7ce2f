import { must } from '../base/assert.ts';
import { typeOf } from '../item/attribute-map.ts';
import type { AttributeType } from '../item/attribute-value.ts';
import { boundPath, boundValue } from './binding.ts';
import type { Binding } from './binding.ts';
import { formatPath, samePath } from './document-path.ts';
import { invalidExpression } from './errors.ts';
import type { ExpressionError } from './errors.ts';
import type { FunctionCall, Operand } from './syntax-tree.ts';

/** The type that an operand has whatever the item holds; undefined when only the item tells. */
export function knownType(operand: Operand, binding: Binding): AttributeType | undefined {
  switch (operand.kind) {
    case 'value':
      return typeOf(boundValue(binding, operand));
    case 'function':
      return operand.name === 'size' ? 'N' : undefined;
    default:
      return undefined;
  }
}

export function incorrectOperandType(binding: Binding, operator: string, type: string): ExpressionError {
  return invalidExpression(
    binding.field,
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
  );
}

/** The operand's known type, if any, must be among `types`. */
export function checkOperandType(binding: Binding, operator: string, operand: Operand, types: ReadonlySet<AttributeType>): void {
  const type = knownType(operand, binding);
  if (type !== undefined && !types.has(type)) throw incorrectOperandType(binding, operator, type);
}

export function checkOperandCount(binding: Binding, call: FunctionCall, counts: ReadonlyMap<string, number>): void {
  const { name, operands } = call;
  if (operands.length === must(counts.get(name))) return;
  throw invalidExpression(
    binding.field,
    `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
  );
}

/** The first operand must not be the same path as one of the others. */
export function checkDistinctOperands(binding: Binding, operator: string, first: Operand, others: readonly Operand[]): void {
  if (first.kind !== 'path') return;
  const path = boundPath(binding, first.path);
  for (const other of others) {
    if (other.kind !== 'path' || !samePath(path, boundPath(binding, other.path))) continue;
    throw invalidExpression(
      binding.field,
      'The first operand must be distinct from the remaining operands for this operator or function; ' +
        `operator: ${operator}, first operand: ${formatPath(path)}`,
    );
  }
}

export function checkIsPath(binding: Binding, call: FunctionCall, operand: Operand): void {
  if (operand.kind === 'path') return;
  throw invalidExpression(binding.field, `Operator or function requires a document path; operator or function: ${call.name}`);
}
