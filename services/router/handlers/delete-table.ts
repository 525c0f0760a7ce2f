import { must } from '../../shared/base/assert.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import { hasIndexInMotion } from '../../shared/placement/changed-table.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { namedTableNotFound } from '../core/api/api-error.ts';
import { freshTables, indexesInMotion, tableBusy, tableChangeFailure } from '../core/api/table-change.ts';
import { deletedTableDescription } from '../core/api/table-description.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([tableNameOfTables]);

function read(input: JsonObject, { services, account }: RequestContext): string {
  return plainTableName(input.TableName as string, services.region, account);
}

async function run(name: string, { services, account }: RequestContext): Promise<Buffer> {
  const storage = must(services.tables);
  // The table that is deleted is the one that was there when the client asked, so what this router knows must not be older.
  await freshTables(storage);
  const view = storage.table(account, name);
  if (view === undefined) throw namedTableNotFound(name);
  if (view.record.status === 'DELETING') throw tableBusy(name, 'DELETING');
  // Partitions of an index that is on its way may be made or removed at this moment.
  if (hasIndexInMotion(view.record) && view.record.status !== 'CREATING') throw indexesInMotion();
  const figures = storage.tableStatistics(view);
  try {
    const record = await storage.deleteTable(view.record, TABLE_CHANGE_TIMEOUT_MS);
    const described = deletedTableDescription(record, figures, services.clock.wallMs());
    return Buffer.from(JSON.stringify({ TableDescription: described }));
  } catch (error) {
    throw tableChangeFailure(error, name, 'CREATING');
  }
}

export const deleteTable = defineAction({ name: 'DeleteTable', shape, read, run });
