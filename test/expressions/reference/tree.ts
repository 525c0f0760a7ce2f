/** What an expression says, as it is written: parentheses are kept, so that superfluous ones can be found. */

export type PathElement = { readonly name: string } | { readonly placeholder: string } | { readonly index: string };

export type Operand =
  | { readonly is: 'path'; readonly elements: readonly PathElement[] }
  /** A path in parentheses that goes on behind them: `(a).b`. */
  | { readonly is: 'longer'; readonly of: Operand; readonly elements: readonly PathElement[] }
  | { readonly is: 'value'; readonly placeholder: string }
  | Call
  | { readonly is: 'group'; readonly inner: Operand };

export interface Call {
  readonly is: 'call';
  readonly name: string;
  readonly operands: readonly Operand[];
}

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Simple =
  | { readonly is: 'compare'; readonly comparator: Comparator; readonly operands: readonly Operand[] }
  | { readonly is: 'between'; readonly operands: readonly Operand[] }
  | { readonly is: 'in'; readonly operands: readonly Operand[] }
  | Call;

export type Condition =
  | Simple
  | { readonly is: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly is: 'not'; readonly term: Condition }
  | { readonly is: 'condition-group'; readonly inner: Condition };

/** What SET gives a path. */
export type Assigned =
  | Operand
  | { readonly is: 'sum'; readonly sign: '+' | '-'; readonly operands: readonly Operand[] }
  | { readonly is: 'sum-group'; readonly inner: Assigned };

export type Section = 'SET' | 'REMOVE' | 'ADD' | 'DELETE';

export interface Action {
  readonly section: Section;
  readonly path: Operand;
  /** Of SET. */
  readonly assigned?: Assigned;
  /** Of ADD and DELETE: the placeholder of a value. */
  readonly operand?: Operand;
}

export interface Update {
  readonly sections: readonly { readonly section: Section; readonly actions: readonly Action[] }[];
}

/** The conditions between AND, OR and NOT, in the order of the text. */
export function simpleConditions(condition: Condition): readonly Simple[] {
  switch (condition.is) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(simpleConditions);
    case 'not':
      return simpleConditions(condition.term);
    case 'condition-group':
      return simpleConditions(condition.inner);
    default:
      return [condition];
  }
}

/** The operand itself, whatever parentheses stand around it. */
export function bare(operand: Operand): Exclude<Operand, { readonly is: 'group' | 'longer' }> {
  if (operand.is === 'group') return bare(operand.inner);
  if (operand.is !== 'longer') return operand;
  const of = bare(operand.of);
  return of.is === 'path' ? { is: 'path', elements: [...of.elements, ...operand.elements] } : of;
}

/** The operand and all operands within it, in the order of the text. */
export function withInner(operand: Operand): readonly Operand[] {
  const it = bare(operand);
  return it.is === 'call' ? [it, ...it.operands.flatMap(withInner)] : [it];
}
