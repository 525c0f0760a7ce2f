import type { AttributeMap } from '../item/attribute-value.ts';
import { bindPath, newBinding } from './binding.ts';
import type { AttributeNames } from './binding.ts';
import type { DocumentPath } from './document-path.ts';
import { invalidExpression } from './errors.ts';
import { CLIENT_BOUNDS } from './expression-bounds.ts';
import { expressionProgram } from './expression-program.ts';
import type { ExpressionProgram } from './expression-program.ts';
import { ExpressionReader } from './expression-reader.ts';
import type { ExpressionDialect } from './expression-reader.ts';
import { buildFixedTree, buildPathTree, selectPaths } from './path-tree.ts';
import type { PathTree, PathTreeResult } from './path-tree.ts';

const FIELD = 'ProjectionExpression';

const PROJECTION_DIALECT: ExpressionDialect = {
  keywords: new Set(),
  functions: new Set(),
  foreignFunctions: new Set(),
  operandFunctions: new Set(),
  described: 'a projection expression',
  faultOrder: ['path'],
};

/** A parsed projection: it depends on the text alone and is never changed, so it may be cached by text. */
export interface ProjectionProgram extends ExpressionProgram {
  /** Known beforehand when no path has a placeholder. */
  readonly fixedTree: PathTreeResult | undefined;
}

/** A projection with the names of one request. */
export interface BoundProjection {
  readonly program: ProjectionProgram;
  readonly paths: readonly DocumentPath[];
  readonly tree: PathTree;
}

/** Throws ExpressionError for everything that can be wrong with the text alone. Linear in the text. */
export function parseProjection(text: string): ProjectionProgram {
  const reader = new ExpressionReader(text, FIELD, PROJECTION_DIALECT, CLIENT_BOUNDS);
  do reader.readPath();
  while (reader.takeSymbol(','));
  reader.finish();
  return { ...expressionProgram(FIELD, reader.paths, []), fixedTree: buildFixedTree(reader.paths) };
}

/** Resolves `#names`; refuses paths that overlap. Throws ExpressionError. */
export function bindProjection(program: ProjectionProgram, names: AttributeNames | undefined): BoundProjection {
  const binding = newBinding(program);
  for (const path of program.paths) bindPath(binding, path, names);
  const result = program.fixedTree ?? buildPathTree(binding.paths);
  if (result.clash !== undefined) throw invalidExpression(FIELD, result.clash);
  return { program, paths: binding.paths, tree: result.tree };
}

/** The part of a canonical item that the projection asks for; shares its values. */
export function project(bound: BoundProjection, item: AttributeMap): AttributeMap {
  return selectPaths(bound.tree, item);
}
