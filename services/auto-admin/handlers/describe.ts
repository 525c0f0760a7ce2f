import type { AdminResponse } from '../../shared/wire/admin.ts';
import type { HandlerContext } from './handler-context.ts';

/** Whether this auto-admin acts, and how many tables it is creating or deleting. Standbys answer too. */
export function describeAutoAdmin(context: HandlerContext): AdminResponse {
  return { kind: 'auto-admin-description', active: context.lease.active, operationsUnderWay: context.operations.underWay };
}
