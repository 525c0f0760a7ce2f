/** Something that the person at the keyboard can mend: printed as it is, without a stack, and the command ends with code 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
