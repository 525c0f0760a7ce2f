import { GLOBAL_INDEXES_MAX, PROJECTED_ATTRIBUTES_MAX } from '../limits/table-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import { changedMaxima, historyOfThroughput, refuseMaxima, warmedTo } from './changed-throughput.ts';
import type { GlobalIndexUpdate, IndexCreation } from './index-update.ts';
import { keyAttributesOf } from './key-attributes.ts';
import { invalidChange, resourceInUse, TableChangeRefusal } from './table-change-refusal.ts';
import { globalIndexAttributes, projectedAttributes } from './table-indexes.ts';
import type { GlobalIndex } from './table-indexes.ts';
import { greaterThroughput, INITIAL_WARM_THROUGHPUT, ON_DEMAND_WARM, warmThroughput } from './table-settings.ts';

/**
 * Global indexes that are added to a table, taken away, or given other throughput. Rules and texts: measurements of the service from October
 * 2026 (ack-api-quirks). Each function throws TableChangeRefusal.
 */

/** Whether an index is on its way; clients let at most one be. One that only waits is not. */
export function hasIndexInMotion({ globalIndexes = [] }: TableRecord): boolean {
  return globalIndexes.some(isInMotion);
}

function isInMotion({ status, waiting }: GlobalIndex): boolean {
  return (status === 'CREATING' && waiting !== true) || status === 'DELETING';
}

/** Capacity is not changed while an index is on its way; `what`: how the service calls it. */
export function refuseInMotion({ name, globalIndexes = [] }: TableRecord): void {
  for (const [status, being] of [
    ['CREATING', 'created'],
    ['DELETING', 'deleted'],
  ] as const) {
    const names = globalIndexes.filter((index) => index.status === status && isInMotion(index)).map((index) => index.name);
    if (names.length === 0) continue;
    throw resourceInUse(`Can't change table IOPS when an index is being ${being}. Table: ${name} Indexes: [${names.join(', ')}]`);
  }
}

/** `table` is as the rest of the change makes it: its billing mode may be another one than that of `before`. */
export function withIndexUpdates(
  before: TableRecord,
  table: TableRecord,
  updates: readonly GlobalIndexUpdate[],
  atMs: number,
): TableRecord {
  const moves = updates.filter(({ kind }) => kind !== 'update');
  let indexes = table.globalIndexes ?? [];
  for (const update of updates) {
    if (update.kind === 'create') refuseTakenName(table, update.index.name);
    else refuseUnknown(table, update.name, update.kind);
  }
  for (const update of updates) if (update.kind === 'delete') refuseDeletion(table, update.name);
  if (moves.length > 1 || (moves.length === 1 && hasOtherInMotion(table, updates))) throw oneAtATime();
  for (const update of updates) {
    switch (update.kind) {
      case 'create':
        indexes = [...indexes, created({ ...table, globalIndexes: indexes }, update.index)];
        break;
      case 'delete':
        indexes = indexes.map((index) => (index.name === update.name ? deleted(index) : index));
        break;
      case 'update':
        indexes = indexes.map((index) => (index.name === update.name ? updated(before, table, index, update, atMs) : index));
        break;
    }
  }
  if (moves.length === 0) return { ...table, globalIndexes: indexes };
  return { ...table, globalIndexes: indexes, settingsVersion: (table.settingsVersion ?? 0) + 1, status: 'UPDATING' };
}

/** The indexes of a table whose billing mode changes: each needs throughput of its own, or has none any more. */
export function withBillingOfIndexes(before: TableRecord, table: TableRecord, updates: readonly GlobalIndexUpdate[]): TableRecord {
  const { globalIndexes } = table;
  if (globalIndexes === undefined || before.billingMode === table.billingMode) return table;
  if (table.billingMode === 'PROVISIONED') {
    const given = new Set(updates.map((update) => (update.kind === 'update' && update.throughput !== undefined ? update.name : undefined)));
    const without = globalIndexes.filter(({ name, status }) => status !== 'DELETING' && !given.has(name)).map(({ name }) => name);
    if (without.length > 0) throw invalidChange(`ProvisionedThroughput must be specified for index: ${without.join(',')}`);
    return { ...table, globalIndexes: globalIndexes.map(({ onDemandThroughput: _maxima, ...index }) => index) };
  }
  return {
    ...table,
    globalIndexes: globalIndexes.map(({ throughput, ...index }) => ({
      ...index,
      warmThroughput: greaterThroughput(index.warmThroughput ?? throughput ?? ON_DEMAND_WARM, ON_DEMAND_WARM),
    })),
  };
}

function refuseTakenName({ name: table, localIndexes = [], globalIndexes = [] }: TableRecord, name: string): void {
  const present = globalIndexes.find((index) => index.name === name);
  if (present?.status === 'DELETING') throw beingDeleted(table, name);
  if (present === undefined && !localIndexes.some((index) => index.name === name)) return;
  throw new TableChangeRefusal('invalid', 'Attempting to create an index which already exists');
}

function refuseUnknown({ name: table, localIndexes = [], globalIndexes = [] }: TableRecord, name: string, kind: 'update' | 'delete'): void {
  if (globalIndexes.some((index) => index.name === name)) return;
  if (localIndexes.some((index) => index.name === name)) {
    throw new TableChangeRefusal('invalid', `Cannot ${kind} an index that is not a GlobalSecondaryIndex: ${name}`);
  }
  throw new TableChangeRefusal('not-found', `Requested resource not found: Index ${name} for table ${table}`);
}

/** An index that is being made can be deleted once it is being filled, and as long as nothing is done for it yet. */
function refuseDeletion({ name: table, globalIndexes = [] }: TableRecord, name: string): void {
  const index = globalIndexes.find((one) => one.name === name);
  if (index?.status === 'DELETING') throw beingDeleted(table, name);
  if (index?.status !== 'CREATING' || index.placed === true || index.waiting === true) return;
  throw resourceInUse(
    'Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. ' +
      `Table: ${table} Index: ${name}`,
  );
}

function hasOtherInMotion({ globalIndexes = [] }: TableRecord, updates: readonly GlobalIndexUpdate[]): boolean {
  return globalIndexes.some(
    (index) => isInMotion(index) && !updates.some((update) => update.kind === 'delete' && update.name === index.name),
  );
}

function oneAtATime(): TableChangeRefusal {
  return new TableChangeRefusal(
    'limit',
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
}

function beingDeleted(table: string, index: string): TableChangeRefusal {
  return resourceInUse(`Index is being deleted. Table: ${table} Index: ${index}`);
}

function created(table: TableRecord, { warmThroughput: warm, ...index }: IndexCreation): GlobalIndex {
  const { globalIndexes = [], localIndexes = [], billingMode } = table;
  const { name, throughput, onDemandThroughput } = index;
  if (globalIndexes.length >= GLOBAL_INDEXES_MAX) {
    throw new TableChangeRefusal(
      'limit',
      `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${GLOBAL_INDEXES_MAX}`,
    );
  }
  if (billingMode === 'PROVISIONED' && throughput === undefined) {
    throw invalidChange(`Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`);
  }
  if (billingMode !== 'PROVISIONED' && throughput !== undefined) {
    throw invalidChange(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (billingMode === 'PROVISIONED' && onDemandThroughput !== undefined) refuseMaxima(onDemandThroughput, name);
  refuseOtherTypes(table, index);
  if (projectedAttributes([...localIndexes, ...globalIndexes, index]) > PROJECTED_ATTRIBUTES_MAX) throw invalidChange(TOO_MANY_PROJECTED);
  const initial = throughput === undefined ? INITIAL_WARM_THROUGHPUT : 'ProvisionedThroughput';
  return {
    ...index,
    status: 'CREATING',
    backfilling: true,
    ...(warm === undefined ? {} : { warmThroughput: warmedTo(throughput ?? ON_DEMAND_WARM, warm, name, initial) }),
  };
}

export const TOO_MANY_PROJECTED = `Number of NonKeyAttributes over all secondary indexes exceeds the per-table limit of ${PROJECTED_ATTRIBUTES_MAX}`;

/** An attribute has one type in all keys of a table. */
function refuseOtherTypes(table: TableRecord, index: IndexCreation): void {
  const known = new Map(keyAttributesOf(table).map(({ name, type }) => [name, type]));
  for (const { name, type } of globalIndexAttributes(index)) {
    const present = known.get(name);
    if (present === undefined || present === type) continue;
    throw invalidChange(
      `Attribute ${name} is defined as ${type} for index: ${index.name}, but is a key attribute of type ${present} already`,
    );
  }
}

function deleted({ backfilling: _backfilling, waiting: _waiting, ...index }: GlobalIndex): GlobalIndex {
  return { ...index, status: 'DELETING' };
}

/** Throughput has no effect yet, so a change of it is done at once. */
function updated(
  before: TableRecord,
  table: TableRecord,
  index: GlobalIndex,
  update: GlobalIndexUpdate & { readonly kind: 'update' },
  atMs: number,
): GlobalIndex {
  const { name } = index;
  if (index.status === 'DELETING') throw beingDeleted(table.name, name);
  if (index.status === 'CREATING' && index.placed !== true && index.waiting !== true) {
    throw resourceInUse(`Index is being created but is not backfilling yet. Table: ${table.name} Index: ${name}`);
  }
  const { throughput, onDemandThroughput, warmThroughput: warm } = update;
  const isProvisioned = table.billingMode === 'PROVISIONED';
  if (isProvisioned && onDemandThroughput !== undefined) refuseMaxima(onDemandThroughput, name);
  if (isProvisioned && throughput === undefined && warm === undefined) {
    throw invalidChange(`ProvisionedThroughput must be specified for index: ${name}`);
  }
  if (!isProvisioned && (throughput !== undefined || (onDemandThroughput === undefined && warm === undefined))) {
    throw invalidChange(
      `The only Updates for index: ${name} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
    );
  }
  let next = index;
  if (throughput !== undefined) next = withThroughput(before, next, throughput, atMs);
  if (onDemandThroughput !== undefined) {
    const { onDemandThroughput: present, ...rest } = next;
    const maxima = changedMaxima(present, onDemandThroughput);
    next = maxima === undefined ? rest : { ...rest, onDemandThroughput: maxima };
  }
  return warm === undefined ? next : { ...next, warmThroughput: warmedTo(warmThroughput(next), warm, name) };
}

function withThroughput(
  before: TableRecord,
  index: GlobalIndex,
  throughput: NonNullable<GlobalIndex['throughput']>,
  atMs: number,
): GlobalIndex {
  const present = before.billingMode === 'PROVISIONED' ? index.throughput : undefined;
  const { history = {} } = index;
  return {
    ...index,
    throughput,
    warmThroughput: greaterThroughput(warmThroughput(index), throughput),
    ...(present === undefined ? {} : { history: historyOfThroughput(history, present, throughput, atMs, index.name) }),
  };
}
