import { TABLE_NAME_BYTES_MAX, TABLE_NAME_BYTES_MIN } from '../../../shared/limits/api-limits.ts';
import type { TableView } from '../storage-port.ts';
import { consumedCapacity } from './capacity.ts';
import type { CapacityDetail } from './capacity.ts';
import { lengthAtLeast, lengthAtMost, mapKeys, nameCharacters } from './constraint.ts';
import type { RequestContext } from './request-context.ts';
import { activeTable, refreshedTable } from './table-lookup.ts';
import { orArn, plainTableName } from './table-name.ts';

/** What BatchGetItem and BatchWriteItem share. */

/** The keys of RequestItems are names of tables, or their ARNs. */
export const tableNamesAsKeys = mapKeys(
  orArn(lengthAtMost(TABLE_NAME_BYTES_MAX)),
  orArn(lengthAtLeast(TABLE_NAME_BYTES_MIN)),
  orArn(nameCharacters),
);

/** The table of one entry of RequestItems. Throws ResourceNotFoundException. */
export async function batchTable(nameOrArn: string, context: RequestContext): Promise<TableView> {
  const name = plainTableName(nameOrArn, context.services.region, context.account);
  return activeTable(name, context) ?? (await refreshedTable(name, context));
}

/** `"ConsumedCapacity":[…],` for the units of each table, or nothing when the client does not ask. */
export function batchCapacity(detail: CapacityDetail, units: ReadonlyMap<string, number>): string {
  if (detail === 'NONE') return '';
  return `"ConsumedCapacity":[${[...units].map(([name, sum]) => consumedCapacity(detail, name, sum)).join(',')}],`;
}
