import { TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX } from '../../../shared/limits/table-limits.ts';
import { TableChangeRefusal } from '../../../shared/placement/table-change-refusal.ts';
import { refuseTags } from '../../../shared/placement/table-tags.ts';
import type { Tag } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import type { Field } from './field.ts';
import type { JsonObject } from './json-object.ts';

/** Tags of a request. Texts: measurements of the service from October 2026 (ack-api-quirks). */

export const tags: Field = {
  name: 'Tags',
  type: {
    kind: 'list',
    member: {
      kind: 'structure',
      java: 'Tag',
      asMember: true,
      fields: [
        { name: 'Key', type: { kind: 'string' } },
        { name: 'Value', type: { kind: 'string' } },
      ],
    },
  },
};

/** Letters, digits and blanks of all scripts, and a few signs ("Tagging restrictions" of the Developer Guide). */
const TAG_CHARACTERS = /^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u;

/** All of them, or none: throws ValidationException for the first that is wrong. */
export function readTags(given: readonly (JsonObject | null)[]): readonly Tag[] {
  const read = given.map((tag) => ({ key: readTagKey(tag?.Key), value: readTagValue(tag?.Value) }));
  const seen = new Set<string>();
  for (const { key } of read) {
    if (seen.has(key)) throw validationError(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${key}`);
    seen.add(key);
  }
  refuse(read);
  return read;
}

/** More than a table may have is too much at once, too. */
function refuse(tags: readonly Tag[]): void {
  try {
    refuseTags(tags);
  } catch (error) {
    throw error instanceof TableChangeRefusal ? validationError(error.message) : error;
  }
}

export function readTagKey(given: unknown): string {
  const key = (given ?? null) as string | null;
  if (key === null || key === '' || key.length > TAG_KEY_CHARACTERS_MAX || !TAG_CHARACTERS.test(key)) {
    throw validationError(`The Tag Key provided is invalid, Key: ${key}`);
  }
  if (key.toLowerCase().startsWith('aws:')) throw validationError(`Tag Key cannot be prefixed with aws:, Key: ${key}`);
  return key;
}

function readTagValue(given: unknown): string {
  const value = (given ?? null) as string | null;
  if (value === null || value.length > TAG_VALUE_CHARACTERS_MAX || !TAG_CHARACTERS.test(value)) {
    throw validationError(`The Tag Value provided is invalid, Value: ${value}`);
  }
  return value;
}
