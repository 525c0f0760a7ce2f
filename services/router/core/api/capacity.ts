import { READ_UNIT_BYTES, WRITE_UNIT_BYTES } from '../../../shared/limits/api-limits.ts';
import { oneOf } from './constraint.ts';
import type { JsonObject } from './json-object.ts';
import type { Field } from './field.ts';

/** Capacity units as the service counts them ("Read and write operations" of the Developer Guide). */

/** A write costs by the greater of the item before and after, and one unit at least, failed conditions included. */
export function writeUnits(oldSize: number, newSize: number): number {
  return Math.max(1, Math.ceil(Math.max(oldSize, newSize) / WRITE_UNIT_BYTES));
}

/** A read costs by the sum of what it read, one unit at least; half when it may be stale. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);
}

export const returnConsumedCapacity: Field = {
  name: 'ReturnConsumedCapacity',
  type: { kind: 'string' },
  constraints: [oneOf('INDEXES', 'TOTAL', 'NONE')],
};

/** What the client wants to hear about units. With INDEXES the parts of the table and of its indexes are told apart. */
export type CapacityDetail = 'NONE' | 'TOTAL' | 'INDEXES';

export function readCapacityDetail(input: JsonObject): CapacityDetail {
  return (input.ReturnConsumedCapacity ?? 'NONE') as CapacityDetail;
}

/** What secondary indexes consumed, by their names. */
export interface IndexCapacity {
  readonly local: ReadonlyMap<string, number>;
  readonly global: ReadonlyMap<string, number>;
}

/** The JSON of one ConsumedCapacity; `table` are the units of the table itself. */
export function consumedCapacity(detail: CapacityDetail, tableName: string, table: number, indexes?: IndexCapacity): string {
  const units = indexes === undefined ? table : table + sumOf(indexes.local) + sumOf(indexes.global);
  const parts = detail === 'INDEXES' ? `,"Table":{"CapacityUnits":${table}}${indexParts(indexes)}` : '';
  return `{"TableName":${JSON.stringify(tableName)},"CapacityUnits":${units}${parts}}`;
}

/** The member of an answer that tells of consumed capacity; empty when the client does not ask. */
export function capacityMember(detail: CapacityDetail, tableName: string, table: number, indexes?: IndexCapacity): string {
  return detail === 'NONE' ? '' : `"ConsumedCapacity":${consumedCapacity(detail, tableName, table, indexes)}`;
}

function sumOf(units: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const one of units.values()) sum += one;
  return sum;
}

function indexParts(indexes: IndexCapacity | undefined): string {
  if (indexes === undefined) return '';
  return indexPart('LocalSecondaryIndexes', indexes.local) + indexPart('GlobalSecondaryIndexes', indexes.global);
}

function indexPart(name: string, units: ReadonlyMap<string, number>): string {
  if (units.size === 0) return '';
  const members = [...units].map(([index, one]) => `${JSON.stringify(index)}:{"CapacityUnits":${one}}`);
  return `,"${name}":{${members.join(',')}}`;
}
