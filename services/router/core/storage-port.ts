import type { TableDefinition, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { TableChange } from '../../shared/placement/table-change.ts';
import type { TableQuotas } from '../../shared/placement/table-quotas.ts';
import type {
  DeleteOperation,
  GetOperation,
  NumberedWrite,
  PutOperation,
  RangeOperation,
  StorageResponse,
  UpdateOperation,
} from '../../shared/wire/storage-operations.ts';

/** A table as the router's watched copy of the catalog shows it. A new view is made by each change of the table. */
export interface TableView {
  readonly record: TableRecord;
  readonly partitionCount: number;
}

export type ThroughputQuotas = Pick<TableQuotas, 'tableUnitsMax' | 'accountUnitsMax'>;

/** The port numbers writes itself, so that every repetition of one goes under its one number. */
type WithoutNumber<Operation> = Operation extends NumberedWrite ? Omit<Operation, 'number'> : Operation;

/** An operation on one item, as a handler asks for it. */
export type ItemOperation = WithoutNumber<GetOperation | PutOperation | UpdateOperation | DeleteOperation>;

/**
 * What the actions on items need of the cluster. Everything about leaders, retries, partition maps and request numbers is
 * behind it. Every `deadlineMs` is a time left, in milliseconds from the call.
 */
export interface ItemStorage {
  /** From the watched catalog, without waiting; undefined when it holds no such table. */
  table(account: string, name: string): TableView | undefined;

  /**
   * Brings the watched catalog up to its leader's newest slot. Called once before a client hears that a table does not exist.
   * Resolves with false at the deadline when nobody answers: what it has may be old then.
   */
  refreshTables(deadlineMs: number): Promise<boolean>;

  /**
   * Carries out one operation on the item with this key at the partition that holds it. Follows leaders and new partition maps
   * and repeats writes under one request number. Resolves with a final status: `ok`, `condition-failed`, `validation`,
   * `overloaded`, `unavailable`, `number-refused`, or `unknown-outcome` when the deadline passed with a write under
   * way, or when the nodes that had the operation, a read too, were lost one after the other. For a read, and for a
   * write that surely was not carried out, `unavailable` is what the deadline gives. It never rejects.
   */
  execute(view: TableView, operation: ItemOperation, deadlineMs: number): Promise<StorageResponse>;

  /**
   * Reads a key range of the table, walking over as many partitions as needed, in key order (from `high` down with `reverse`),
   * until the operation's item or byte limit is met or the range ends. `more` tells which: false when nothing of the range is
   * left. A result may be shorter than the limits allow; it then has `more` and a `lastKey` to go on behind. An absent `high`
   * is the end of the table. Statuses as for `execute`; with `ok` the response has `range`. `indexId`: a global index of the table is read.
   */
  range(view: TableView, operation: RangeOperation, deadlineMs: number, indexId?: string): Promise<StorageResponse>;
}

/** All that the DynamoDB actions need of the cluster. */
export interface StoragePort extends ItemStorage {
  /** Names of the account's tables in the order of their UTF-8 bytes. */
  tableNames(account: string): readonly string[];

  /** Number and accounted size of the items; may be some hours old, as the service's own. */
  tableStatistics(view: TableView): { readonly items: number; readonly bytes: number };

  /** The same for the entries of a local index, by its number. */
  localIndexStatistics(view: TableView, number: number): { readonly items: number; readonly bytes: number };

  /** The same for the entries of a global index, by its id, and the partitions that it has; zeros for one that nobody knows. */
  indexStatistics(indexId: string): { readonly items: number; readonly bytes: number; readonly partitions: number };

  /** Read units, and write units, of one table and of an account. Rejects with AdminCallError `unavailable`. */
  throughputQuotas(deadlineMs: number): Promise<ThroughputQuotas>;

  /**
   * Resolves with the catalog record once it is written and visible to `table`. Rejects with AdminCallError: `table-exists`
   * (in whatever state), `name-changed` (a table of that name came and went meanwhile), `change-limit` (a quota; the message is for the client) or `unavailable` (no auto-admin was reached, or the outcome is
   * unknown; repeating is safe).
   */
  createTable(definition: TableDefinition, deadlineMs: number): Promise<TableRecord>;

  /**
   * Resolves with the changed record once it is visible to `table`; a newer table of its name is left alone. Rejects with
   * AdminCallError: `table-not-found`, `table-busy`, `table-updating`, `table-iops-updating`, `change-invalid`, `change-limit`, `change-in-use`,
   * `change-not-found` and `change-throttled` (the message is for the client), `unavailable`.
   */
  changeTable(table: TableRecord, change: TableChange, deadlineMs: number): Promise<TableRecord>;

  /**
   * Resolves once this very table is DELETING or gone, whoever deleted it; a newer one of its name is left alone. Rejects with
   * AdminCallError: `table-busy`, `table-updating`, `table-protected`, `change-limit`, `unavailable`.
   */
  deleteTable(table: TableRecord, deadlineMs: number): Promise<TableRecord>;
}
