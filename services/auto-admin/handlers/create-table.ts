import { UNAVAILABLE } from '../../shared/cluster-client/auto-admin-client.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { PARTITIONS_PER_NEW_TABLE_MAX } from '../../shared/limits/placement-limits.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import type { TableDefinition, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogRecordError } from '../../shared/placement/record-fields.ts';
import { parseTableDefinition, parseTableRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import { partitionCount, planTable } from '../../shared/placement/table-plan.ts';
import type { CreateTable, TableChanged } from '../../shared/wire/admin.ts';
import { type HandlerContext, requireActive, unsettled } from './handler-context.ts';

/**
 * Writes the table's record as CREATING and answers; the rest is done from the catalog. The table id, made by the router,
 * makes the call safe to repeat: a record with the same id is this very creation.
 */
export async function createTable(context: HandlerContext, request: CreateTable): Promise<TableChanged> {
  requireActive(context);
  const definition = readDefinition(request.definition);
  refuseUnplaceable(context, definition);
  const key = tableKey(definition.account, definition.region, definition.name);
  const record: TableRecord = { ...definition, generation: firstGeneration(context), status: 'CREATING' };
  const json = serializeRecord(record);
  const write = await context.cluster.catalog.write(key, json, record.generation, undefined);
  if (write.outcome === 'written') return { kind: 'table-changed', record: json, slot: write.slot };
  const item = await context.cluster.catalog.read(key);
  if (item === undefined) throw unsettled(`table ${definition.name} was created`);
  const present = parseTableRecord(item.json);
  if (present.tableId === definition.tableId) return { kind: 'table-changed', record: item.json, slot: item.slot };
  const code = present.status === 'DELETING' ? 'table-busy' : 'table-exists';
  throw new AdminCallError(code, `a table of the name ${definition.name} exists and is ${present.status}`);
}

/**
 * A name can be used again, so generations of different tables under one key must not meet: a late compare-and-set meant for
 * an earlier table would pass. Hence the first one is drawn from 2^40.
 */
function firstGeneration(context: HandlerContext): number {
  return 1 + context.random.uint32() * 256 + (context.random.uint32() >>> 24);
}

function readDefinition(json: Uint8Array): TableDefinition {
  try {
    return parseTableDefinition(json);
  } catch (error) {
    if (error instanceof CatalogRecordError) throw new AdminCallError('invalid-definition', error.message);
    throw error;
  }
}

/** What cannot be placed now is refused before anything is written; the caller may ask again when nodes have come. */
function refuseUnplaceable(context: HandlerContext, definition: TableDefinition): void {
  const partitions = partitionCount(definition);
  // No node that comes can change that, so the caller is not to ask again.
  if (partitions > PARTITIONS_PER_NEW_TABLE_MAX) {
    throw new AdminCallError(
      'table-too-large',
      `it needs ${partitions} partitions, and one table can have ${PARTITIONS_PER_NEW_TABLE_MAX} when it is made`,
    );
  }
  const view = context.cluster.watcher.view;
  const plan = planTable({ definition, nodes: [...view.nodes()], counters: view.counters, present: [], others: [] });
  if ('refused' in plan) throw new AdminCallError(UNAVAILABLE, plan.refused);
}
