import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { validationError } from '../core/api/api-error.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { namedTable } from '../core/api/table-lookup.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([tableNameOfTables]);

function read(input: JsonObject, { services, account }: RequestContext): string {
  return plainTableName(input.TableName as string, services.region, account);
}

async function run(name: string, context: RequestContext): Promise<Buffer> {
  const view = await namedTable(name, context);
  const { status } = view.record;
  if (status === 'CREATING' || status === 'DELETING') {
    throw validationError(`Cannot describe time to live while table is in ${status} state: Current table state is ${status}`);
  }
  return Buffer.from(JSON.stringify({ TimeToLiveDescription: describe(view.record) }));
}

/** A change is under way until every partition was told of it. What was switched off is not told apart from what never was on. */
function describe({ ttl, settingsVersion = 0, settledVersion = 0 }: TableRecord): object {
  const settled = settledVersion >= settingsVersion;
  if (ttl?.enabled === true) return { TimeToLiveStatus: settled ? 'ENABLED' : 'ENABLING', AttributeName: ttl.attribute };
  return ttl === undefined || settled ? { TimeToLiveStatus: 'DISABLED' } : { TimeToLiveStatus: 'DISABLING', AttributeName: ttl.attribute };
}

export const describeTimeToLive = defineAction({ name: 'DescribeTimeToLive', shape, read, run });
