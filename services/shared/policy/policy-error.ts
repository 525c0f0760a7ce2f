/** A policy document that is wrong, or that asks for something that is not judged here. The message names the place and the reason. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}
