import { Refusal } from './refusal.ts';
import { isReserved } from './reserved-words.ts';
import type { Action, Assigned, Call, Condition, Operand, PathElement, Simple, Update } from './tree.ts';
import { bare, simpleConditions, withInner } from './tree.ts';

/**
 * What can be wrong with a text that follows the grammar, kind after kind: each check goes through the whole expression for itself,
 * and the first one that finds something gives the verdict. Limits: "Expression parameters" of the quotas, and "Items" for the depth.
 */

const OPERATORS_MAX = 300;
const CANDIDATES_MAX = 100;
const PATH_ELEMENTS_MAX = 32;
const INDEX_MAX = 2 ** 31 - 1;

/** Number of operands of each function. */
export const CONDITION_FUNCTIONS = new Map([
  ['attribute_exists', 1],
  ['attribute_not_exists', 1],
  ['attribute_type', 2],
  ['begins_with', 2],
  ['contains', 2],
  ['size', 1],
]);

export const UPDATE_FUNCTIONS = new Map([
  ['if_not_exists', 2],
  ['list_append', 2],
]);

export function checkConditionText(condition: Condition): void {
  const simples = simpleConditions(condition);
  const operands = simples.flatMap((simple) => simple.operands);
  const calls = simples.flatMap(callsOf);
  checkOperatorCount(connectives(condition) + simples.filter(({ is }) => is !== 'call').length + calls.length);
  if (hasRedundantGroup(condition) || operands.some(hasRedundantGroup)) throw new Refusal('parentheses');
  checkFunctionNames(calls, CONDITION_FUNCTIONS, UPDATE_FUNCTIONS);
  for (const simple of simples) checkFunctionUse(simple);
  for (const operand of operands) checkPaths(operand);
  for (const simple of simples) {
    const candidates = simple.operands.length - 1;
    if (simple.is === 'in' && candidates > CANDIDATES_MAX) throw new Refusal('candidates', String(candidates));
  }
}

export function checkUpdateText({ sections }: Update): void {
  const actions = sections.flatMap((section) => section.actions);
  const assigned = actions.flatMap((action) => action.assigned ?? []);
  const calls = assigned.flatMap((value) => operandsOfAssigned(value).flatMap(innermostFirst));
  checkOperatorCount(assigned.filter((value) => bareAssigned(value).is === 'sum').length + calls.length);
  if (assigned.some(hasRedundantAssignedGroup)) throw new Refusal('parentheses');
  for (const action of actions) for (const operand of operandsOfAction(action)) checkPaths(operand);
  checkFunctionNames(calls, UPDATE_FUNCTIONS, CONDITION_FUNCTIONS);
  const names = sections.map(({ section }) => section);
  const repeated = names.find((name, at) => names.indexOf(name) < at);
  if (repeated !== undefined) throw new Refusal('section', repeated);
}

export function checkProjectionText(paths: readonly Operand[]): void {
  for (const path of paths) checkPaths(path);
}

/** The operands of a value that SET assigns. */
export function operandsOfAssigned(value: Assigned): readonly Operand[] {
  const it = bareAssigned(value);
  return it.is === 'sum' ? it.operands : [it];
}

/** The assigned value itself, whatever parentheses stand around it. */
export function bareAssigned(value: Assigned): Operand | Extract<Assigned, { readonly is: 'sum' }> {
  return value.is === 'sum-group' ? bareAssigned(value.inner) : value;
}

/** The path of an action, and its operands, in the order of the text. */
export function operandsOfAction({ path, assigned, operand }: Action): readonly Operand[] {
  return [path, ...(assigned === undefined ? [] : operandsOfAssigned(assigned)), ...(operand === undefined ? [] : [operand])];
}

function checkOperatorCount(count: number): void {
  // The service stops counting at the first too many.
  if (count > OPERATORS_MAX) throw new Refusal('operators', String(OPERATORS_MAX + 1));
}

/** AND, OR and NOT. */
function connectives(condition: Condition): number {
  if (condition.is === 'not') return 1 + connectives(condition.term);
  if (condition.is === 'condition-group') return connectives(condition.inner);
  if (condition.is !== 'and' && condition.is !== 'or') return 0;
  return condition.terms.reduce((count, term) => count + connectives(term), condition.terms.length - 1);
}

/** Function calls, a call behind those that are its operands. */
function innermostFirst(operand: Operand): readonly Call[] {
  const it = bare(operand);
  return it.is === 'call' ? [...it.operands.flatMap(innermostFirst), it] : [];
}

function callsOf(simple: Simple): readonly Call[] {
  const inner = simple.operands.flatMap(innermostFirst);
  return simple.is === 'call' ? [...inner, simple] : inner;
}

/** Parentheses around nothing but parentheses. */
function hasRedundantGroup(node: Condition | Operand): boolean {
  switch (node.is) {
    case 'and':
    case 'or':
      return node.terms.some(hasRedundantGroup);
    case 'not':
      return hasRedundantGroup(node.term);
    case 'condition-group':
      return node.inner.is === 'condition-group' || hasRedundantGroup(node.inner);
    case 'group':
      return node.inner.is === 'group' || node.inner.is === 'longer' || hasRedundantGroup(node.inner);
    case 'longer':
      return hasRedundantGroup(node.of);
    case 'call':
      return node.operands.some(hasRedundantGroup);
    default:
      return false;
  }
}

function hasRedundantAssignedGroup(value: Assigned): boolean {
  if (value.is === 'sum-group') return value.inner.is === 'sum-group' || hasRedundantAssignedGroup(value.inner);
  return value.is === 'sum' ? value.operands.some(hasRedundantGroup) : hasRedundantGroup(value);
}

function checkFunctionNames(calls: readonly Call[], own: ReadonlyMap<string, number>, foreign: ReadonlyMap<string, number>): void {
  for (const { name } of calls) {
    if (own.has(name)) continue;
    throw new Refusal(foreign.has(name) ? 'foreign-function' : 'unknown-function', name);
  }
}

/** `size` gives a number and is no condition; the others are conditions and give nothing. */
function checkFunctionUse(simple: Simple): void {
  for (const operand of simple.operands) checkOperandUse(operand);
  for (const operand of simple.operands) checkIsOperand(operand);
  if (simple.is === 'call' && simple.name === 'size') throw new Refusal('function-use', 'size');
}

function checkOperandUse(operand: Operand): void {
  const it = bare(operand);
  if (it.is !== 'call') return;
  for (const inner of it.operands) checkOperandUse(inner);
  for (const inner of it.operands) checkIsOperand(inner);
}

function checkIsOperand(operand: Operand): void {
  const it = bare(operand);
  if (it.is === 'call' && it.name !== 'size') throw new Refusal('function-use', it.name);
}

function checkPaths(operand: Operand): void {
  for (const inner of withInner(operand)) if (inner.is === 'path') checkPath(inner.elements);
}

function checkPath(elements: readonly PathElement[]): void {
  for (const element of elements) {
    if ('name' in element && isReserved(element.name)) throw new Refusal('reserved-word', element.name);
    if ('index' in element && BigInt(element.index) > BigInt(INDEX_MAX)) throw new Refusal('list-index', element.index);
  }
  if (elements.length > PATH_ELEMENTS_MAX) throw new Refusal('path-depth', String(elements.length));
}
