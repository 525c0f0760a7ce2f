import { ExpressionError } from '../../../shared/expression/errors.ts';
import { ItemError } from '../../../shared/item/item-error.ts';
import { ApiError, serializationError, validationError } from './api-error.ts';

/** What a client hears of an error of its request; undefined when the mistake is ours. */
export function apiErrorOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof ItemError) return error.kind === 'validation' ? validationError(error.message) : serializationError(error.message);
  return error instanceof ExpressionError ? validationError(error.message) : undefined;
}
