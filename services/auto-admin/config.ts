import { INDEX_REBUILD_PAUSE_MS } from '../shared/limits/auto-admin-limits.ts';
import { COMMON_OPTIONS } from '../shared/platform/common-options.ts';
import {
  ACCOUNT_UNITS_MAX,
  DELETION_PROTECTION_PAUSE_MS,
  INDEXED_CREATIONS_MAX,
  TABLE_OPERATIONS_MAX,
  TABLE_UNITS_MAX,
  TABLES_MAX,
} from '../shared/limits/table-limits.ts';
import type { TableQuotas } from '../shared/placement/table-quotas.ts';
import { addressesOption, integerOption, type OptionValues } from '../shared/platform/options.ts';

/** Every option of an auto-admin. */
export const AUTO_ADMIN_OPTIONS = {
  ...COMMON_OPTIONS,
  seeds: addressesOption({ help: 'The storage nodes that hold the catalog.' }),
  tablesMax: integerOption({ help: 'Tables of one account.', default: TABLES_MAX }),
  tableOperationsMax: integerOption({
    help: 'Tables of one account that may be in creation, change or deletion at a time.',
    default: TABLE_OPERATIONS_MAX,
  }),
  indexedCreationsMax: integerOption({ help: 'Of these, tables with indexes in creation.', default: INDEXED_CREATIONS_MAX }),
  tableUnitsMax: integerOption({
    help: 'Greatest read, and write, throughput of one table or index.',
    unit: 'units/s',
    min: 1,
    default: TABLE_UNITS_MAX,
  }),
  accountUnitsMax: integerOption({
    help: 'Greatest provisioned read, and write, throughput of all tables of one account.',
    unit: 'units/s',
    min: 1,
    default: ACCOUNT_UNITS_MAX,
  }),
  deletionProtectionPauseMs: integerOption({
    help: "Pause between two changes of a table's deletion protection.",
    unit: 'ms',
    default: DELETION_PROTECTION_PAUSE_MS,
  }),
  indexRebuildPauseMs: integerOption({
    help: 'How long a global index that is made anew for the second time within a day waits; then twice as long each time, up to six times.',
    unit: 'ms',
    min: 0,
    default: INDEX_REBUILD_PAUSE_MS,
  }),
};

export type AutoAdminCommandLine = OptionValues<typeof AUTO_ADMIN_OPTIONS>;

export function quotasOf(options: AutoAdminCommandLine): TableQuotas {
  return {
    tablesMax: options.tablesMax,
    operationsMax: options.tableOperationsMax,
    indexedCreationsMax: options.indexedCreationsMax,
    tableUnitsMax: options.tableUnitsMax,
    accountUnitsMax: options.accountUnitsMax,
    deletionProtectionPauseMs: options.deletionProtectionPauseMs,
  };
}
