import { CATALOG_REFRESH_TIMEOUT_MS } from '../../../shared/limits/api-limits.ts';
import { isServing } from '../../../shared/placement/catalog-records.ts';
import type { TableView } from '../storage-port.ts';
import { catalogOutOfReach, namedTableNotFound, tableNotFound } from './api-error.ts';
import type { RequestContext } from './request-context.ts';

/**
 * A table as operations on tables name it, in whatever state it is. Throws ResourceNotFoundException, or ServiceUnavailable while the
 * newest catalog is out of reach.
 */
export async function namedTable(name: string, context: RequestContext): Promise<TableView> {
  const { account, services } = context;
  const known = services.storage.table(account, name);
  if (known !== undefined) return known;
  const fresh = await services.storage.refreshTables(Math.min(CATALOG_REFRESH_TIMEOUT_MS, context.timeLeftMs()));
  const view = services.storage.table(account, name);
  if (view === undefined) throw fresh ? namedTableNotFound(name) : catalogOutOfReach();
  return view;
}

/** A table whose items can be read and written; undefined when the router's catalog shows none. */
export function activeTable(name: string, context: RequestContext): TableView | undefined {
  const view = context.services.storage.table(context.account, name);
  return view !== undefined && isServing(view.record) ? view : undefined;
}

/**
 * The same after the catalog was brought up to date: another router may just have created the table. Throws
 * ResourceNotFoundException, or ServiceUnavailable while the newest catalog is out of reach; a table that is being created or deleted has no items to the service.
 */
export async function refreshedTable(name: string, context: RequestContext): Promise<TableView> {
  const fresh = await context.services.storage.refreshTables(Math.min(CATALOG_REFRESH_TIMEOUT_MS, context.timeLeftMs()));
  const view = activeTable(name, context);
  if (view === undefined) throw fresh ? tableNotFound() : catalogOutOfReach();
  return view;
}
