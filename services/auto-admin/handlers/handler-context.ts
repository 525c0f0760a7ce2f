import { NOT_ACTIVE, UNAVAILABLE } from '../../shared/cluster-client/auto-admin-client.ts';
import type { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import type { Clock, Random } from '../../shared/env/clock.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { PARTITIONS_PER_NEW_TABLE_MAX } from '../../shared/limits/placement-limits.ts';
import type { TableDefinition, TableRecord } from '../../shared/placement/catalog-records.ts';
import { TableChangeRefusal } from '../../shared/placement/table-change-refusal.ts';
import { partitionCount, type Partitioning } from '../../shared/placement/table-plan.ts';
import type { TableQuotas } from '../../shared/placement/table-quotas.ts';
import type { AdminLease } from '../core/admin-lease.ts';
import type { OwnWrites } from '../core/own-writes.ts';
import type { TableOperations } from '../core/table-operations.ts';

/** What the handlers work with. */
export interface HandlerContext {
  readonly cluster: ClusterClient;
  readonly lease: AdminLease;
  readonly operations: TableOperations;
  readonly clock: Clock;
  readonly random: Random;
  readonly clusterId: () => string;
  readonly quotas: TableQuotas;
  readonly ownWrites: OwnWrites;
}

/** The other tables of an account in a region, those that are being written as they will be. */
export function otherTables({ ownWrites }: HandlerContext, { account, region, tableId }: TableDefinition): TableRecord[] {
  return [...ownWrites.tables()].filter((table) => table.account === account && table.region === region && table.tableId !== tableId);
}

/** What the service refuses is refused in its words: AdminCallError `change-limit` and the like. */
export function refusing<Result>(decide: () => Result): Result {
  try {
    return decide();
  } catch (error) {
    throw error instanceof TableChangeRefusal ? new AdminCallError(`change-${error.kind}`, error.message) : error;
  }
}

/** How often a compare-and-set that met another change is tried on the newer record. */
export const CHANGE_ATTEMPTS = 4;

/** Throws AdminCallError unless this auto-admin is the one that acts. */
export function requireActive(context: HandlerContext): void {
  if (!context.lease.active) throw new AdminCallError(NOT_ACTIVE, 'this auto-admin is a standby');
}

/** The change met others all the time, or its outcome is unknown: repeating the call is safe. */
export function unsettled(what: string): AdminCallError {
  return new AdminCallError(UNAVAILABLE, `whether ${what} is unknown; repeating is safe`);
}

/** Throws AdminCallError `table-too-large`. No node that comes can change that, so the caller is not to ask again. */
export function refuseTooLarge(spaces: readonly Partitioning[]): void {
  for (const space of spaces) {
    const partitions = partitionCount(space);
    if (partitions <= PARTITIONS_PER_NEW_TABLE_MAX) continue;
    throw new AdminCallError(
      'table-too-large',
      `it needs ${partitions} partitions, and one table or index can have ${PARTITIONS_PER_NEW_TABLE_MAX} when it is made`,
    );
  }
}
