import type { KeyAttribute, KeyAttributeType, KeySchema } from '../../../shared/item/attribute-value.ts';
import { isWellFormed } from '../../../shared/item/unicode.ts';
import { CAPACITY_UNITS_MAX, KEY_ATTRIBUTE_NAME_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import type { BillingMode } from '../../../shared/placement/catalog-records.ts';
import type { Throughput } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import { atLeast, lengthAtLeast, lengthAtMost, oneOf } from './constraint.ts';
import type { JsonObject } from './json-object.ts';
import type { Field } from './field.ts';

/** The parts of CreateTable that say what a table is, and the service's rules for them. */

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

export const billingMode: Field = {
  name: 'BillingMode',
  type: { kind: 'string' },
  constraints: [oneOf('PROVISIONED', 'PAY_PER_REQUEST')],
};

export const provisionedThroughput: Field = {
  name: 'ProvisionedThroughput',
  type: {
    kind: 'structure',
    java: 'ProvisionedThroughput',
    fields: ['WriteCapacityUnits', 'ReadCapacityUnits'].map((name) => ({
      name,
      type: { kind: 'number', java: 'Long' },
      notNull: true,
      constraints: [atLeast(1)],
    })),
  },
};

const INVALID = 'One or more parameter values were invalid: ';

/** Capacity of a provisioned table; undefined for one on demand. Throws ValidationException. */
export function readThroughput(input: JsonObject): Throughput | undefined {
  const given = (input.ProvisionedThroughput ?? undefined) as JsonObject | undefined;
  if (input.BillingMode === 'PAY_PER_REQUEST') {
    if (given === undefined) return undefined;
    throw validationError(
      `${INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (given === undefined) {
    throw validationError(`${INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`);
  }
  return throughputOf(given);
}

/** What UpdateTable asks of billing mode and capacity. Throws ValidationException. */
export function readThroughputChange(input: JsonObject): { readonly billingMode?: BillingMode; readonly throughput?: Throughput } {
  const billingMode = (input.BillingMode ?? undefined) as BillingMode | undefined;
  const given = (input.ProvisionedThroughput ?? undefined) as JsonObject | undefined;
  if (billingMode === 'PROVISIONED' && given === undefined) {
    throw validationError(`${INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED`);
  }
  if (billingMode === 'PAY_PER_REQUEST' && given !== undefined) {
    throw validationError(`${INVALID}ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST`);
  }
  return {
    ...(billingMode === undefined ? undefined : { billingMode }),
    ...(given === undefined ? undefined : { throughput: throughputOf(given) }),
  };
}

function throughputOf(given: JsonObject): Throughput {
  return { readUnits: readUnitsOf(given, 'ReadCapacityUnits'), writeUnits: readUnitsOf(given, 'WriteCapacityUnits') };
}

function readUnitsOf(throughput: JsonObject, name: string): number {
  const units = Math.floor(throughput[name] as number);
  if (units > CAPACITY_UNITS_MAX) throw validationError(`Given value ${units} for ${name} is out of bounds`);
  return units;
}

interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

interface AttributeDefinition {
  readonly AttributeName: string;
  readonly AttributeType: KeyAttributeType;
}

/** The table's key with its types. Every defined attribute must be used by the key. Throws ValidationException. */
export function readKeySchema(input: JsonObject): KeySchema {
  const elements = input.KeySchema as readonly KeySchemaElement[];
  const definitions = input.AttributeDefinitions as readonly AttributeDefinition[];
  const [first, second] = elements;
  if (first === undefined || elements.length > definitions.length) {
    throw validationError('Invalid KeySchema: Some index key attribute have no definition');
  }
  const names = elements.map((element) => element.AttributeName);
  const duplicate = definitions.find(({ AttributeName }, at) => definitions.findIndex((one) => one.AttributeName === AttributeName) < at);
  if (duplicate !== undefined) throw validationError(`Attribute Name is duplicated: ${duplicate.AttributeName}`);
  if (!names.every(isWellFormed)) {
    throw validationError(`${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`);
  }
  const defined = definitions.map((definition) => definition.AttributeName);
  if (names.some((name) => !defined.includes(name))) {
    throw validationError(
      `${INVALID}Some index key attributes are not defined in AttributeDefinitions. ` +
        `Keys: [${names.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
    );
  }
  if (second !== undefined && first.AttributeName === second.AttributeName) {
    throw validationError('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  if (first.KeyType !== 'HASH') throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  if (second !== undefined && second.KeyType !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (elements.length !== definitions.length) {
    throw validationError(
      `${INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    );
  }
  const partition = keyAttribute(first, definitions);
  return second === undefined ? { partition } : { partition, sort: keyAttribute(second, definitions) };
}

function keyAttribute({ AttributeName: name }: KeySchemaElement, definitions: readonly AttributeDefinition[]): KeyAttribute {
  const type = definitions.find((definition) => definition.AttributeName === name)?.AttributeType;
  return { name, type: type as KeyAttributeType };
}
