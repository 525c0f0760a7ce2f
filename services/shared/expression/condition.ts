import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { EVALUATION_MAX_WORK } from '../limits/expression-limits.ts';
import { bindOperand, newBinding } from './binding.ts';
import type { AttributeNames } from './binding.ts';
import { checkOperandFunctions, checkSimpleCondition } from './condition-checks.ts';
import { isTrue } from './condition-evaluator.ts';
import { parseConditionSyntax } from './condition-parser.ts';
import type { DocumentPath } from './document-path.ts';
import { CLIENT_BOUNDS } from './expression-bounds.ts';
import type { ExpressionBounds } from './expression-bounds.ts';
import { expressionProgram } from './expression-program.ts';
import type { ExpressionProgram } from './expression-program.ts';
import { operandsOf } from './syntax-tree.ts';
import type { Condition, Operand, SimpleCondition } from './syntax-tree.ts';

/** The fields of a request that hold a condition. */
export type ConditionField = 'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression';

/** A parsed condition. It depends on text and field alone and is never changed: it may be cached by them. */
export interface ConditionProgram extends ExpressionProgram {
  readonly root: Condition;
  /** The conditions without AND, OR and NOT in the order of the text. */
  readonly simpleConditions: readonly SimpleConditionProgram[];
  /** Those of them that look at nothing in the item; undefined when there are none, as in nearly every expression. */
  readonly itemless: ReadonlySet<SimpleCondition> | undefined;
}

interface SimpleConditionProgram {
  readonly condition: SimpleCondition;
  readonly operands: readonly Operand[];
}

/** A condition with the names and values of one request. */
export interface BoundCondition {
  readonly program: ConditionProgram;
  /** By the slots of the program. */
  readonly paths: readonly DocumentPath[];
  readonly values: readonly AttributeValue[];
  /** What the conditions without a path gave: a filter asks them once, not for every item. Filled by the first evaluation. */
  readonly itemless: Map<SimpleCondition, boolean>;
}

/** Throws ExpressionError for everything that can be wrong with the text alone. Linear in the text. */
export function parseCondition(text: string, field: ConditionField, bounds: ExpressionBounds = CLIENT_BOUNDS): ConditionProgram {
  const { root, simpleConditions, paths, values } = parseConditionSyntax(text, field, bounds);
  const programs = simpleConditions.map((condition) => ({ condition, operands: operandsOf(condition) }));
  const itemless = programs.filter(({ operands }) => !operands.some(hasPath)).map(({ condition }) => condition);
  return {
    ...expressionProgram(field, paths, values),
    root,
    simpleConditions: programs,
    itemless: itemless.length === 0 ? undefined : new Set(itemless),
  };
}

function hasPath(operand: Operand): boolean {
  return operand.kind === 'path' || (operand.kind === 'function' && operand.operands.some(hasPath));
}

/** Resolves `#names` and `:values` (canonical) and checks the operands. Throws ExpressionError. */
export function bindCondition(
  program: ConditionProgram,
  names: AttributeNames | undefined,
  values: AttributeMap | undefined,
): BoundCondition {
  const binding = newBinding(program);
  for (const { condition, operands } of program.simpleConditions) {
    for (const operand of operands) bindOperand(binding, operand, names, values);
    for (const operand of operands) checkOperandFunctions(operand, binding);
    checkSimpleCondition(condition, binding);
  }
  return { program, paths: binding.paths, values: binding.values, itemless: new Map() };
}

/**
 * Whether the condition holds for a canonical item; no item counts as one without attributes. Throws ExpressionError when that
 * would be more work than EVALUATION_MAX_WORK.
 */
export function evaluateCondition(bound: BoundCondition, item: AttributeMap | undefined): boolean {
  const { program, paths, values, itemless } = bound;
  const known = program.itemless === undefined ? undefined : { conditions: program.itemless, results: itemless };
  return isTrue(program.root, { paths, values, work: { left: EVALUATION_MAX_WORK }, known }, item ?? NO_ITEM);
}

const NO_ITEM: AttributeMap = Object.freeze({});
