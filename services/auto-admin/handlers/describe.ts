import type { AdminResponse } from '../../shared/wire/admin.ts';
import type { HandlerContext } from './handler-context.ts';

/** Which cluster this auto-admin is of, whether it acts, how many tables it is creating or deleting, and its quotas of throughput. Standbys answer too. */
export function describeAutoAdmin(context: HandlerContext): AdminResponse {
  const { clusterId, lease, operations, quotas } = context;
  const { tableUnitsMax, accountUnitsMax } = quotas;
  const operationsUnderWay = operations.underWay;
  return {
    kind: 'auto-admin-description',
    clusterId: clusterId(),
    active: lease.active,
    operationsUnderWay,
    tableUnitsMax,
    accountUnitsMax,
  };
}
