import { AdminCallError } from '../../shared/env/transport.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import { isServing } from '../../shared/placement/catalog-records.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { changedTable, changesCapacity, hasIndexInMotion, makesUpdating } from '../../shared/placement/changed-table.ts';
import { CatalogRecordError } from '../../shared/placement/record-fields.ts';
import { parseTableEntry, serializeRecord } from '../../shared/placement/record-format.ts';
import { parseTableChange } from '../../shared/placement/table-change.ts';
import type { TableChange } from '../../shared/placement/table-change.ts';
import { indexPartitioning } from '../../shared/placement/table-plan.ts';
import { refuseAccountUnits, refuseOperation } from '../../shared/placement/table-quotas.ts';
import type { ChangeTable, TableChanged } from '../../shared/wire/admin.ts';
import {
  CHANGE_ATTEMPTS,
  type HandlerContext,
  otherTables,
  refuseTooLarge,
  refusing,
  requireActive,
  unsettled,
} from './handler-context.ts';

/**
 * Writes the changed record of a table and answers; a table that is UPDATING is finished from the catalog. The id of the change makes
 * the call safe to repeat, and that of the table keeps it from a newer table of the same name. Refusals: `table-not-found`, `table-busy` (CREATING or DELETING), `table-updating`,
 * `change-invalid`, `change-limit`, `change-in-use`, `change-not-found` and `change-throttled`, whose messages are the service's texts.
 */
export async function changeTable(context: HandlerContext, request: ChangeTable): Promise<TableChanged> {
  requireActive(context);
  const change = readChange(request.change);
  const key = tableKey(request.account, request.region, request.name);
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const item = await context.cluster.catalog.read(key);
    const table = item && parseTableEntry(item.json);
    if (item === undefined || table === undefined || table.tableId !== request.tableId || table.status === 'REMOVED') {
      throw new AdminCallError('table-not-found', `there is no table ${request.name} with the id ${request.tableId}`);
    }
    if (table.changes?.includes(change.id)) return { kind: 'table-changed', record: item.json, slot: item.slot };
    refuseBusy(table, change);
    const record: TableRecord = { ...applied(context, table, change), generation: table.generation + 1 };
    const news = (record.globalIndexes ?? []).filter(({ status }) => status === 'CREATING');
    refuseTooLarge(news.map((index) => indexPartitioning(record, index)));
    const json = serializeRecord(record);
    const written = () => context.cluster.catalog.write(key, json, record.generation, table.generation);
    const write = await context.ownWrites.during(record, written);
    if (write.outcome === 'written') return { kind: 'table-changed', record: json, slot: write.slot };
  }
  throw unsettled(`table ${request.name} was changed`);
}

/**
 * A table takes one change of its capacity, class or indexes at a time; the rest needs no work, so it may come meanwhile. What the index
 * that is on its way does not allow is told by the change itself.
 */
function refuseBusy(table: TableRecord, change: TableChange): void {
  if (!isServing(table)) throw new AdminCallError('table-busy', `table ${table.name} is ${table.status}`);
  if (table.status !== 'UPDATING' || !makesUpdating(change) || hasIndexInMotion(table)) return;
  const code = changesCapacity(change) ? 'table-iops-updating' : 'table-updating';
  throw new AdminCallError(code, `table ${table.name} is being updated`);
}

function applied(context: HandlerContext, table: TableRecord, change: TableChange): TableRecord {
  return refusing(() => {
    const changed = changedTable(table, change, context.quotas);
    const others = otherTables(context, table);
    refuseAccountUnits(table, changed, others, context.quotas);
    if (makesUpdating(change)) refuseOperation(others, context.quotas);
    return changed;
  });
}

function readChange(json: Uint8Array): TableChange {
  try {
    return parseTableChange(json);
  } catch (error) {
    if (error instanceof CatalogRecordError) throw new AdminCallError('invalid-change', error.message);
    throw error;
  }
}
