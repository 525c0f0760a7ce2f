import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import type { GlobalIndexUpdate } from '../../../shared/placement/index-update.ts';
import type { OnDemandChange } from '../../../shared/placement/on-demand-change.ts';
import type { TableChange } from '../../../shared/placement/table-change.ts';
import { decreasesToday } from '../../../shared/placement/table-history.ts';
import type { TableHistory } from '../../../shared/placement/table-history.ts';
import type { GlobalIndex } from '../../../shared/placement/table-indexes.ts';
import { warmThroughput } from '../../../shared/placement/table-settings.ts';
import type { Throughput } from '../../../shared/placement/table-settings.ts';
import type { TableView } from '../storage-port.ts';
import { tableDescription } from './table-description.ts';
import type { TableFigures } from './table-description.ts';
import { describeMaxima } from './throughput-description.ts';

/**
 * What UpdateTable answers: of what takes the service time, the table as it was, and what is on its way as UPDATING, though here most of it
 * is done at once. Measurements of the service from October 2026 (ack-api-quirks, DDB-TABLE-060, 064, 165, 178, 182, 284 and 361).
 */
export function updatedTableDescription(
  before: TableView,
  after: TableRecord,
  change: TableChange,
  figures: TableFigures,
  nowMs: number,
): object {
  const record = asItWas(before.record, after, change);
  const described = tableDescription({ ...before, record }, figures, nowMs) as Described;
  const neverOnDemand = before.record.history?.onDemandAtMs === undefined && before.record.billingMode === 'PROVISIONED';
  return {
    ...described,
    ...(neverOnDemand && after.billingMode === 'PAY_PER_REQUEST' ? { BillingModeSummary: { BillingMode: after.billingMode } } : undefined),
    ...clearedMaxima(record, change.onDemandThroughput),
    ...(change.warmThroughput === undefined ? undefined : warming(described)),
    ...(described.GlobalSecondaryIndexes === undefined
      ? undefined
      : { GlobalSecondaryIndexes: described.GlobalSecondaryIndexes.map((index) => describedIndex(index, change.globalIndexes ?? [])) }),
  };
}

interface Described {
  readonly IndexName?: string;
  readonly WarmThroughput?: object;
  readonly GlobalSecondaryIndexes?: readonly Described[];
}

interface Capacity {
  readonly throughput?: Throughput;
  readonly warmThroughput?: Throughput;
  readonly history?: TableHistory;
}

function asItWas(before: TableRecord, after: TableRecord, change: TableChange): TableRecord {
  const switched = before.billingMode !== after.billingMode;
  let record = after;
  if (change.throughput !== undefined && !switched) record = withCapacityOf(record, before, change.atMs);
  if (switched) record = withOldWarmth(withHistory(record, { onDemandAtMs: before.history?.onDemandAtMs }), before);
  if (change.warmThroughput !== undefined) record = withOldWarmth(record, before);
  if (change.tableClass !== undefined) record = withClassOf(record, before);
  const updated = new Map((change.globalIndexes ?? []).flatMap((update) => (update.kind === 'update' ? [[update.name, update]] : [])));
  if (updated.size === 0 || switched) return record;
  const globalIndexes = record.globalIndexes?.map((index) => {
    const update = updated.get(index.name);
    const present = before.globalIndexes?.find(({ indexId }) => indexId === index.indexId);
    return update === undefined || present === undefined ? index : indexAsItWas(present, index, update, change.atMs);
  });
  return globalIndexes === undefined ? record : { ...record, globalIndexes };
}

function indexAsItWas(before: GlobalIndex, after: GlobalIndex, update: GlobalIndexUpdate & { kind: 'update' }, atMs: number): GlobalIndex {
  const index = update.throughput === undefined ? after : withCapacityOf(after, before, atMs);
  return update.warmThroughput === undefined ? index : withOldWarmth(index, before);
}

/** The counter of decreases is old, too, but the times are those of the change. */
function withCapacityOf<Owner extends Capacity>(after: Owner, before: Capacity, atMs: number): Owner {
  const { throughput: _next, ...rest } = withOldWarmth(after, before);
  const history = after.history && { ...after.history, throughputDecreases: decreasesToday(before.history ?? {}, atMs) };
  return {
    ...rest,
    ...(before.throughput === undefined ? undefined : { throughput: before.throughput }),
    ...(history === undefined ? undefined : { history }),
  } as Owner;
}

function withOldWarmth<Owner extends Capacity>(owner: Owner, before: Capacity): Owner {
  return { ...owner, warmThroughput: warmThroughput(before) };
}

function withClassOf({ tableClass: _next, ...rest }: TableRecord, { tableClass, history }: TableRecord): TableRecord {
  const record = tableClass === undefined ? rest : { ...rest, tableClass };
  return withHistory(record, { tableClassAtMs: history?.tableClassAtMs });
}

/** Members that are undefined are taken away. */
function withHistory(record: TableRecord, times: { readonly [Name in keyof TableHistory]?: TableHistory[Name] | undefined }): TableRecord {
  const history = Object.fromEntries(Object.entries({ ...record.history, ...times }).filter(([, value]) => value !== undefined));
  return { ...record, history };
}

/** A maximum that was taken away is still told of, as -1. */
function clearedMaxima(record: TableRecord, change: OnDemandChange | undefined): object | undefined {
  if (change === undefined) return undefined;
  return describeMaxima({ onDemandThroughput: { ...record.onDemandThroughput, ...change } });
}

function warming({ WarmThroughput }: Described): object {
  return { WarmThroughput: { ...WarmThroughput, Status: 'UPDATING' } };
}

function describedIndex(index: Described, updates: readonly GlobalIndexUpdate[]): Described {
  const update = updates.find((one) => one.kind === 'update' && one.name === index.IndexName);
  if (update?.kind !== 'update') return index;
  const isUpdating = update.throughput !== undefined || update.onDemandThroughput !== undefined;
  return {
    ...index,
    ...(isUpdating ? { IndexStatus: 'UPDATING' } : undefined),
    ...(update.warmThroughput === undefined ? undefined : warming(index)),
  };
}
