import { unreachable } from '../../../shared/base/assert.ts';
import { canonicalizeItem, canonicalizeValue, ItemError } from '../../../shared/item/canonical-value.ts';
import { serializationError } from './api-error.ts';
import type { JsonObject } from './json-object.ts';
import type { ValueType } from './field.ts';

/**
 * The service's answers to fields of a wrong JSON type (SerializationException). The texts are those of its Java deserialiser;
 * dynalite's validations record them.
 */

const MODEL = 'com.amazonaws.dynamodb.v20120810.';
const STRUCTURE = 'Start of structure or map found where not expected';
const PARAMETERIZED =
  'class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class ' +
  '(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader ' +
  "'bootstrap')";

/** Throws SerializationException when the value is not of the type. Attribute values inside are left to who reads them. */
export function checkType(value: unknown, type: ValueType): void {
  if (value === null || value === undefined) return;
  switch (type.kind) {
    case 'string':
      if (typeof value !== 'string') throw notConvertible(value, 'String');
      return;
    case 'boolean':
      readBoolean(value);
      return;
    case 'number':
      if (typeof value !== 'number') throw notConvertible(value, type.java);
      return;
    case 'list':
      checkList(value, type.member, type.parameterized === true);
      return;
    case 'map':
    case 'attributes':
      checkMap(value, type);
      return;
    case 'structure':
      checkStructure(value, type);
      return;
    case 'attribute':
      checkObject(value, 'AttributeValue', type.asMember === true);
      return;
    default:
      unreachable(type);
  }
}

/**
 * Looks into the attribute values of what `checkType` found right. The service reads the whole request before it judges any of it, so a wrong
 * type anywhere wins over every other error; for a good request nobody pays for this second look.
 */
export function checkDeep(value: unknown, type: ValueType): void {
  if (value === null || value === undefined) return;
  if (type.kind === 'attributes') {
    checkValues(() => canonicalizeItem(value));
  } else if (type.kind === 'attribute') {
    checkValues(() => canonicalizeValue(value));
  } else if (type.kind === 'list' && !isScalar(type.member)) {
    for (const member of value as readonly unknown[]) checkDeep(member, type.member);
  } else if (type.kind === 'map' && !isScalar(type.member)) {
    for (const member of Object.values(value)) checkDeep(member, type.member);
  } else if (type.kind === 'structure') {
    for (const field of type.fields) checkDeep((value as JsonObject)[field.name], field.type);
  }
}

function checkValues(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (error instanceof ItemError && error.kind === 'serialization') throw serializationError(error.message);
    if (!(error instanceof ItemError)) throw error;
  }
}

/** Nothing in a value of this type has rules of its own: of two hundred thousand names none is worth a look. */
export function isScalar({ kind }: ValueType): boolean {
  return kind === 'string' || kind === 'number' || kind === 'boolean';
}

/** The service takes some words for booleans. */
export function readBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw notConvertible(value, 'Boolean');
  const word = value.toUpperCase();
  if (word === 'TRUE' || word === '1' || word === 'YES') return true;
  if (word === 'FALSE' || word === '0' || word === 'NO') return false;
  throw serializationError('Unexpected token received from parser');
}

function checkList(value: unknown, member: ValueType, parameterized: boolean): void {
  if (typeof value !== 'object') throw serializationError(parameterized ? PARAMETERIZED : 'Unexpected field type');
  if (!Array.isArray(value)) throw serializationError(STRUCTURE);
  for (const one of value) checkType(one, member);
}

function checkMap(value: unknown, type: ValueType & { kind: 'map' | 'attributes' }): void {
  const parameterized = type.kind === 'attributes' && type.parameterized === true;
  if (typeof value !== 'object') throw serializationError(parameterized ? PARAMETERIZED : 'Unexpected field type');
  if (Array.isArray(value)) {
    const java = type.kind === 'attributes' ? `${MODEL}AttributeValue` : type.java;
    throw serializationError(`Unrecognized collection type java.util.Map<java.lang.String, ${java}>`);
  }
  if (type.kind === 'map') for (const one of Object.values(value as JsonObject)) checkType(one, type.member);
}

function checkStructure(value: unknown, type: ValueType & { kind: 'structure' }): void {
  checkObject(value, type.java, type.asMember === true);
  for (const field of type.fields) checkType((value as JsonObject)[field.name], field.type);
}

function checkObject(value: unknown, java: string, asMember: boolean): void {
  if (typeof value !== 'object') throw serializationError(asMember ? 'Unexpected value type in payload' : 'Unexpected field type');
  if (Array.isArray(value)) throw serializationError(`Unrecognized collection type class ${MODEL}${java}`);
}

function notConvertible(value: unknown, java: string): Error {
  if (Array.isArray(value)) return serializationError(`Unrecognized collection type class java.lang.${java}`);
  if (typeof value === 'object') return serializationError(STRUCTURE);
  if (typeof value === 'string') return serializationError(`STRING_VALUE cannot be converted to ${java}`);
  if (typeof value === 'boolean') return serializationError(`${value ? 'TRUE' : 'FALSE'}_VALUE cannot be converted to ${java}`);
  return serializationError(`${Number.isInteger(value) ? 'NUMBER' : 'DECIMAL'}_VALUE cannot be converted to ${java}`);
}
