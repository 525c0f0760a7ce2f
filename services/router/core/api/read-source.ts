import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import type { IndexKeySchema } from '../../../shared/item/index-key.ts';
import type { Projection } from '../../../shared/item/projection.ts';
import { CATALOG_REFRESH_TIMEOUT_MS } from '../../../shared/limits/api-limits.ts';
import { tableKeyAttributes } from '../../../shared/placement/key-attributes.ts';
import type { GlobalIndex, LocalIndex } from '../../../shared/placement/table-indexes.ts';
import type { TableView } from '../storage-port.ts';
import { catalogOutOfReach, validationError } from './api-error.ts';
import type { RequestContext } from './request-context.ts';
import { activeTable, refreshedTable } from './table-lookup.ts';

/** What a Query or Scan reads: the items of a table, or the entries of one of its indexes. */
export interface ReadSource {
  readonly view: TableView;
  /** Undefined: the table itself. */
  readonly index: SourceIndex | undefined;
  /** What it is cut into partitions by and sorted by; in an index the table's key follows. */
  readonly keys: IndexKeySchema;
}

export type SourceIndex = { readonly name: string; readonly projection: Projection } & (
  | { readonly kind: 'local'; readonly definition: LocalIndex }
  | { readonly kind: 'global'; readonly definition: GlobalIndex }
);

/**
 * The table, or the index of it, that a request names. Throws ResourceNotFoundException for the table, ValidationException for an index
 * that is not there or cannot be read yet, and ServiceUnavailable when that could only be said of an older catalog.
 */
export async function openSource(tableName: string, indexName: string | undefined, context: RequestContext): Promise<ReadSource> {
  const view = activeTable(tableName, context) ?? (await refreshedTable(tableName, context));
  if (indexName === undefined) return tableSource(view);
  const source = indexSource(view, indexName);
  return source !== undefined && isReadable(source) ? source : newestIndex(tableName, indexName, context);
}

/** Another router may just have heard that the index is there, or built. */
async function newestIndex(tableName: string, indexName: string, context: RequestContext): Promise<ReadSource> {
  const fresh = await context.services.storage.refreshTables(Math.min(CATALOG_REFRESH_TIMEOUT_MS, context.timeLeftMs()));
  const view = activeTable(tableName, context) ?? (await refreshedTable(tableName, context));
  const source = indexSource(view, indexName);
  if (source !== undefined && isReadable(source)) return source;
  if (!fresh) throw catalogOutOfReach();
  if (source?.index?.kind === 'global' && source.index.definition.status === 'CREATING') {
    throw validationError(`Cannot read from backfilling global secondary index: ${indexName}`);
  }
  throw validationError(`The table does not have the specified index: ${indexName}`);
}

function isReadable({ index }: ReadSource): boolean {
  if (index?.kind !== 'global') return true;
  const { status } = index.definition;
  return status === 'ACTIVE' || status === 'UPDATING';
}

/** A global index is told of changes once they are made, so it cannot say what is newest. Throws ValidationException. */
export function refuseConsistentRead({ index }: ReadSource): void {
  if (index?.kind === 'global') throw validationError('Consistent reads are not supported on global secondary indexes');
}

function tableSource(view: TableView): ReadSource {
  const { partition, sort } = view.record.keys;
  return { view, index: undefined, keys: { partition: [partition], sort: sort === undefined ? [] : [sort] } };
}

function indexSource(view: TableView, name: string): ReadSource | undefined {
  const { keys, localIndexes = [], globalIndexes = [] } = view.record;
  const global = globalIndexes.find((index) => index.name === name);
  if (global !== undefined) {
    return { view, index: { kind: 'global', name, projection: global.projection, definition: global }, keys: global.keys };
  }
  const local = localIndexes.find((index) => index.name === name);
  if (local === undefined) return undefined;
  const index: SourceIndex = { kind: 'local', name, projection: local.projection, definition: local };
  return { view, index, keys: { partition: [keys.partition], sort: [local.sort] } };
}

/** The attributes of the source's key and of the table's: what a key to go on behind holds. */
export function sourceKeyNames({ view, keys }: ReadSource): ReadonlySet<string> {
  return new Set([...keys.partition, ...keys.sort, ...tableKeyAttributes(view.record.keys)].map(({ name }) => name));
}

/** The part of a key to go on behind that is the table's. */
export function tableKeyOf({ view }: ReadSource, key: AttributeMap): AttributeMap {
  const names = tableKeyAttributes(view.record.keys).map(({ name }) => name);
  return Object.fromEntries(Object.entries(key).filter(([name]) => names.includes(name)));
}
