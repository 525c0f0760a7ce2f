import type { AttributeNames } from '../../../../shared/expression/binding.ts';
import { PlaceholderWriter } from '../../../../shared/expression/placeholder-writer.ts';
import { validationError } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import { INVALID } from './condition-rules.ts';

/** A projection expression that asks for the same attributes as AttributesToGet. */
export interface WrittenProjection {
  readonly text: string;
  readonly names: AttributeNames | undefined;
}

/** The projection for AttributesToGet, when the request has it. Throws ValidationException for a name that comes twice. */
export function readAttributesToGet(input: JsonObject): WrittenProjection | undefined {
  const names = (input.AttributesToGet ?? undefined) as readonly string[] | undefined;
  if (names === undefined) return undefined;
  const writer = new PlaceholderWriter();
  const seen = new Set<string>();
  const placeholders = names.map((name) => {
    if (seen.has(name)) throw validationError(`${INVALID}Duplicate value in attribute name: ${name}`);
    seen.add(name);
    return writer.name(name);
  });
  return { text: placeholders.join(','), names: writer.names };
}
