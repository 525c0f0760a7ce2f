/**
 * A change that the table's present state does not allow; the message is the service's text. `invalid`: ValidationException, `limit`:
 * LimitExceededException, `in-use`: ResourceInUseException, `not-found`: ResourceNotFoundException,
 * `throttled`: ThrottlingException.
 */
export class TableChangeRefusal extends Error {
  override readonly name = 'TableChangeRefusal';
  readonly kind: 'invalid' | 'limit' | 'in-use' | 'not-found' | 'throttled';

  constructor(kind: TableChangeRefusal['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export function invalidChange(reason: string): TableChangeRefusal {
  return new TableChangeRefusal('invalid', `One or more parameter values were invalid: ${reason}`);
}

export function overLimit(reason: string): TableChangeRefusal {
  return new TableChangeRefusal('limit', `Subscriber limit exceeded: ${reason}`);
}

export function resourceInUse(reason: string): TableChangeRefusal {
  return new TableChangeRefusal('in-use', `Attempt to change a resource which is still in use: ${reason}`);
}
