import type { AdminResponse } from '../../shared/wire/admin.ts';
import type { HandlerContext } from './handler-context.ts';

/** Which cluster this auto-admin is of, whether it acts, and how many tables it is creating or deleting. Standbys answer too. */
export function describeAutoAdmin(context: HandlerContext): AdminResponse {
  const { clusterId, lease, operations } = context;
  return { kind: 'auto-admin-description', clusterId: clusterId(), active: lease.active, operationsUnderWay: operations.underWay };
}
