import { CAPACITY_UNITS_MAX } from '../../../shared/limits/api-limits.ts';
import type { BillingMode } from '../../../shared/placement/catalog-records.ts';
import type { Throughput } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import { atLeast, oneOf } from './constraint.ts';
import type { Field } from './field.ts';
import type { JsonObject } from './json-object.ts';

/** Billing mode and provisioned capacity as CreateTable and UpdateTable take them. */

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

/** Capacity of a global index of a new table, which is provisioned or not. Throws ValidationException. */
export function readIndexThroughput(input: JsonObject, index: string, isProvisioned: boolean): Throughput | undefined {
  const throughput = readGivenThroughput(input, index);
  if (isProvisioned && throughput === undefined) {
    throw validationError(`${INVALID}ProvisionedThroughput is not specified for index: ${index}`);
  }
  if (!isProvisioned && throughput !== undefined) {
    throw validationError(
      `${INVALID}ProvisionedThroughput should not be specified for index: ${index} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  return throughput;
}

/** Capacity of a global index as it was sent. Throws ValidationException. */
export function readGivenThroughput(input: JsonObject, index: string): Throughput | undefined {
  const given = (input.ProvisionedThroughput ?? undefined) as JsonObject | undefined;
  return given === undefined ? undefined : throughputOf(given, ` for index ${index}`);
}

function throughputOf(given: JsonObject, ofWhat = ''): Throughput {
  return { readUnits: readUnitsOf(given, 'ReadCapacityUnits', ofWhat), writeUnits: readUnitsOf(given, 'WriteCapacityUnits', ofWhat) };
}

function readUnitsOf(throughput: JsonObject, name: string, ofWhat: string): number {
  const units = Math.floor(throughput[name] as number);
  if (units > CAPACITY_UNITS_MAX) throw validationError(`Given value ${units} for ${name} is out of bounds${ofWhat}`);
  return units;
}
