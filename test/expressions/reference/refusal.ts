/**
 * Why an expression is refused. The texts of the service stand in services/shared/expression and its tests; here each has a name, and
 * `detail` is what the text shows of the expression, where it shows something that follows from the rules alone.
 */
export const REFUSAL_KINDS = [
  ...(['empty', 'size', 'syntax', 'operators', 'parentheses', 'unknown-function'] as const),
  ...(['foreign-function', 'function-use', 'reserved-word', 'path-depth', 'list-index', 'candidates'] as const),
  ...(['section', 'undefined-name', 'undefined-value', 'operand-count', 'distinct-operands', 'operand-type'] as const),
  ...(['section-operand-type', 'no-path', 'type-name', 'bounds-type', 'bounds-order', 'overlap'] as const),
  ...(['conflict', 'no-attribute', 'invalid-path', 'incorrect-type', 'number-overflow', 'number-underflow'] as const),
  ...(['number-digits', 'item-depth', 'key-operator', 'key-attributes', 'key-none', 'key-nested-operation'] as const),
  ...(['key-nested-attribute', 'key-first-operand', 'key-twice', 'key-length', 'key-unsupported', 'key-missed'] as const),
  ...(['key-type', 'key-unequal'] as const),
] as const;

export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** The reference's verdict that an expression, or its use on an item, is wrong. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  readonly detail: string;

  constructor(kind: RefusalKind, detail = '') {
    super(detail === '' ? kind : `${kind}: ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}

/** Several things are wrong, and which of them is told is not documented: any will do. */
export class SeveralRefusals extends Error {
  readonly alternatives: readonly Refusal[];

  constructor(alternatives: readonly Refusal[]) {
    super(alternatives.map(({ message }) => message).join(' or '));
    this.alternatives = alternatives;
  }
}

/** Throws what is no refusal. */
export function refusalsOf(error: unknown): readonly Refusal[] {
  if (error instanceof SeveralRefusals) return error.alternatives;
  if (error instanceof Refusal) return [error];
  throw error;
}
