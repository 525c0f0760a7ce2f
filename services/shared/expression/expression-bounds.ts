import { EXPRESSION_MAX_BYTES, EXPRESSION_MAX_OPERATORS, IN_MAX_CANDIDATES } from '../limits/expression-limits.ts';

/** How much an expression may hold. */
export interface ExpressionBounds {
  /** Bytes of UTF-8. */
  readonly bytes: number;
  readonly operators: number;
  /** Values to the right of IN. */
  readonly candidates: number;
}

/** What the service grants the expressions that clients write. */
export const CLIENT_BOUNDS: ExpressionBounds = {
  bytes: EXPRESSION_MAX_BYTES,
  operators: EXPRESSION_MAX_OPERATORS,
  candidates: IN_MAX_CANDIDATES,
};

/**
 * For texts that routers wrote: of expressions, checked against the bounds above, and of older parameters (legacy-*.ts), bounded
 * by their writer.
 */
export const ROUTER_BOUNDS: ExpressionBounds = {
  bytes: Number.POSITIVE_INFINITY,
  operators: Number.POSITIVE_INFINITY,
  candidates: Number.POSITIVE_INFINITY,
};
