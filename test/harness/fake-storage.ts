import { compareBytes } from '../../services/shared/base/bytes.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import { RefusedAfterLossError } from '../../services/shared/cluster-client/auto-admin-client.ts';
import { AdminCallError } from '../../services/shared/env/transport.ts';
import { bindCondition, evaluateCondition, parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionError } from '../../services/shared/expression/errors.ts';
import { ROUTER_BOUNDS } from '../../services/shared/expression/expression-bounds.ts';
import { applyUpdate, bindUpdate, createsItem, parseUpdate, updatedAttributes } from '../../services/shared/expression/update.ts';
import { updatedItemSize } from '../../services/shared/expression/update-size.ts';
import { attributeNames, parseItem, serializeItem } from '../../services/shared/item/attribute-map.ts';
import type { AttributeMap } from '../../services/shared/item/attribute-value.ts';
import { itemSize } from '../../services/shared/item/item-size.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { READ_UNIT_BYTES } from '../../services/shared/limits/api-limits.ts';
import { isServing } from '../../services/shared/placement/catalog-records.ts';
import type { TableDefinition, TableRecord, TableStatus } from '../../services/shared/placement/catalog-records.ts';
import {
  changedTable,
  changesCapacity,
  hasIndexInMotion,
  makesUpdating,
  TableChangeRefusal,
} from '../../services/shared/placement/changed-table.ts';
import { SERVICE_QUOTAS } from '../../services/shared/placement/table-quotas.ts';
import type { TableQuotas } from '../../services/shared/placement/table-quotas.ts';
import type { TableChange } from '../../services/shared/placement/table-change.ts';
import type { ExpressionFields, RangeOperation, RangeResult, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import type { ItemOperation, StoragePort, TableView } from '../../services/router/core/storage-port.ts';
import { FakeIndexes, finished, tableKeyInLocal } from './fake-indexes.ts';

interface FakeTable {
  record: TableRecord;
  view: TableView;
  /** By encoded key in latin-1, whose order is that of the bytes. */
  readonly items: Map<string, Buffer>;
}

/** What the fake is asked for, for tests that look at it. */
export type StorageCall = ItemOperation | RangeOperation;

/**
 * The router's storage in memory: one map for each table, with the libraries that storage nodes use. Tests can put failures in
 * its way, hide tables until a refresh, and make it read ranges in small slices.
 */
export class FakeStorage implements StoragePort {
  readonly #digest: Digest;
  readonly #entries: FakeIndexes;
  readonly #tables = new Map<string, FakeTable>();
  /** Answers given instead of the next operations. */
  readonly failures: StorageResponse[] = [];
  readonly calls: StorageCall[] = [];
  /** A range is read in slices of at most so many items, as if partitions were that small. */
  sliceItems = Number.POSITIVE_INFINITY;
  /** Tables whose creation the router has not heard of before `refreshTables`. */
  readonly hidden = new Set<string>();
  refreshes = 0;
  /** False: refreshes end at their deadline. */
  catalogAnswers = true;
  /** Answers every change of a table with this code. */
  changeError: string | undefined;
  /** And that answer comes after an earlier one was lost. */
  changeLost = false;
  /** False: a changed table stays UPDATING, and its indexes on their way. */
  finishesChanges = true;
  /** State of newly created tables. */
  createdAs: TableStatus = 'ACTIVE';

  constructor(digest: Digest) {
    this.#digest = digest;
    this.#entries = new FakeIndexes(digest);
  }

  table(account: string, name: string): TableView | undefined {
    return this.hidden.has(name) ? undefined : this.#tables.get(`${account}/${name}`)?.view;
  }

  async refreshTables(): Promise<boolean> {
    this.refreshes++;
    this.hidden.clear();
    return this.catalogAnswers;
  }

  tableNames(account: string): readonly string[] {
    const prefix = `${account}/`;
    return [...this.#tables.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort();
  }

  tableStatistics(view: TableView): { items: number; bytes: number } {
    const { items } = this.#of(view);
    const bytes = [...items.values()].reduce((sum, item) => sum + itemSize(parseItem(item)), 0);
    return { items: items.size, bytes };
  }

  localIndexStatistics(view: TableView, number: number): { items: number; bytes: number } {
    const table = this.#of(view);
    const entries = [...this.#entries.of(table, number, undefined).values()];
    return { items: entries.length, bytes: entries.reduce((sum, item) => sum + itemSize(parseItem(item)), 0) };
  }

  indexStatistics(indexId: string): { items: number; bytes: number; partitions: number } {
    for (const table of this.#tables.values()) {
      const index = table.record.globalIndexes?.find((one) => one.indexId === indexId);
      if (index === undefined) continue;
      const entries = [...this.#entries.of(table, undefined, indexId).values()];
      return { items: entries.length, bytes: entries.reduce((sum, item) => sum + itemSize(parseItem(item)), 0), partitions: 4 };
    }
    return { items: 0, bytes: 0, partitions: 0 };
  }

  setStatus(account: string, name: string, status: TableStatus): void {
    const table = this.#tables.get(`${account}/${name}`) as FakeTable;
    this.#store({ ...table.record, status }, table.items);
  }

  /** Puts a table's record in the place of the one that is there. */
  put(record: TableRecord): void {
    this.#store(record, this.#tables.get(`${record.account}/${record.name}`)?.items ?? new Map());
  }

  /** What the auto-admin of the tests allows. */
  quotas: TableQuotas = SERVICE_QUOTAS;

  async throughputQuotas(): Promise<TableQuotas> {
    this.#refuseChange();
    return this.quotas;
  }

  async createTable(definition: TableDefinition): Promise<TableRecord> {
    const key = `${definition.account}/${definition.name}`;
    this.#refuseChange();
    if (this.#tables.has(key)) throw new AdminCallError('table-exists', key);
    const record: TableRecord = { ...definition, generation: 1, status: 'CREATING' };
    this.#store(this.createdAs === 'CREATING' ? record : finished({ ...record, status: this.createdAs }), new Map());
    return record;
  }

  async changeTable({ account, name, tableId }: TableRecord, change: TableChange): Promise<TableRecord> {
    this.#refuseChange();
    const table = this.#tables.get(`${account}/${name}`);
    if (table?.record.tableId !== tableId) throw new AdminCallError('table-not-found', name);
    if (!isServing(table.record)) throw new AdminCallError('table-busy', name);
    if (table.record.status === 'UPDATING' && makesUpdating(change) && !hasIndexInMotion(table.record)) {
      throw new AdminCallError(changesCapacity(change) ? 'table-iops-updating' : 'table-updating', name);
    }
    try {
      const record = changedTable(table.record, change, this.quotas);
      this.#store(this.finishesChanges ? finished({ ...record, status: 'ACTIVE' }) : record, table.items);
      return record;
    } catch (error) {
      throw error instanceof TableChangeRefusal ? new AdminCallError(`change-${error.kind}`, error.message) : error;
    }
  }

  async deleteTable({ account, name }: TableRecord): Promise<TableRecord> {
    this.#refuseChange();
    const table = this.#tables.get(`${account}/${name}`) as FakeTable;
    if (table.record.deletionProtection) throw new AdminCallError('table-protected', name);
    this.#tables.delete(`${account}/${name}`);
    return { ...table.record, status: 'DELETING' };
  }

  #refuseChange(): void {
    const Refusal = this.changeLost ? RefusedAfterLossError : AdminCallError;
    if (this.changeError !== undefined) throw new Refusal(this.changeError, 'as the test wants it');
  }

  #store(record: TableRecord, items: Map<string, Buffer>): void {
    this.#tables.set(`${record.account}/${record.name}`, { record, view: { record, partitionCount: 4 }, items });
  }

  #of(view: TableView): FakeTable {
    return this.#tables.get(`${view.record.account}/${view.record.name}`) as FakeTable;
  }

  async execute(view: TableView, operation: ItemOperation): Promise<StorageResponse> {
    this.calls.push(operation);
    const failure = this.failures.shift();
    if (failure !== undefined) return failure;
    const table = this.#of(view);
    if (operation.kind === 'get' || operation.measure === undefined) return this.#execute(table, operation);
    const before = this.#entries.all(table);
    const answer = this.#execute(table, operation);
    return answer.status === 'ok' ? { ...answer, ...this.#entries.measures(table, operation.key, operation.measure, before) } : answer;
  }

  #execute({ record, items }: FakeTable, operation: ItemOperation): StorageResponse {
    const key = Buffer.from(operation.key).toString('latin1');
    const stored = items.get(key);
    const old = stored === undefined ? undefined : parseItem(stored);
    const oldSize = old === undefined ? 0 : itemSize(old);
    if (operation.kind === 'get') return response({ status: 'ok', item: stored, oldSize });
    if (!holds(operation, old)) {
      return response({ status: 'condition-failed', item: operation.returnOldOnFailure ? stored : undefined, oldSize });
    }
    if (operation.kind === 'put') {
      const item = parseItem(operation.item);
      if (itemSize(item) !== operation.itemSize) throw new Error('the router sent a wrong item size');
      if (!encodeKey(record.keys, item, this.#digest).equals(operation.key)) throw new Error('the router sent a wrong key');
      items.set(key, Buffer.from(operation.item));
      return response({ status: 'ok', item: operation.returnOld ? stored : undefined, oldSize, newSize: operation.itemSize });
    }
    if (operation.kind === 'delete') {
      items.delete(key);
      return response({ status: 'ok', item: operation.returnOld ? stored : undefined, oldSize, newSize: 0 });
    }
    return update(operation, items, key, old, oldSize);
  }

  async range(view: TableView, operation: RangeOperation, _deadlineMs?: number, globalIndex?: string): Promise<StorageResponse> {
    this.calls.push(operation);
    const failure = this.failures.shift();
    if (failure !== undefined) return failure;
    const table = this.#of(view);
    const held = this.#entries.of(table, operation.index, globalIndex);
    const keys = [...held.keys()].filter((key) => isWithin(Buffer.from(key, 'latin1'), operation)).sort();
    if (operation.reverse) keys.reverse();
    const items: Uint8Array[] = [];
    let count = 0;
    let scanned = 0;
    let scannedBytes = 0;
    let fetchedUnits = 0;
    let fetchedBytes = 0;
    for (const key of keys) {
      if (isFull(operation, scanned, Math.max(scannedBytes, fetchedBytes)) || scanned >= this.sliceItems) break;
      let bytes = held.get(key) as Buffer;
      scanned++;
      scannedBytes += itemSize(parseItem(bytes));
      if (operation.fetchItems === true) {
        bytes = table.items.get(tableKeyInLocal(table, operation.index as number, key)) as Buffer;
        const size = itemSize(parseItem(bytes));
        fetchedBytes += size;
        fetchedUnits += Math.max(1, Math.ceil(size / READ_UNIT_BYTES));
      }
      const item = parseItem(bytes);
      if (operation.filter !== undefined && !evaluates(operation.filter, 'FilterExpression', operation, item)) continue;
      count++;
      if (!operation.countOnly) items.push(bytes);
    }
    const last = scanned === 0 ? undefined : Buffer.from(keys[scanned - 1] as string, 'latin1');
    const range: RangeResult = {
      items,
      count,
      scanned,
      scannedBytes,
      more: scanned < keys.length,
      ...(operation.fetchItems === true ? { fetchedUnits, fetchedBytes } : undefined),
      ...(last === undefined ? undefined : { lastKey: last }),
    };
    return { id: 0, status: 'ok', range };
  }
}

type Answer = { readonly [Member in keyof StorageResponse]?: StorageResponse[Member] | undefined } & Pick<StorageResponse, 'status'>;

function response(answer: Answer): StorageResponse {
  const given = Object.entries(answer).filter(([, value]) => value !== undefined);
  return { id: 0, ...Object.fromEntries(given) } as StorageResponse;
}

function isWithin(key: Buffer, { low, high }: RangeOperation): boolean {
  return compareBytes(key, low) >= 0 && (high === undefined || compareBytes(key, high) < 0);
}

function isFull({ limit, byteLimit }: RangeOperation, scanned: number, scannedBytes: number): boolean {
  return (limit > 0 && scanned >= limit) || scannedBytes >= byteLimit;
}

function holds(operation: ExpressionFields, item: AttributeMap | undefined): boolean {
  return operation.condition === undefined || evaluates(operation.condition, 'ConditionExpression', operation, item);
}

function evaluates(
  text: string,
  field: 'ConditionExpression' | 'FilterExpression',
  { names, values }: { readonly names?: Uint8Array; readonly values?: Uint8Array },
  item: AttributeMap | undefined,
): boolean {
  return evaluateCondition(bindCondition(parseCondition(text, field, ROUTER_BOUNDS), namesOf(names), valuesOf(values)), item);
}

function namesOf(bytes: Uint8Array | undefined): Record<string, string> | undefined {
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>);
}

function valuesOf(bytes: Uint8Array | undefined): AttributeMap | undefined {
  return bytes === undefined ? undefined : parseItem(bytes);
}

function update(
  operation: ItemOperation & { kind: 'update' },
  items: Map<string, Buffer>,
  key: string,
  old: AttributeMap | undefined,
  oldSize: number,
): StorageResponse {
  try {
    const before = old ?? parseItem(operation.keyAttributes);
    const bound =
      operation.update === ''
        ? undefined
        : bindUpdate(parseUpdate(operation.update, ROUTER_BOUNDS), namesOf(operation.names), valuesOf(operation.values));
    const result = bound === undefined ? undefined : applyUpdate(bound, before);
    if (old === undefined && bound !== undefined && !createsItem(bound)) return response({ status: 'ok', oldSize: 0, newSize: 0 });
    const item = result?.item ?? before;
    const newSize = updatedItemSize(bound, item);
    items.set(key, serializeItem(item));
    const updatedOf = (side: AttributeMap | undefined) => (result === undefined ? undefined : updatedAttributes(result, side));
    const returned = {
      none: undefined,
      'all-old': old,
      'updated-old': updatedOf(old),
      'all-new': item,
      'updated-new': updatedOf(item),
    }[operation.returnValues];
    const isEmpty = returned === undefined || attributeNames(returned).length === 0;
    return response({ status: 'ok', item: isEmpty ? undefined : serializeItem(returned), oldSize, newSize });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { id: 0, status: 'validation', message: error.message };
  }
}
