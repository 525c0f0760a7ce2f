import { must } from '../../shared/base/assert.ts';
import { QUOTAS_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { quotasFailure } from '../core/api/table-change.ts';
import type { ThroughputQuotas } from '../core/storage-port.ts';
import { defineAction } from './action.ts';

/** The quotas are settings of the auto-admin, which upholds them. */
async function run(_request: undefined, { services }: RequestContext): Promise<Buffer> {
  let quotas: ThroughputQuotas;
  try {
    quotas = await must(services.tables).throughputQuotas(QUOTAS_TIMEOUT_MS);
  } catch (error) {
    throw quotasFailure(error);
  }
  const { accountUnitsMax, tableUnitsMax } = quotas;
  const answer = {
    AccountMaxReadCapacityUnits: accountUnitsMax,
    AccountMaxWriteCapacityUnits: accountUnitsMax,
    TableMaxReadCapacityUnits: tableUnitsMax,
    TableMaxWriteCapacityUnits: tableUnitsMax,
  };
  return Buffer.from(JSON.stringify(answer));
}

export const describeLimits = defineAction({ name: 'DescribeLimits', shape: new RequestShape([]), read: () => undefined, run });
