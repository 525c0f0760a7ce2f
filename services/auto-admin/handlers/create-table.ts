import { UNAVAILABLE } from '../../shared/cluster-client/auto-admin-client.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { tableKey } from '../../shared/placement/catalog-keys.ts';
import type { TableDefinition, TableRecord } from '../../shared/placement/catalog-records.ts';
import { CatalogRecordError } from '../../shared/placement/record-fields.ts';
import { parseTableDefinition, parseTableEntry, serializeRecord } from '../../shared/placement/record-format.ts';
import { indexPartitioning, planTable } from '../../shared/placement/table-plan.ts';
import { refuseCreation } from '../../shared/placement/table-quotas.ts';
import type { CreateTable, TableChanged } from '../../shared/wire/admin.ts';
import { type HandlerContext, otherTables, refuseTooLarge, refusing, requireActive, unsettled } from './handler-context.ts';

/**
 * Writes the table's record as CREATING and answers; the rest is done from the catalog. Two things make the call safe to repeat,
 * however late a copy arrives. The table id, made by the router: a record with the same id is this very creation. And the
 * generation that the router saw under the name: once a table of that name has come and gone it never matches again.
 */
export async function createTable(context: HandlerContext, request: CreateTable): Promise<TableChanged> {
  requireActive(context);
  const definition = readDefinition(request.definition);
  refusing(() => refuseCreation(definition, otherTables(context, definition), context.quotas));
  refuseUnplaceable(context, definition);
  const key = tableKey(definition.account, definition.region, definition.name);
  const { overGeneration } = request;
  const record: TableRecord = { ...definition, generation: generationOver(context, overGeneration), status: 'CREATING' };
  const json = serializeRecord(record);
  const { catalog } = context.cluster;
  const expected = overGeneration === 0 ? undefined : overGeneration;
  const write = await context.ownWrites.during(record, () => catalog.write(key, json, record.generation, expected));
  if (write.outcome === 'written') return { kind: 'table-changed', record: json, slot: write.slot };
  const item = await context.cluster.catalog.read(key);
  // What the caller saw has been forgotten, or is gone, or was never written: it must look again.
  if (item === undefined) throw overGeneration === 0 ? unsettled(`table ${definition.name} was created`) : nameChanged(definition);
  const present = parseTableEntry(item.json);
  if (present.tableId === definition.tableId) {
    // Created, and deleted since: the creation succeeded all the same.
    return { kind: 'table-changed', record: present.status === 'REMOVED' ? json : item.json, slot: item.slot };
  }
  // A write of unknown outcome may be what the present record came after: the next attempt cannot write, and tells.
  if (write.outcome === 'unknown') throw unsettled(`table ${definition.name} was created`);
  if (present.status === 'REMOVED') throw nameChanged(definition);
  throw new AdminCallError('table-exists', `a table of the name ${definition.name} exists and is ${present.status}`);
}

function nameChanged({ name }: TableDefinition): AdminCallError {
  return new AdminCallError('name-changed', `a table of the name ${name} has come and gone since the caller looked`);
}

/**
 * A name can be used again, so generations of different tables under one key must not meet: a late compare-and-set meant for
 * an earlier table would pass. Hence they go on from the last table's, and from 2^40 at random where that is forgotten.
 */
function generationOver({ random }: HandlerContext, overGeneration: number): number {
  return overGeneration === 0 ? 1 + random.uint32() * 256 + (random.uint32() >>> 24) : overGeneration + 1;
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
  refuseTooLarge([definition, ...(definition.globalIndexes ?? []).map((index) => indexPartitioning(definition, index))]);
  const view = context.cluster.watcher.view;
  const plan = planTable({ definition, nodes: [...view.nodes()], counters: view.counters, present: [], others: [] });
  if ('refused' in plan) throw new AdminCallError(UNAVAILABLE, plan.refused);
}
