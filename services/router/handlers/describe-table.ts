import { must } from '../../shared/base/assert.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { tableDescription, tableFigures } from '../core/api/table-description.ts';
import { namedTable } from '../core/api/table-lookup.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([tableNameOfTables]);

function read(input: JsonObject, { services, account }: RequestContext): string {
  return plainTableName(input.TableName as string, services.region, account);
}

async function run(name: string, context: RequestContext): Promise<Buffer> {
  const { services } = context;
  const storage = must(services.tables);
  const view = await namedTable(name, context);
  const described = tableDescription(view, tableFigures(storage, view), services.clock.wallMs());
  return Buffer.from(JSON.stringify({ Table: described }));
}

export const describeTable = defineAction({ name: 'DescribeTable', shape, read, run });
