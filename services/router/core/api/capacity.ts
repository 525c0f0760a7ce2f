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

/** What the client wants to hear about units. With INDEXES the table's part is told apart; there are no indexes yet. */
export type CapacityDetail = 'NONE' | 'TOTAL' | 'INDEXES';

export function readCapacityDetail(input: JsonObject): CapacityDetail {
  return (input.ReturnConsumedCapacity ?? 'NONE') as CapacityDetail;
}

/** The JSON of one ConsumedCapacity. */
export function consumedCapacity(detail: CapacityDetail, tableName: string, units: number): string {
  const table = detail === 'INDEXES' ? `,"Table":{"CapacityUnits":${units}}` : '';
  return `{"TableName":${JSON.stringify(tableName)},"CapacityUnits":${units}${table}}`;
}
