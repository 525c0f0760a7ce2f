import type { KeyAttribute, KeyAttributeType, KeySchema } from '../../../shared/item/attribute-value.ts';
import type { IndexKeySchema } from '../../../shared/item/index-key.ts';
import { isWellFormed } from '../../../shared/item/unicode.ts';
import { KEY_ATTRIBUTE_NAME_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import { INDEX_KEY_ATTRIBUTES_MAX } from '../../../shared/limits/table-limits.ts';
import { validationError } from './api-error.ts';
import { lengthAtLeast, lengthAtMost, oneOf } from './constraint.ts';
import type { JsonObject } from './json-object.ts';
import type { Field } from './field.ts';

/**
 * Keys of tables and indexes as CreateTable and UpdateTable take them, and the service's rules for them. Those for keys of several
 * attributes: measurements of the service from October 2026 (ack-api-quirks).
 */

const attributeName: Field = {
  name: 'AttributeName',
  type: { kind: 'string' },
  notNull: true,
  constraints: [lengthAtLeast(1), lengthAtMost(KEY_ATTRIBUTE_NAME_BYTES_MAX)],
};

export const attributeDefinitions: Field = {
  name: 'AttributeDefinitions',
  notNull: true,
  type: {
    kind: 'list',
    member: {
      kind: 'structure',
      java: 'AttributeDefinition',
      asMember: true,
      fields: [{ name: 'AttributeType', type: { kind: 'string' }, notNull: true, constraints: [oneOf('B', 'N', 'S')] }, attributeName],
    },
  },
};

export const keySchema: Field = {
  name: 'KeySchema',
  notNull: true,
  constraints: [lengthAtLeast(1), lengthAtMost(2)],
  type: {
    kind: 'list',
    member: {
      kind: 'structure',
      java: 'KeySchemaElement',
      asMember: true,
      fields: [attributeName, { name: 'KeyType', type: { kind: 'string' }, notNull: true, constraints: [oneOf('HASH', 'RANGE')] }],
    },
  },
};

const INVALID = 'One or more parameter values were invalid: ';

export interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

export interface AttributeDefinition {
  readonly AttributeName: string;
  readonly AttributeType: KeyAttributeType;
}

/** What AttributeDefinitions says, in its order. */
export type AttributeTypes = ReadonlyMap<string, KeyAttributeType>;

/** Throws ValidationException. */
export function readAttributeTypes(definitions: readonly AttributeDefinition[]): AttributeTypes {
  const types = new Map<string, KeyAttributeType>();
  for (const { AttributeName: name, AttributeType: type } of definitions) {
    if (types.has(name)) throw validationError(`Attribute Name is duplicated: ${name}`);
    types.set(name, type);
  }
  return types;
}

/** The table's key and the types of all attributes that are defined. Throws ValidationException. */
export function readTableKeys(input: JsonObject): { readonly keys: KeySchema; readonly types: AttributeTypes } {
  const elements = input.KeySchema as readonly KeySchemaElement[];
  const definitions = input.AttributeDefinitions as readonly AttributeDefinition[];
  if (elements.length > definitions.length) throw validationError('Invalid KeySchema: Some index key attribute have no definition');
  const types = readAttributeTypes(definitions);
  return { keys: readKeySchema(elements, types), types };
}

/** The key of a table without indexes uses all attributes that are defined. Throws ValidationException. */
export function refuseFurtherDefinitions({ sort }: KeySchema, types: AttributeTypes): void {
  if (types.size === (sort === undefined ? 1 : 2)) return;
  throw validationError(
    `${INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
  );
}

/** The key of a table or of a local index: one or two attributes. Throws ValidationException. */
export function readKeySchema(elements: readonly KeySchemaElement[], types: AttributeTypes): KeySchema {
  const [partition, sort] = readAttributes(elements, types);
  if (partition?.name === sort?.name) {
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  checkFirst(elements);
  if (elements.length > 1 && elements[1]?.KeyType !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  return { partition: partition as KeyAttribute, ...(sort === undefined ? undefined : { sort }) };
}

/** The key of a global index: one to four attributes of each kind, none twice. Throws ValidationException. */
export function readIndexKeySchema(elements: readonly KeySchemaElement[], types: AttributeTypes): IndexKeySchema {
  const attributes = readAttributes(elements, types);
  if (new Set(attributes.map(({ name }) => name)).size < attributes.length) {
    throw validationError('The KeySchema contains multiple key attributes with the same name');
  }
  checkFirst(elements);
  const count = elements.filter(({ KeyType }) => KeyType === 'HASH').length;
  for (const [kind, number] of [
    ['HASH', count],
    ['RANGE', elements.length - count],
  ] as const) {
    if (number <= INDEX_KEY_ATTRIBUTES_MAX) continue;
    throw validationError(`${INVALID}The KeySchema exceeds the maximum allowed number of ${kind} key attributes`);
  }
  if (elements.slice(0, count).some(({ KeyType }) => KeyType === 'RANGE')) {
    throw validationError(`${INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema`);
  }
  return { partition: attributes.slice(0, count), sort: attributes.slice(count) };
}

function readAttributes(elements: readonly KeySchemaElement[], types: AttributeTypes): readonly KeyAttribute[] {
  const names = elements.map((element) => element.AttributeName);
  if (!names.every(isWellFormed)) {
    throw validationError(`${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`);
  }
  return names.map((name) => {
    const type = types.get(name);
    if (type !== undefined) return { name, type };
    throw validationError(
      `${INVALID}Some index key attributes are not defined in AttributeDefinitions. ` +
        `Keys: [${names.join(', ')}], AttributeDefinitions: [${[...types.keys()].join(', ')}]`,
    );
  });
}

function checkFirst([first]: readonly KeySchemaElement[]): void {
  if (first?.KeyType !== 'HASH') throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
}
