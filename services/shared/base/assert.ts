/**
 * Assertions that stay on in production. They guard against our own mistakes: a process whose invariant is broken must
 * stop rather than go on with a state that nobody has reasoned about. Wrong input never comes here; it gets a typed error.
 */

/** A broken invariant. Whoever catches it may only log it and end the process. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws AssertionError unless `condition` holds. Pass a function where building the message costs something. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (condition) return;
  throw new AssertionError(typeof message === 'string' ? message : message());
}

/** The value itself, asserted to be neither undefined nor null. */
export function must<T>(value: T | undefined | null, message = 'a value that must exist is missing'): T {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value ${JSON.stringify(value)}`);
}
