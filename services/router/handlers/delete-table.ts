import { must } from '../../shared/base/assert.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { tableBusy, tableChangeFailure } from '../core/api/table-change.ts';
import { tableDescription } from '../core/api/table-description.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([tableNameOfTables]);

function read(input: JsonObject, { services, account }: RequestContext): string {
  return plainTableName(input.TableName as string, services.region, account);
}

async function run(name: string, { services, account }: RequestContext): Promise<Buffer> {
  const { region } = services;
  const storage = must(services.tables);
  const view = storage.table(account, name);
  // What this router sees may be old: only the auto-admin's answer says that there is no such table, or that it is ready.
  if (view?.record.status === 'DELETING') throw tableBusy(name, 'DELETING');
  const statistics = view === undefined ? { items: 0, bytes: 0 } : storage.tableStatistics(view);
  try {
    const record = await storage.deleteTable(account, region, name, TABLE_CHANGE_TIMEOUT_MS);
    return Buffer.from(JSON.stringify({ TableDescription: tableDescription(record, statistics) }));
  } catch (error) {
    throw tableChangeFailure(error, name, view?.record.status === 'CREATING' ? 'CREATING' : 'DELETING');
  }
}

export const deleteTable = defineAction({ name: 'DeleteTable', shape, read, run });
