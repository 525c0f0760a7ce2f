import { must } from '../../shared/base/assert.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { readResourceArn, resourceArn, resourceNotFound } from '../core/api/resource-arn.ts';
import { freshTables } from '../core/api/table-change.ts';
import { activeTable } from '../core/api/table-lookup.ts';
import { tableArn } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([resourceArn, { name: 'NextToken', type: { kind: 'string' } }]);

function read(input: JsonObject, context: RequestContext): string {
  // A page holds all the tags that a table may have, so no answer ever gave a token; the service gives the first page for one that it did not give.
  return readResourceArn(input, 'ListTagsOfResource', context);
}

/** As the newest catalog has them: a client that has just set a tag reads it, whichever router it asks. */
async function run(name: string, context: RequestContext): Promise<Buffer> {
  const { services, account } = context;
  await freshTables(must(services.tables));
  const view = activeTable(name, context);
  if (view === undefined) throw resourceNotFound(tableArn(services.region, account, name));
  const tags = (view.record.tags ?? []).map(({ key, value }) => ({ Key: key, Value: value }));
  return Buffer.from(JSON.stringify({ Tags: tags }));
}

export const listTagsOfResource = defineAction({ name: 'ListTagsOfResource', shape, read, run });
