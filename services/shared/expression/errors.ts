/** The request field that an expression came in; part of the service's error texts. */
export type ExpressionField =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'ProjectionExpression'
  | 'UpdateExpression';

/**
 * A wrong expression, or one that does not fit its placeholders or the item. The message is the whole text of the service's
 * ValidationException.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** An error in the expression itself: the service puts the field's name before the reason. */
export function invalidExpression(field: ExpressionField, reason: string): ExpressionError {
  return new ExpressionError(`Invalid ${field}: ${reason}`);
}
