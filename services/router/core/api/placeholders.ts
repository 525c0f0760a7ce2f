import { utf8 } from '../../../shared/base/bytes.ts';
import type { AttributeNames } from '../../../shared/expression/binding.ts';
import type { ExpressionProgram } from '../../../shared/expression/expression-program.ts';
import type { PlaceholderWriter } from '../../../shared/expression/placeholder-writer.ts';
import { unusedPlaceholders } from '../../../shared/expression/placeholders.ts';
import { attributeNames, getAttribute } from '../../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { canonicalizeItem, canonicalizeValue, ItemError } from '../../../shared/item/canonical-value.ts';
import { itemSize } from '../../../shared/item/item-size.ts';
import { isWellFormed, utf8Length } from '../../../shared/item/unicode.ts';
import { PLACEHOLDER_BYTES_MAX, PLACEHOLDER_KEY_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import { ATTRIBUTE_NAME_BYTES_MAX } from '../../../shared/limits/item-limits.ts';
import { validationError } from './api-error.ts';
import type { JsonObject } from './json-object.ts';
import type { Field } from './field.ts';

/** ExpressionAttributeNames and ExpressionAttributeValues of a request, checked and canonical. */
export interface Placeholders {
  readonly names: AttributeNames | undefined;
  readonly values: AttributeMap | undefined;
}

export const expressionAttributeValues: Field = { name: 'ExpressionAttributeValues', type: { kind: 'attributes' } };
export const expressionAttributeNames: Field = {
  name: 'ExpressionAttributeNames',
  type: { kind: 'map', member: { kind: 'string' }, java: 'java.lang.String' },
};

const NAME_FORM = /^#[0-9a-zA-Z_]+$/;
const VALUE_FORM = /^:[0-9a-zA-Z_]+$/;
/** Of names the service shows the size, of values it does not (pull request 181 of ExtendDB/extenddb, recorded in June 2026). */
const KEY_TOO_LONG = 'contains invalid key: The expression attribute map contains a key that is too long;';
/** The text of the service's own emulator, DynamoDB Local; the rule is that of the quotas ("the sum of the lengths of all"). */
const COMBINED_TOO_LARGE = 'Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size';

/** Which expressions an operation takes, and which older parameters cannot stand beside them. */
export interface ExpressionParameters {
  readonly expressions: readonly string[];
  readonly legacy: readonly string[];
}

/**
 * Throws ValidationException when expressions are mixed with the older parameters, or when placeholders came without any
 * expression that could use them.
 */
export function checkExpressionParameters(input: JsonObject, { expressions, legacy }: ExpressionParameters): void {
  const given = expressions.filter((name) => isGiven(input, name));
  if (given.length > 0) {
    const mixed = legacy.filter((name) => isGiven(input, name));
    if (mixed.length > 0) {
      throw validationError(
        'Can not use both expression and non-expression parameters in the same request: ' +
          `Non-expression parameters: {${mixed.join(', ')}} Expression parameters: {${given.join(', ')}}`,
      );
    }
  } else if (isGiven(input, 'ExpressionAttributeNames')) {
    throw validationError('ExpressionAttributeNames can only be specified when using expressions');
  }
  if (!isGiven(input, 'ExpressionAttributeValues')) return;
  const withValues = expressions.filter((name) => name !== 'ProjectionExpression');
  // An operation that only projects has no such member, and unknown members mean nothing.
  if (withValues.length === 0 || withValues.some((name) => isGiven(input, name))) return;
  throw validationError(
    'ExpressionAttributeValues can only be specified when using expressions: ' +
      `${withValues.join(' and ')} ${withValues.length > 1 ? 'are' : 'is'} null`,
  );
}

/** Reads names and values. Throws ValidationException. */
export function readPlaceholders(input: JsonObject): Placeholders {
  const names = (input.ExpressionAttributeNames as AttributeNames | null | undefined) ?? undefined;
  const given = (input.ExpressionAttributeValues as AttributeMap | null | undefined) ?? undefined;
  const nameBytes = names === undefined ? 0 : checkNames(names);
  const values = given === undefined ? undefined : readValues(given);
  const valueBytes = values === undefined ? 0 : itemSize(values);
  if (valueBytes > PLACEHOLDER_BYTES_MAX) throw validationError('ExpressionAttributeValues exceeds max size');
  if (nameBytes + valueBytes > PLACEHOLDER_BYTES_MAX) throw validationError(COMBINED_TOO_LARGE);
  return { names, values };
}

/** Throws ValidationException when a name or value was sent that none of the request's expressions uses. */
export function checkAllUsed(programs: readonly ExpressionProgram[], { names, values }: Placeholders): void {
  if (names === undefined && values === undefined) return;
  const unused = unusedPlaceholders(programs, names, values);
  if (unused !== undefined) throw validationError(unused);
}

/** Those of the placeholders that are in `keys`. */
export function pickPlaceholders<Value>(
  from: Readonly<Record<string, Value>> | undefined,
  keys: ReadonlySet<string>,
): Readonly<Record<string, Value>> | undefined {
  if (from === undefined || keys.size === 0) return undefined;
  // Placeholders begin with `#` or `:`, so they meet no property of Object.prototype.
  const picked: Record<string, Value> = {};
  for (const key of keys) picked[key] = from[key] as Value;
  return picked;
}

/** The fields of a storage operation that carry the placeholders. */
export function placeholderBytes({ names, values }: Placeholders): { names?: Uint8Array; values?: Uint8Array } {
  return {
    ...(names === undefined ? undefined : { names: utf8(JSON.stringify(names)) }),
    ...(values === undefined ? undefined : { values: utf8(JSON.stringify(values)) }),
  };
}

/** The same for what was written for older parameters. Throws ValidationException when its values are too large together. */
export function writtenPlaceholderBytes(writer: PlaceholderWriter): { names?: Uint8Array; values?: Uint8Array } {
  const { names, values } = writer;
  if (values !== undefined && itemSize(values, PLACEHOLDER_BYTES_MAX) > PLACEHOLDER_BYTES_MAX) {
    throw validationError(`The values of the conditions and updates are larger than ${PLACEHOLDER_BYTES_MAX} bytes together`);
  }
  return placeholderBytes({ names, values });
}

export function isGiven(input: JsonObject, name: string): boolean {
  const value = input[name];
  return value !== undefined && value !== null;
}

/** Returns the bytes of all names and their placeholders. */
function checkNames(names: AttributeNames): number {
  let count = 0;
  let bytes = 0;
  for (const key in names) {
    count++;
    bytes += key.length + utf8Length(names[key] ?? '');
    const keyBytes = utf8Length(key);
    if (keyBytes > PLACEHOLDER_KEY_BYTES_MAX) throw validationError(`ExpressionAttributeNames ${KEY_TOO_LONG} size of key: ${keyBytes}`);
    if (!NAME_FORM.test(key)) throw validationError(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${key}"`);
    if (bytes > PLACEHOLDER_BYTES_MAX) throw validationError('ExpressionAttributeNames exceeds max size');
    checkName(key, names[key]);
  }
  if (count === 0) throw validationError('ExpressionAttributeNames must not be empty');
  return bytes;
}

function checkName(key: string, name: string | null | undefined): void {
  const invalid = 'ExpressionAttributeNames contains invalid value:';
  if (name === '' || name === null || name === undefined) throw validationError(`${invalid} Empty attribute name for key ${key}`);
  if (!isWellFormed(name)) throw validationError(`${invalid} Attribute name has a surrogate without its pair for key ${key}`);
  if (name.length * 3 <= ATTRIBUTE_NAME_BYTES_MAX || utf8Length(name) <= ATTRIBUTE_NAME_BYTES_MAX) return;
  throw validationError(`${invalid} Attribute name is too large, must be less than ${ATTRIBUTE_NAME_BYTES_MAX + 1} bytes for key ${key}`);
}

function readValues(given: AttributeMap): AttributeMap {
  const keys = attributeNames(given);
  if (keys.length === 0) throw validationError('ExpressionAttributeValues must not be empty');
  for (const key of keys) {
    if (utf8Length(key) > PLACEHOLDER_KEY_BYTES_MAX) throw validationError(`ExpressionAttributeValues ${KEY_TOO_LONG}`);
    if (!VALUE_FORM.test(key)) throw validationError(`ExpressionAttributeValues contains invalid key: Syntax error; key: "${key}"`);
  }
  try {
    return canonicalizeItem(given);
  } catch (error) {
    throw error instanceof ItemError && error.kind === 'validation' ? (wrongValue(keys, given) ?? error) : error;
  }
}

/** The error of the first wrong value, with its name. */
function wrongValue(keys: readonly string[], values: AttributeMap): Error | undefined {
  for (const key of keys) {
    try {
      canonicalizeValue(getAttribute(values, key));
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      return validationError(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
    }
  }
  return undefined;
}
