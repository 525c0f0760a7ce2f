import {
  ACCOUNT_UNITS_MAX,
  DELETION_PROTECTION_PAUSE_MS,
  INDEXED_CREATIONS_MAX,
  TABLE_OPERATIONS_MAX,
  TABLE_UNITS_MAX,
  TABLES_MAX,
} from '../limits/table-limits.ts';
import type { TableDefinition, TableRecord } from './catalog-records.ts';
import { overLimit, TableChangeRefusal } from './table-change-refusal.ts';
import { ON_DEMAND_WARM } from './table-settings.ts';
import type { OnDemandThroughput, Throughput } from './table-settings.ts';

/**
 * What an account may have ("Quotas in Amazon DynamoDB" of the Developer Guide). Each function throws TableChangeRefusal `limit`; texts:
 * measurements of the service from October 2026 (ack-api-quirks), and for the number of tables and of operations, messages of the service in
 * public issue trackers.
 */
export interface TableQuotas {
  readonly tablesMax: number;
  /** Tables that are CREATING, UPDATING or DELETING. */
  readonly operationsMax: number;
  /** Tables with indexes that are CREATING. */
  readonly indexedCreationsMax: number;
  /** Read units, and write units, of one table or index. */
  readonly tableUnitsMax: number;
  /** Provisioned ones of all tables of an account. */
  readonly accountUnitsMax: number;
  readonly deletionProtectionPauseMs: number;
}

export const SERVICE_QUOTAS: TableQuotas = {
  tablesMax: TABLES_MAX,
  operationsMax: TABLE_OPERATIONS_MAX,
  indexedCreationsMax: INDEXED_CREATIONS_MAX,
  tableUnitsMax: TABLE_UNITS_MAX,
  accountUnitsMax: ACCOUNT_UNITS_MAX,
  deletionProtectionPauseMs: DELETION_PROTECTION_PAUSE_MS,
};

const GUIDE = 'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.';
const UNITS = [
  ['readUnits', 'ReadCapacityUnits', 'ReadUnitsPerSecond'],
  ['writeUnits', 'WriteCapacityUnits', 'WriteUnitsPerSecond'],
] as const;
const MAXIMA = [
  ['maxReadUnits', 'MaxReadRequestUnits', 'TableMaxReadCapacityUnits'],
  ['maxWriteUnits', 'MaxWriteRequestUnits', 'TableMaxWriteCapacityUnits'],
] as const;

/** `others`: the account's other tables in the region. */
export function refuseCreation(table: TableDefinition, others: readonly TableRecord[], quotas: TableQuotas): void {
  if (others.length >= quotas.tablesMax) throw overLimit(`There is a limit of ${quotas.tablesMax} tables per subscriber`);
  refuseOperation(others, quotas);
  const indexed = others.filter((other) => other.status === 'CREATING' && hasIndexes(other));
  if (hasIndexes(table) && indexed.length >= quotas.indexedCreationsMax) {
    throw overLimit('You have exceeded the maximum number of indexed tables that can be created simultaneously');
  }
  refuseUnits(table, undefined, quotas);
  refuseAccountUnits(undefined, table, others, quotas);
}

/** One more table of the account is to be CREATING, UPDATING or DELETING. */
export function refuseOperation(others: readonly TableRecord[], { operationsMax }: TableQuotas): void {
  if (others.filter(({ status }) => status !== 'ACTIVE').length < operationsMax) return;
  throw overLimit(`Only ${operationsMax} tables can be created, updated, or deleted simultaneously`);
}

/** Throughput, maxima and warm throughput that a table or an index has now and `before` had not. */
export function refuseUnits(table: TableDefinition, before: TableDefinition | undefined, quotas: TableQuotas): void {
  refuseUnitsOf(table, before, undefined, table.region, quotas);
  for (const index of table.globalIndexes ?? []) {
    const present = before?.globalIndexes?.find(({ indexId }) => indexId === index.indexId);
    refuseUnitsOf(index, present, index.name, table.region, quotas);
  }
}

/** A table's provisioned throughput is more than before, and more than is left of the account's. */
export function refuseAccountUnits(
  before: TableDefinition | undefined,
  table: TableDefinition,
  others: readonly TableDefinition[],
  { accountUnitsMax }: TableQuotas,
): void {
  for (const [name, apiName] of UNITS) {
    const asked = provisioned(table, name);
    const present = before === undefined ? 0 : provisioned(before, name);
    if (asked <= present) continue;
    const reserved = others.reduce((sum, other) => sum + provisioned(other, name), present);
    if (reserved - present + asked <= accountUnitsMax) continue;
    throw new TableChangeRefusal(
      'limit',
      `This request would have caused the ${apiName} limit to be exceeded for the account in ${table.region}. ` +
        `Current ${apiName} reserved by the account: ${reserved}. Limit: ${accountUnitsMax}. Requested: ${asked}. ${GUIDE}`,
    );
  }
}

interface Units {
  readonly throughput?: Throughput;
  readonly onDemandThroughput?: OnDemandThroughput;
  readonly warmThroughput?: Throughput;
}

function refuseUnitsOf(units: Units, before: Units | undefined, index: string | undefined, region: string, quotas: TableQuotas): void {
  const { tableUnitsMax } = quotas;
  const kind = index === undefined ? 'table' : 'index';
  for (const [name, apiName] of UNITS) {
    const asked = units.throughput?.[name] ?? 0;
    if (asked <= tableUnitsMax || asked === before?.throughput?.[name]) continue;
    throw new TableChangeRefusal(
      'limit',
      `The requested ${apiName}${index === undefined ? '' : ` for index ${index}`}, ${asked}, is above the per ${kind} maximum ` +
        `for the account in ${region}. Per ${kind} maximum: ${tableUnitsMax}. ${GUIDE}`,
    );
  }
  const ofAccount = `of the account in region ${region}`;
  for (const [name, apiName, quota] of MAXIMA) {
    const asked = units.onDemandThroughput?.[name] ?? 0;
    if (asked <= tableUnitsMax || asked === before?.onDemandThroughput?.[name]) continue;
    const subject = index === undefined ? 'table' : `index : ${index}`;
    throw overLimit(`Requested ${apiName} for OnDemandThroughput for ${subject} exceeds ${quota} ${ofAccount}`);
  }
  for (const [name, apiName, warmName] of UNITS) {
    const asked = units.warmThroughput?.[name] ?? 0;
    // What a table on demand has anyway, nobody asked for.
    if (asked <= Math.max(tableUnitsMax, ON_DEMAND_WARM[name]) || asked === before?.warmThroughput?.[name]) continue;
    const subject = index === undefined ? 'table' : `index ${index}`;
    throw overLimit(`Requested ${warmName} for WarmThroughput for ${subject} exceeds TableMax${apiName} ${ofAccount}`);
  }
}

function provisioned({ throughput, globalIndexes = [] }: TableDefinition, name: keyof Throughput): number {
  return globalIndexes.reduce((sum, index) => sum + (index.throughput?.[name] ?? 0), throughput?.[name] ?? 0);
}

function hasIndexes({ localIndexes = [], globalIndexes = [] }: TableDefinition): boolean {
  return localIndexes.length + globalIndexes.length > 0;
}
