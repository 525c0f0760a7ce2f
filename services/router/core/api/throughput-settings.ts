import { CAPACITY_UNITS_MAX } from '../../../shared/limits/api-limits.ts';
import { NO_MAXIMUM } from '../../../shared/placement/on-demand-change.ts';
import type { OnDemandChange } from '../../../shared/placement/on-demand-change.ts';
import { INITIAL_WARM_THROUGHPUT, ON_DEMAND_WARM } from '../../../shared/placement/table-settings.ts';
import type { OnDemandThroughput, Throughput } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import { structure } from './field.ts';
import type { Field, ValueType } from './field.ts';
import type { JsonObject } from './json-object.ts';
import { isGiven } from './placeholders.ts';

/**
 * On-demand maxima and warm throughput of tables and of global indexes; `index` is the name of one. Texts and rules: measurements of
 * the service from October 2026 (ack-api-quirks).
 */

const INVALID = 'One or more parameter values were invalid: ';
const LONG: ValueType = { kind: 'number', java: 'Long' };

export const onDemandThroughput: Field = structure('OnDemandThroughput', [
  { name: 'MaxReadRequestUnits', type: LONG },
  { name: 'MaxWriteRequestUnits', type: LONG },
]);

export const warmThroughput: Field = structure('WarmThroughput', [
  { name: 'ReadUnitsPerSecond', type: LONG },
  { name: 'WriteUnitsPerSecond', type: LONG },
]);

/** The maxima of what is new, in a table whose `throughput` is that of a provisioned one. Throws ValidationException. */
export function readNewMaxima(input: JsonObject, throughput: Throughput | undefined, index?: string): OnDemandThroughput | undefined {
  if (!isGiven(input, 'OnDemandThroughput')) return undefined;
  const maxima = readMaxima(input, 1, index);
  const [first] = Object.keys(maxima);
  if (first === undefined) return undefined;
  if (throughput === undefined) return maxima;
  const name = first === 'maxReadUnits' ? 'MaxReadRequestUnits' : 'MaxWriteRequestUnits';
  const subject = index === undefined ? '' : ` for index: ${index}`;
  throw validationError(`${INVALID}${name} for OnDemandThroughput${subject} cannot be specified when table BillingMode is PROVISIONED.`);
}

/** `least`: 1, or NO_MAXIMUM where a maximum can be taken away. Throws ValidationException. */
export function readMaxima(input: JsonObject, least: number, index?: string): OnDemandChange {
  const given = input.OnDemandThroughput as JsonObject;
  const read = readUnits(given, 'MaxReadRequestUnits');
  const write = readUnits(given, 'MaxWriteRequestUnits');
  for (const [name, units] of [
    ['MaxReadRequestUnits', read],
    ['MaxWriteRequestUnits', write],
  ] as const) {
    if (units === undefined || units >= 1 || (units === NO_MAXIMUM && least === NO_MAXIMUM)) continue;
    const subject = index === undefined ? 'table' : `index : ${index}`;
    throw validationError(`${INVALID}Requested ${name} for OnDemandThroughput for ${subject} is outside of valid range`);
  }
  return { ...(read === undefined ? undefined : { maxReadUnits: read }), ...(write === undefined ? undefined : { maxWriteUnits: write }) };
}

/** What is new is at least as warm as its capacity. Throws ValidationException. */
export function readNewWarmThroughput(input: JsonObject, throughput: Throughput | undefined, index?: string): Throughput | undefined {
  if (!isGiven(input, 'WarmThroughput')) return undefined;
  const least = throughput ?? ON_DEMAND_WARM;
  const given = input.WarmThroughput as JsonObject;
  for (const [name, capacity, units, floor] of [
    ['ReadUnitsPerSecond', 'ReadCapacityUnits', readUnits(given, 'ReadUnitsPerSecond'), least.readUnits],
    ['WriteUnitsPerSecond', 'WriteCapacityUnits', readUnits(given, 'WriteUnitsPerSecond'), least.writeUnits],
  ] as const) {
    if (units === undefined || units >= floor) continue;
    const than = throughput === undefined ? INITIAL_WARM_THROUGHPUT : `${capacity} of ProvisionedThroughput`;
    const subject = index === undefined ? 'table' : `index ${index}`;
    throw validationError(`${INVALID}Requested ${name} for WarmThroughput for ${subject} is lower than ${than}`);
  }
  return { ...least, ...readWarmThroughput(input) };
}

/** What is less than one is less than every table has. Throws ValidationException. */
export function readWarmThroughput(input: JsonObject): Partial<Throughput> {
  const given = input.WarmThroughput as JsonObject;
  const read = readUnits(given, 'ReadUnitsPerSecond');
  const write = readUnits(given, 'WriteUnitsPerSecond');
  return {
    ...(read === undefined ? undefined : { readUnits: Math.max(1, read) }),
    ...(write === undefined ? undefined : { writeUnits: Math.max(1, write) }),
  };
}

function readUnits(given: JsonObject, name: string): number | undefined {
  if (!isGiven(given, name)) return undefined;
  const units = Math.floor(given[name] as number);
  if (units > CAPACITY_UNITS_MAX) throw validationError(`Given value ${units} for ${name} is out of bounds`);
  return units;
}
