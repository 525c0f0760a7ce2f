import { AdminCallError } from '../../shared/env/transport.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { parseTableRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import type { DeleteTable, TableChanged } from '../../shared/wire/admin.ts';
import { CHANGE_ATTEMPTS, type HandlerContext, requireActive, unsettled } from './handler-context.ts';

/**
 * Marks an ACTIVE table as DELETING and answers; the rest is done from the catalog. A table that is DELETING already is no error
 * (AWS, "DeleteTable"), one that is still CREATING is busy.
 */
export async function deleteTable(context: HandlerContext, request: DeleteTable): Promise<TableChanged> {
  requireActive(context);
  const key = tableKey(request.account, request.region, request.name);
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const item = await context.cluster.catalog.read(key);
    if (item === undefined) throw new AdminCallError('table-not-found', `there is no table ${request.name}`);
    const table = parseTableRecord(item.json);
    if (table.status === 'DELETING') return { kind: 'table-changed', record: item.json, slot: item.slot };
    if (table.status === 'CREATING') throw new AdminCallError('table-busy', `table ${request.name} is being created`);
    const record: TableRecord = { ...table, status: 'DELETING', generation: table.generation + 1 };
    const json = serializeRecord(record);
    const write = await context.cluster.catalog.write(key, json, record.generation, table.generation);
    if (write.outcome === 'written') return { kind: 'table-changed', record: json, slot: write.slot };
  }
  throw unsettled(`table ${request.name} is being deleted`);
}
