import { ATTRIBUTE_NAME_BYTES_MAX, NESTING_LEVELS_MAX } from '../limits/item-limits.ts';
import { copyAttributeMap, setAttribute } from './attribute-map.ts';
import type { MutableAttributeMap } from './attribute-map.ts';
import type { AttributeMap, AttributeType, AttributeValue } from './attribute-value.ts';
import {
  binaryContent,
  booleanContent,
  INVALID,
  listContent,
  malformed,
  nullContent,
  numberContent,
  refuse,
  stringContent,
} from './canonical-scalar.ts';
import type { Walk } from './canonical-scalar.ts';
import { canonicalSet } from './canonical-set.ts';
import { ItemError } from './item-error.ts';
import { isWellFormed } from './unicode.ts';

export { ItemError } from './item-error.ts';

/**
 * A client's JSON -> the only form of an item (README.md). What is canonical already is returned as it is, without a
 * copy; what is given is never changed.
 *
 * Texts and rules: Developer Guide "Supported data types and naming rules in Amazon DynamoDB"; the sources of dynalite
 * 4.0.0 and nubo-db/dynoxide, whose authors recorded the service's answers; nubo-db/dynamodb-conformance; for names
 * issue 365 of ExtendDB/extenddb.
 */

/** The canonical form of a client's item, or of another map of attributes. Throws ItemError. */
export function canonicalizeItem(input: unknown): AttributeMap {
  const walk: Walk = { problem: undefined };
  const item = canonicalMap(walk, input, 1);
  if (walk.problem !== undefined) throw new ItemError('validation', walk.problem);
  return item;
}

/** The canonical form of one client value. Throws ItemError. */
export function canonicalizeValue(input: unknown): AttributeValue {
  const walk: Walk = { problem: undefined };
  const value = canonicalValue(walk, input, 1);
  if (walk.problem !== undefined) throw new ItemError('validation', walk.problem);
  return value;
}

/** Throws ItemError for a name that no attribute of an item can have. */
export function checkAttributeName(name: string): void {
  const walk: Walk = { problem: undefined };
  checkName(walk, name);
  if (walk.problem !== undefined) throw new ItemError('validation', walk.problem);
}

const NO_TYPE = 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes';
const TWO_TYPES = 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes';
const TOO_DEEP = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
const BAD_NAME = `${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`;
const EMPTY_NAME = `${INVALID}Attribute name must not be empty`;
const LONG_NAME = `Attribute name is too large, must be less than ${ATTRIBUTE_NAME_BYTES_MAX + 1} bytes`;
const VALUE_CLASS = 'com.amazonaws.dynamodb.v20120810.AttributeValue';

/** Stands for a value that was refused, until the walk ends. */
const REFUSED: AttributeValue = { NULL: true };

/** `level` is that of the values in the map. */
function canonicalMap(walk: Walk, input: unknown, level: number): AttributeMap {
  if (typeof input !== 'object' || input === null) throw malformed('Unexpected field type');
  if (Array.isArray(input)) throw malformed(`Unrecognized collection type java.util.Map<java.lang.String, ${VALUE_CLASS}>`);
  const given = input as AttributeMap;
  let copy: MutableAttributeMap | undefined;
  for (const name in given) {
    checkName(walk, name);
    const value = given[name];
    const canonical = canonicalValue(walk, value, level);
    if (canonical === value) continue;
    copy ??= copyAttributeMap(given);
    setAttribute(copy, name, canonical);
  }
  return copy ?? given;
}

function checkName(walk: Walk, name: string): void {
  if (name.length === 0) refuse(walk, EMPTY_NAME);
  if (!isWellFormed(name)) refuse(walk, BAD_NAME);
  // A UTF-16 unit is at most three bytes of UTF-8, so a short name needs no counting.
  if (name.length * 3 <= ATTRIBUTE_NAME_BYTES_MAX) return;
  if (Buffer.byteLength(name, 'utf8') > ATTRIBUTE_NAME_BYTES_MAX) refuse(walk, LONG_NAME);
}

/** `level` is 1 for a value of the item itself. */
function canonicalValue(walk: Walk, input: unknown, level: number): AttributeValue {
  const given = valueStructure(input);
  if (level > NESTING_LEVELS_MAX) {
    // What is below is not looked at: how deep the stack grows is ours to bound.
    refuse(walk, TOO_DEEP);
    return REFUSED;
  }
  let type: AttributeType | undefined;
  let content: unknown;
  let reusable = true;
  for (const member in given) {
    const raw = given[member];
    // The service ignores members that its model does not know, and takes null for absent.
    if (raw === null || raw === undefined || !isAttributeType(member)) {
      reusable = false;
      continue;
    }
    if (type !== undefined) refuse(walk, TWO_TYPES);
    type = member;
    content = canonicalContent(walk, member, raw, level);
    if (content !== raw) reusable = false;
  }
  if (type === undefined) {
    refuse(walk, NO_TYPE);
    return REFUSED;
  }
  return (reusable ? given : { [type]: content }) as AttributeValue;
}

function valueStructure(input: unknown): Readonly<Record<string, unknown>> {
  if (input === null || input === undefined) return {};
  if (typeof input !== 'object') throw malformed('Unexpected value type in payload');
  if (Array.isArray(input)) throw malformed(`Unrecognized collection type class ${VALUE_CLASS}`);
  return input as Readonly<Record<string, unknown>>;
}

function isAttributeType(member: string): member is AttributeType {
  switch (member) {
    case 'S':
    case 'N':
    case 'B':
    case 'BOOL':
    case 'NULL':
    case 'SS':
    case 'NS':
    case 'BS':
    case 'L':
    case 'M':
      return true;
    default:
      return false;
  }
}

function canonicalContent(walk: Walk, type: AttributeType, raw: unknown, level: number): unknown {
  switch (type) {
    case 'S':
      return stringContent(walk, raw);
    case 'N':
      return numberContent(walk, raw);
    case 'B':
      return binaryContent(raw);
    case 'BOOL':
      return booleanContent(raw);
    case 'NULL':
      return nullContent(walk, raw);
    case 'SS':
    case 'NS':
    case 'BS':
      return canonicalSet(walk, type, raw);
    case 'L':
      return canonicalList(walk, raw, level + 1);
    case 'M':
      return canonicalMap(walk, raw, level + 1);
  }
}

/** `level` is that of the values in the list. */
function canonicalList(walk: Walk, raw: unknown, level: number): readonly AttributeValue[] {
  const given = listContent(raw) as readonly AttributeValue[];
  let copy: AttributeValue[] | undefined;
  for (let at = 0; at < given.length; at++) {
    const canonical = canonicalValue(walk, given[at], level);
    if (canonical === given[at]) continue;
    copy ??= [...given];
    copy[at] = canonical;
  }
  return copy ?? given;
}
