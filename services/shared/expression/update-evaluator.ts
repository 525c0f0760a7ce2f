import { must, unreachable } from '../base/assert.ts';
import { attributeNames, copyAttributeMap, deleteAttribute, getAttribute, setAttribute } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { addDecimals, formatDecimal, parseDecimal, subtractDecimals } from '../item/decimal.ts';
import { NumberFormatError } from '../item/item-error.ts';
import { ITEM_BYTES_MAX, UPDATED_ITEM_TOO_LARGE, valueSize } from '../item/item-size.ts';
import { NESTING_LEVELS_MAX } from '../limits/item-limits.ts';
import { boundPath, boundValue } from './binding.ts';
import { valueAt } from './document-path.ts';
import type { DocumentPath } from './document-path.ts';
import { ExpressionError } from './errors.ts';
import { leadsIntoList, NO_PATH } from './path-tree.ts';
import type { PathTree } from './path-tree.ts';
import { differenceOfSets, isSet, membersOfSet, unionOfSets } from './set-algebra.ts';
import type { FunctionCall, Operand, SetValue, UpdateAction } from './syntax-tree.ts';

const NO_SUCH_ATTRIBUTE = 'The provided expression refers to an attribute that does not exist in the item';
const INVALID_PATH = 'The document path provided in the update expression is invalid for update';
export const INCORRECT_TYPE = 'An operand in the update expression has an incorrect data type';
const TOO_DEEP = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';

/** Paths and values by the slots of the actions. */
export interface UpdateOperands {
  readonly paths: readonly DocumentPath[];
  readonly values: readonly AttributeValue[];
}

/**
 * Applies actions to a canonical item, which stays as it is; `targets` is the tree of their paths. Every operand is read from
 * the old item, and list indexes are those of the old lists. Throws ExpressionError, also as soon as the new values alone are
 * larger than an item: a text of 4 KB can name one big value a thousand times, and what that comes to must never be built.
 */
export function applyActions(
  actions: readonly UpdateAction[],
  operands: UpdateOperands,
  targets: PathTree,
  item: AttributeMap,
): AttributeMap {
  const set: (AttributeValue | undefined)[] = new Array(actions.length);
  let room = ITEM_BYTES_MAX;
  for (let position = 0; position < actions.length; position += 1) {
    const action = actions[position] as UpdateAction;
    if (action.kind !== 'set' && action.kind !== 'add') continue;
    const value = action.kind === 'set' ? valueToSet(action.value, operands, item) : boundValue(operands, action.value);
    // Targets never overlap, so the result holds every value that is set and every member that is added.
    room -= valueSize(value, room);
    if (room < 0) throw new ExpressionError(UPDATED_ITEM_TOO_LARGE);
    if (action.kind === 'add') continue;
    const level = boundPath(operands, action.path).length;
    // At the top nothing ends up deeper than it was: values of the item and of the request were within the limit.
    if (level > 1) checkDepth(value, level);
    set[position] = value;
  }
  return changedMap(targets, item, { actions, operands, set });
}

/** What is to happen at the leaves of the tree, by position. */
interface Changes {
  readonly actions: readonly UpdateAction[];
  readonly operands: UpdateOperands;
  /** The new values of the SET actions. */
  readonly set: readonly (AttributeValue | undefined)[];
}

function changedMap(node: PathTree, map: AttributeMap, changes: Changes): AttributeMap {
  const target = copyAttributeMap(map);
  for (const [element, child] of node.children) {
    const name = element as string;
    const old = getAttribute(map, name);
    const value = changedValue(child, old, changes);
    if (value !== undefined) setAttribute(target, name, value);
    else if (old !== undefined) deleteAttribute(target, name);
  }
  return target;
}

function changedList(node: PathTree, list: readonly AttributeValue[], changes: Changes): readonly AttributeValue[] {
  const kept: (AttributeValue | undefined)[] = [...list];
  const appended: AttributeValue[] = [];
  for (const [element, child] of node.children) {
    const index = element as number;
    const value = changedValue(child, list[index], changes);
    if (index < list.length) kept[index] = value;
    // Beyond the end there are no holes: new elements follow the last one, in the order of their indexes.
    else if (value !== undefined) appended.push(value);
  }
  return [...kept.filter((value) => value !== undefined), ...appended];
}

/** The value at a node after the update; undefined when nothing is there any more. */
function changedValue(node: PathTree, old: AttributeValue | undefined, changes: Changes): AttributeValue | undefined {
  if (node.path !== NO_PATH) return outcome(node.path, old, changes);
  if (old === undefined) throw new ExpressionError(INVALID_PATH);
  if (leadsIntoList(node)) {
    if (!('L' in old)) throw new ExpressionError(INVALID_PATH);
    return { L: changedList(node, old.L, changes) };
  }
  if (!('M' in old)) throw new ExpressionError(INVALID_PATH);
  return { M: changedMap(node, old.M, changes) };
}

function outcome(position: number, old: AttributeValue | undefined, changes: Changes): AttributeValue | undefined {
  const action = changes.actions[position] as UpdateAction;
  switch (action.kind) {
    case 'set':
      return must(changes.set[position]);
    case 'remove':
      return undefined;
    case 'add':
      return added(old, boundValue(changes.operands, action.value));
    case 'delete':
      return deleted(old, boundValue(changes.operands, action.value));
    default:
      return unreachable(action);
  }
}

function added(old: AttributeValue | undefined, operand: AttributeValue): AttributeValue {
  if (old === undefined) return operand;
  if ('N' in operand) return calculated('+', old, operand);
  const union = isSet(old) && isSet(operand) ? unionOfSets(old, operand) : undefined;
  if (union === undefined) throw new ExpressionError(INCORRECT_TYPE);
  return union;
}

/** A set that loses its last member goes with it: there are no empty sets. */
function deleted(old: AttributeValue | undefined, operand: AttributeValue): AttributeValue | undefined {
  if (old === undefined) return undefined;
  const difference = isSet(old) && isSet(operand) ? differenceOfSets(old, operand) : undefined;
  if (difference === undefined) throw new ExpressionError(INCORRECT_TYPE);
  return membersOfSet(difference).length === 0 ? undefined : difference;
}

function valueToSet(value: SetValue, operands: UpdateOperands, item: AttributeMap): AttributeValue {
  if (value.kind !== 'arithmetic') return operandValue(value, operands, item);
  const left = operandValue(value.left, operands, item);
  return calculated(value.operator, left, operandValue(value.right, operands, item));
}

function operandValue(operand: Operand, operands: UpdateOperands, item: AttributeMap): AttributeValue {
  switch (operand.kind) {
    case 'value':
      return boundValue(operands, operand);
    case 'path': {
      const value = valueAt(item, boundPath(operands, operand.path));
      if (value === undefined) throw new ExpressionError(NO_SUCH_ATTRIBUTE);
      return value;
    }
    case 'function':
      return functionValue(operand, operands, item);
    default:
      return unreachable(operand);
  }
}

function functionValue(call: FunctionCall, operands: UpdateOperands, item: AttributeMap): AttributeValue {
  const first = must(call.operands[0]);
  const second = must(call.operands[1]);
  if (call.name === 'if_not_exists') {
    const present = first.kind === 'path' ? valueAt(item, boundPath(operands, first.path)) : undefined;
    return present ?? operandValue(second, operands, item);
  }
  return { L: joinedLists(call, operands, item) };
}

/** All lists of a nest of list_append calls in a row, each element copied once. */
function joinedLists(call: FunctionCall, operands: UpdateOperands, item: AttributeMap): readonly AttributeValue[] {
  const lists: AttributeValue[] = [];
  collectLists(call, operands, item, lists);
  const joined: AttributeValue[] = [];
  for (const list of lists) {
    if (!('L' in list)) throw new ExpressionError(INCORRECT_TYPE);
    // Every element counts one byte at least.
    if (joined.length + list.L.length > ITEM_BYTES_MAX) throw new ExpressionError(UPDATED_ITEM_TOO_LARGE);
    for (const element of list.L) joined.push(element);
  }
  return joined;
}

function collectLists(operand: Operand, operands: UpdateOperands, item: AttributeMap, lists: AttributeValue[]): void {
  if (operand.kind !== 'function' || operand.name !== 'list_append') {
    lists.push(operandValue(operand, operands, item));
    return;
  }
  for (const inner of operand.operands) collectLists(inner, operands, item, lists);
}

function calculated(operator: '+' | '-', left: AttributeValue, right: AttributeValue): AttributeValue {
  if (!('N' in left) || !('N' in right)) throw new ExpressionError(INCORRECT_TYPE);
  try {
    const [one, two] = [parseDecimal(left.N), parseDecimal(right.N)];
    return { N: formatDecimal(operator === '+' ? addDecimals(one, two) : subtractDecimals(one, two)) };
  } catch (error) {
    if (error instanceof NumberFormatError) throw new ExpressionError(error.message);
    throw error;
  }
}

/** `level` is the value's own, 1 for an attribute of the item. A copied value can end up deeper than it was. */
function checkDepth(value: AttributeValue, level: number): void {
  if (level > NESTING_LEVELS_MAX) throw new ExpressionError(TOO_DEEP);
  if ('L' in value) {
    for (const element of value.L) checkDepth(element, level + 1);
  } else if ('M' in value) {
    for (const name of attributeNames(value.M)) checkDepth(must(getAttribute(value.M, name)), level + 1);
  }
}
