import { CONSTRAINT_ERRORS_MAX } from '../../../shared/limits/api-limits.ts';
import { validationError } from './api-error.ts';
import type { Field, ValueType } from './field.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { echo, lowerFirst } from './value-echo.ts';
import { checkDeep, checkType, isScalar } from './value-type.ts';

/**
 * What a request may hold. The order of the fields is the order in which the service lists broken constraints, as dynalite's
 * validations record it.
 */
export class RequestShape {
  readonly #fields: readonly Field[];
  readonly #leading: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
    this.#leading = fields.filter((field) => field.leading === true || field.required === true);
  }

  /** Throws SerializationException when a field has the wrong type. Attribute values are looked at by their readers. */
  checkTypes(input: JsonObject): void {
    for (const field of this.#fields) checkType(input[field.name], field.type);
  }

  /** The same with the attribute values: for a request that is about to be refused for another reason. */
  checkTypesDeep(input: JsonObject): void {
    for (const field of this.#fields) checkDeep(input[field.name], field.type);
  }

  /**
   * The request, its types found right, without the members that the operation does not have. Those were not judged, and mean nothing: nobody
   * may take them for something.
   */
  known(input: JsonObject): JsonObject {
    return knownFields(input, this.#fields);
  }

  /** Throws one ValidationException that lists the broken constraints, at most ten of them. */
  checkConstraints(input: JsonObject): void {
    for (const field of this.#leading) checkLeading(input[field.name], field);
    let violations: string[] | undefined;
    for (const field of this.#fields) {
      const value = input[field.name];
      if (isFine(value, field)) continue;
      violations ??= [];
      collect(value, field, '', violations);
    }
    if (violations !== undefined && violations.length > 0) throw constraintError(violations);
  }
}

function knownFields(value: JsonObject, fields: readonly Field[]): JsonObject {
  const present = fields.filter(({ name }) => Object.hasOwn(value, name));
  return Object.fromEntries(present.map(({ name, type }) => [name, knownMembers(value[name], type)]));
}

function knownMembers(value: unknown, type: ValueType): unknown {
  if (value === null || ('member' in type && isScalar(type.member))) return value;
  switch (type.kind) {
    case 'structure':
      return knownFields(value as JsonObject, type.fields);
    case 'list':
      return (value as readonly unknown[]).map((member) => knownMembers(member, type.member));
    case 'map':
      return Object.fromEntries(Object.entries(value as JsonObject).map(([name, member]) => [name, knownMembers(member, type.member)]));
    default:
      return value;
  }
}

/** The ValidationException for broken constraints. */
export function constraintError(violations: readonly string[]): Error {
  const shown = violations.slice(0, CONSTRAINT_ERRORS_MAX);
  return validationError(`${shown.length} validation error${shown.length === 1 ? '' : 's'} detected: ${shown.join('; ')}`);
}

/** One broken constraint in the service's words. */
export function violation(value: unknown, type: ValueType, path: string, text: string): string {
  const shown = value === null || value === undefined ? 'null' : `'${echo(value, type)}'`;
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${text}`;
}

function checkLeading(value: unknown, field: Field): void {
  if (value === undefined || value === null) {
    if (field.required === true) throw validationError(`The parameter '${field.name}' is required but was not present in the request`);
    return;
  }
  const { constraints } = field;
  if (constraints === undefined || constraints.every((constraint) => constraint.holds(value))) return;
  const broken = constraints.filter((constraint) => !constraint.holds(value));
  const told = field.required === true ? broken : broken.slice(0, 1);
  throw constraintError(told.map(({ text }) => violation(value, field.type, lowerFirst(field.name), text)));
}

/** Quickly true for most fields of most requests: absent and allowed to be, or plain and without rules. */
function isFine(value: unknown, field: Field): boolean {
  if (value === undefined || value === null) return field.notNull !== true;
  return field.constraints === undefined && (typeof value !== 'object' || field.type.kind === 'attributes');
}

function collect(value: unknown, field: Field, parent: string, violations: string[]): void {
  if (violations.length >= CONSTRAINT_ERRORS_MAX) return;
  const path = parent === '' ? lowerFirst(field.name) : `${parent}.${lowerFirst(field.name)}`;
  if (value === undefined || value === null) {
    if (field.notNull === true) violations.push(violation(value, field.type, path, 'Member must not be null'));
    return;
  }
  for (const constraint of field.constraints ?? []) {
    if (!constraint.holds(value)) violations.push(violation(value, field.type, path, constraint.text));
  }
  collectMembers(value, field.type, path, violations);
}

function collectMembers(value: unknown, type: ValueType, path: string, violations: string[]): void {
  if (type.kind === 'structure') {
    for (const field of type.fields) collect((value as JsonObject)[field.name], field, path, violations);
  } else if (type.kind === 'list' && !isScalar(type.member)) {
    const members = value as readonly unknown[];
    for (let at = 0; at < members.length && violations.length < CONSTRAINT_ERRORS_MAX; at++) {
      collectMember(members[at], type.member, `${path}.${at + 1}.member`, violations);
    }
  } else if (type.kind === 'map' && isJsonObject(value) && !isScalar(type.member)) {
    for (const name of Object.keys(value)) collectMember(value[name], type.member, `${path}.${name}.member`, violations);
  }
}

function collectMember(value: unknown, type: ValueType, path: string, violations: string[]): void {
  if (value !== undefined && value !== null) collectMembers(value, type, path, violations);
  else if (type.kind === 'structure') collectMembers({}, type, path, violations);
}
