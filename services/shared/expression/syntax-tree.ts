import { unreachable } from '../base/assert.ts';
import type { DocumentPath } from './document-path.ts';

/**
 * What the parsers make of a text, before names and values are known. Trees depend on the text alone, are never changed, and
 * know nothing of the language they were written in, so that PartiQL can be compiled into the same trees.
 */

/** An attribute name, a list index, or a placeholder for a name. */
export type PathElementSyntax = string | number | NamePlaceholder;

export interface NamePlaceholder {
  /** With its `#`. */
  readonly placeholder: string;
}

/** One occurrence of a document path, such as `a.#b[3]`. */
export interface PathSyntax {
  readonly elements: readonly PathElementSyntax[];
  /** The path itself when it has no placeholder, resolved once for all requests. */
  readonly fixed: DocumentPath | undefined;
  /** Position of its resolved form among the paths of a bound expression. */
  readonly slot: number;
}

export interface PathOperand {
  readonly kind: 'path';
  readonly path: PathSyntax;
}

export interface ValueOperand {
  readonly kind: 'value';
  /** With its `:`. */
  readonly placeholder: string;
  /** Position of its value among the values of a bound expression. */
  readonly slot: number;
}

export interface FunctionCall {
  readonly kind: 'function';
  readonly name: string;
  readonly operands: readonly Operand[];
}

export type Operand = PathOperand | ValueOperand | FunctionCall;

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** A condition without AND, OR and NOT: the unit in which operands are checked. */
export type SimpleCondition =
  | { readonly kind: 'comparison'; readonly operator: ComparisonOperator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly candidates: readonly Operand[] }
  | FunctionCall;

export type Condition =
  | SimpleCondition
  | { readonly kind: 'and'; readonly terms: readonly Condition[] }
  | { readonly kind: 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition };

/** `left + right` or `left - right` in a SET clause. */
export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly operator: '+' | '-';
  readonly left: Operand;
  readonly right: Operand;
}

export type SetValue = Operand | Arithmetic;

export type UpdateAction =
  | { readonly kind: 'set'; readonly path: PathSyntax; readonly value: SetValue }
  | { readonly kind: 'remove'; readonly path: PathSyntax }
  | { readonly kind: 'add'; readonly path: PathSyntax; readonly value: ValueOperand }
  | { readonly kind: 'delete'; readonly path: PathSyntax; readonly value: ValueOperand };

/** The operands of a simple condition in the order of the text. */
export function operandsOf(condition: SimpleCondition): readonly Operand[] {
  switch (condition.kind) {
    case 'comparison':
      return [condition.left, condition.right];
    case 'between':
      return [condition.operand, condition.low, condition.high];
    case 'in':
      return [condition.operand, ...condition.candidates];
    case 'function':
      return condition.operands;
    default:
      return unreachable(condition);
  }
}
