import { must } from '../../../shared/base/assert.ts';
import { AdminCallError } from '../../../shared/env/transport.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../../shared/limits/api-limits.ts';
import type { TableChange } from '../../../shared/placement/table-change.ts';
import type { RequestContext } from './request-context.ts';
import { resourceNotFound } from './resource-arn.ts';
import { tableArn } from './table-name.ts';
import { freshTables, tableChangeFailure } from './table-change.ts';
import { uuid } from './uuid.ts';

/** Changes the tags of a table. Rejects with ApiError. */
export async function changeTags(
  name: string,
  tags: Pick<TableChange, 'setTags' | 'removeTags'>,
  { services, account }: RequestContext,
): Promise<Buffer> {
  const { region, clock, random } = services;
  const storage = must(services.tables);
  await freshTables(storage);
  const view = storage.table(account, name);
  if (view === undefined) throw resourceNotFound(tableArn(region, account, name));
  const change = { id: uuid(random), atMs: Math.floor(clock.wallMs()), ...tags };
  try {
    await storage.changeTable(view.record, change, TABLE_CHANGE_TIMEOUT_MS);
  } catch (error) {
    // A table that is being created or deleted has no tags, as the service has it.
    const isAbsent = error instanceof AdminCallError && (error.code === 'table-not-found' || error.code === 'table-busy');
    throw isAbsent ? resourceNotFound(tableArn(region, account, name)) : tableChangeFailure(error, name, 'CREATING');
  }
  return NO_BODY;
}

const NO_BODY = Buffer.alloc(0);
