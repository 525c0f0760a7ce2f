import { AdminCallError } from '../../shared/env/transport.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { parseTableEntry, serializeRecord } from '../../shared/placement/record-format.ts';
import { refuseOperation } from '../../shared/placement/table-quotas.ts';
import type { DeleteTable, TableChanged } from '../../shared/wire/admin.ts';
import { CHANGE_ATTEMPTS, type HandlerContext, otherTables, refusing, requireActive, unsettled } from './handler-context.ts';

/**
 * Marks an ACTIVE table as DELETING and answers; the rest is done from the catalog. A table that is DELETING already is no error
 * (AWS, "DeleteTable"), one that is still CREATING is busy, one that is UPDATING too, and one with deletion protection stays. The
 * table is named by its id, too: when that is gone, this call or another one deleted it, and a newer table of its name is none of
 * this call's business.
 */
export async function deleteTable(context: HandlerContext, request: DeleteTable): Promise<TableChanged> {
  requireActive(context);
  const { name, tableId } = request;
  if (tableId === '') throw new AdminCallError('invalid-request', 'a table is deleted by its id');
  const key = tableKey(request.account, request.region, name);
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const item = await context.cluster.catalog.read(key);
    const table = item && parseTableEntry(item.json);
    if (item === undefined || table === undefined || table.tableId !== tableId || table.status === 'REMOVED') {
      throw new AdminCallError('table-not-found', `there is no table ${name} with the id ${tableId}`);
    }
    if (table.status === 'DELETING') return { kind: 'table-changed', record: item.json, slot: item.slot };
    if (table.status === 'CREATING') throw new AdminCallError('table-busy', `table ${name} is being created`);
    if (table.status === 'UPDATING') throw new AdminCallError('table-updating', `table ${name} is being updated`);
    if (table.deletionProtection) throw new AdminCallError('table-protected', `table ${name} is protected against deletion`);
    refusing(() => refuseOperation(otherTables(context, table), context.quotas));
    const record: TableRecord = { ...table, status: 'DELETING', generation: table.generation + 1 };
    const json = serializeRecord(record);
    const written = () => context.cluster.catalog.write(key, json, record.generation, table.generation);
    const write = await context.ownWrites.during(record, written);
    if (write.outcome === 'written') return { kind: 'table-changed', record: json, slot: write.slot };
  }
  throw unsettled(`table ${name} is being deleted`);
}
