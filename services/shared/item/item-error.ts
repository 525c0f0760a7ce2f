/**
 * How a refused item is answered: `serialization` where the request does not have the shape of the service's model,
 * `validation` where it has, but its values are not allowed. The service answers SerializationException and
 * ValidationException.
 */
export type ItemErrorKind = 'validation' | 'serialization';

/** A client's item, value or key that is refused; the message is the service's own text. */
export class ItemError extends Error {
  override readonly name: string = 'ItemError';
  readonly kind: ItemErrorKind;

  constructor(kind: ItemErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A text that is no number, or a number that DynamoDB cannot hold; also the result of an addition or subtraction. */
export class NumberFormatError extends ItemError {
  override readonly name = 'NumberFormatError';

  constructor(message: string) {
    super('validation', message);
  }
}
