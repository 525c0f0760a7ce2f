import { notSupported } from './api-error.ts';
import type { JsonObject } from './json-object.ts';
import { isGiven } from './placeholders.ts';

/** Throws for the first of these fields that a request has: what does nothing yet is refused by its name, never ignored. */
export function refuseFields(input: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    if (isGiven(input, name)) throw notSupported(name);
  }
}
