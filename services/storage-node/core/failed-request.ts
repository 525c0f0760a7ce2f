import { AssertionError } from '../../shared/base/assert.ts';
import type { Logger } from '../../shared/env/logger.ts';
import { ExpressionError } from '../../shared/expression/errors.ts';
import { ItemError } from '../../shared/item/item-error.ts';

/**
 * What is answered to a request whose evaluation threw. One request must not end the node that serves all others, so that what
 * nobody foresaw is an answer too, and a line in the log. A broken invariant is thrown on: that state must not be served from.
 */
export function messageOfFailure(error: unknown, logger: Logger): string {
  if (error instanceof ExpressionError || error instanceof ItemError) return error.message;
  if (error instanceof AssertionError) throw error;
  logger.error('a request could not be evaluated', { error: error instanceof Error ? (error.stack ?? String(error)) : String(error) });
  return 'the request could not be evaluated';
}
