import type { ExpressionField } from './errors.ts';
import type { PathSyntax } from './syntax-tree.ts';

/** What every parsed expression has. It depends on the text alone and is never changed, so it may be cached by text. */
export interface ExpressionProgram {
  readonly field: ExpressionField;
  /** Every occurrence of a path, by slot. */
  readonly paths: readonly PathSyntax[];
  /** The placeholder of every occurrence of a value, by slot. */
  readonly values: readonly string[];
  /** The placeholders of names, each once, with their `#`. */
  readonly usedNames: ReadonlySet<string>;
  /** The placeholders of values, each once, with their `:`. */
  readonly usedValues: ReadonlySet<string>;
}

export function expressionProgram(field: ExpressionField, paths: readonly PathSyntax[], values: readonly string[]): ExpressionProgram {
  const usedNames = new Set<string>();
  for (const { elements } of paths) {
    for (const element of elements) {
      if (typeof element === 'object') usedNames.add(element.placeholder);
    }
  }
  return { field, paths, values, usedNames, usedValues: new Set(values) };
}
