import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { bindPath, bindValue, boundPath, newBinding } from './binding.ts';
import type { AttributeNames } from './binding.ts';
import type { DocumentPath } from './document-path.ts';
import { invalidExpression } from './errors.ts';
import { CLIENT_BOUNDS } from './expression-bounds.ts';
import type { ExpressionBounds } from './expression-bounds.ts';
import { expressionProgram } from './expression-program.ts';
import type { ExpressionProgram } from './expression-program.ts';
import { buildFixedTree, buildPathTree, selectPaths } from './path-tree.ts';
import type { PathTree, PathTreeResult } from './path-tree.ts';
import type { UpdateAction } from './syntax-tree.ts';
import { checkActions } from './update-checks.ts';
import { applyActions } from './update-evaluator.ts';
import { parseUpdateSyntax } from './update-parser.ts';

const FIELD = 'UpdateExpression';

/** A parsed update: it depends on the text alone and is never changed, so it may be cached by text. */
export interface UpdateProgram extends ExpressionProgram {
  /** In the order of the text. */
  readonly actions: readonly UpdateAction[];
  /** The tree of the actions' targets, known beforehand when none of them has a placeholder. */
  readonly fixedTargets: PathTreeResult | undefined;
}

/** An update with the names and values of one request. */
export interface BoundUpdate {
  readonly program: UpdateProgram;
  /** By the slots of the program. */
  readonly paths: readonly DocumentPath[];
  readonly values: readonly AttributeValue[];
  readonly targets: PathTree;
}

export interface UpdateResult {
  /** The item after the update; shares what did not change with the old one. */
  readonly item: AttributeMap;
  /** The update, whose paths are touched whether or not they changed anything. */
  readonly bound: BoundUpdate;
}

/** Throws ExpressionError for everything that can be wrong with the text alone. Linear in the text. */
export function parseUpdate(text: string, bounds: ExpressionBounds = CLIENT_BOUNDS): UpdateProgram {
  const { actions, paths, values } = parseUpdateSyntax(text, bounds);
  return {
    ...expressionProgram(FIELD, paths, values),
    actions,
    fixedTargets: buildFixedTree(actions.map((action) => action.path)),
  };
}

/** Resolves `#names` and `:values` (canonical), refuses paths that clash, checks operands. Throws ExpressionError. */
export function bindUpdate(program: UpdateProgram, names: AttributeNames | undefined, values: AttributeMap | undefined): BoundUpdate {
  const binding = newBinding(program);
  for (const path of program.paths) bindPath(binding, path, names);
  for (let slot = 0; slot < program.values.length; slot += 1) bindValue(binding, slot, program.values[slot] as string, values);
  const { actions } = program;
  const targets = program.fixedTargets ?? buildPathTree(actions.map((action) => boundPath(binding, action.path)));
  if (targets.clash !== undefined) throw invalidExpression(FIELD, targets.clash);
  checkActions(actions, binding);
  return { program, paths: binding.paths, values: binding.values, targets: targets.tree };
}

/**
 * Applies the update to a canonical item: for a new item, to one of its key attributes alone. The item given stays as it is.
 * Throws ExpressionError when the update does not fit the item; the size of the result is the caller's to check (`update-size.ts`).
 */
export function applyUpdate(bound: BoundUpdate, item: AttributeMap): UpdateResult {
  return { item: applyActions(bound.program.actions, bound, bound.targets, item), bound };
}

/**
 * What ReturnValues UPDATED_OLD (of the old item) and UPDATED_NEW (of the new one) answer: the part of the item at the
 * paths of the update, nested as in the item. Empty when nothing is there; the service then leaves Attributes out.
 */
export function updatedAttributes(result: UpdateResult, item: AttributeMap | undefined): AttributeMap {
  return item === undefined ? {} : selectPaths(result.bound.targets, item);
}

/**
 * Whether the update makes an item where none is: the service does not for one that only takes away (the Developer Guide on
 * AttributeUpdates, DELETE; scylladb/scylladb issue 5862 for what the service was seen to do).
 */
export function createsItem({ program }: BoundUpdate): boolean {
  return program.actions.some(({ kind }) => kind === 'set' || kind === 'add');
}

/** The attributes of the item that the update changes or whose inside it changes, each once. */
export function updatedTopLevelNames(bound: BoundUpdate): string[] {
  return [...bound.targets.children.keys()] as string[];
}
