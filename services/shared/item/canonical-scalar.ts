import { canonicalNumber } from './decimal.ts';
import { ItemError, NumberFormatError } from './item-error.ts';
import { isWellFormed } from './unicode.ts';

/**
 * What one walk over a client's item has found. The service reads the whole request into its model before it looks at
 * any value, so an error of form (SerializationException) anywhere wins over the first value that is not allowed
 * (ValidationException). Hence the former is thrown at once, and the latter is remembered until the end of the walk.
 */
export interface Walk {
  problem: string | undefined;
}

/** What many of the service's texts begin with. */
export const INVALID = 'One or more parameter values were invalid: ';
/** The service's text for an object or array where a scalar belongs. */
export const STRUCTURE = 'Start of structure or map found where not expected';

const NULL_FALSE = `${INVALID}Null attribute value types must have the value of true`;
const NOT_UNICODE = `${INVALID}String has a surrogate without its pair and cannot be encoded as UTF-8`;

/** Strict: padded, and the bits that the padding leaves over are zero. So each byte string has exactly one text. */
const BASE64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;

/** Remembers a value that is not allowed, if it is the first. */
export function refuse(walk: Walk, problem: string): void {
  walk.problem ??= problem;
}

/** The error of a request whose form is wrong. */
export function malformed(text: string): ItemError {
  return new ItemError('serialization', text);
}

export function stringContent(walk: Walk, raw: unknown): string {
  if (typeof raw !== 'string') throw notText(raw);
  if (!isWellFormed(raw)) refuse(walk, NOT_UNICODE);
  return raw;
}

/** The number in plain form. */
export function numberContent(walk: Walk, raw: unknown): string {
  if (typeof raw !== 'string') throw notText(raw);
  // Only the first problem is told, and an error costs as much as reading a hundred numbers: a set may have 100,000 wrong ones.
  if (walk.problem !== undefined) return '0';
  try {
    return canonicalNumber(raw);
  } catch (error) {
    if (!(error instanceof NumberFormatError)) throw error;
    refuse(walk, error.message);
    return '0';
  }
}

/** Base64 that needs no encoding anew. */
export function binaryContent(raw: unknown): string {
  if (typeof raw === 'string') {
    if (raw.length % 4 !== 0) throw malformed(`Base64 encoded length is expected a multiple of 4 bytes but found: ${raw.length}`);
    if (!BASE64.test(raw)) throw malformed('Invalid last non-pad Base64 character dectected');
    return raw;
  }
  if (Array.isArray(raw)) throw malformed('Unrecognized collection type class java.nio.ByteBuffer');
  throw malformed(typeof raw === 'object' ? STRUCTURE : 'only base-64-encoded strings are convertible to bytes');
}

/** The service takes some words for booleans. */
export function booleanContent(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'string') {
    const word = raw.toUpperCase();
    if (word === 'TRUE' || word === '1' || word === 'YES') return true;
    if (word === 'FALSE' || word === '0' || word === 'NO') return false;
    throw malformed('Unexpected token received from parser');
  }
  if (typeof raw === 'number') throw malformed(`${numberToken(raw)} cannot be converted to Boolean`);
  throw malformed(Array.isArray(raw) ? 'Unrecognized collection type class java.lang.Boolean' : STRUCTURE);
}

export function nullContent(walk: Walk, raw: unknown): true {
  if (!booleanContent(raw)) refuse(walk, NULL_FALSE);
  return true;
}

/** An array, of sets and lists alike. */
export function listContent(raw: unknown): readonly unknown[] {
  if (Array.isArray(raw)) return raw;
  throw malformed(typeof raw === 'object' ? STRUCTURE : 'Unexpected field type');
}

function notText(raw: unknown): ItemError {
  if (typeof raw === 'number') return malformed(`${numberToken(raw)} cannot be converted to String`);
  if (typeof raw === 'boolean') return malformed(`${raw ? 'TRUE' : 'FALSE'}_VALUE cannot be converted to String`);
  return malformed(Array.isArray(raw) ? 'Unrecognized collection type class java.lang.String' : STRUCTURE);
}

function numberToken(raw: number): string {
  return Number.isInteger(raw) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE';
}
