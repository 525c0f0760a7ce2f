import { must } from '../../shared/base/assert.ts';
import { LIST_TABLES_LIMIT_MAX, TABLE_NAME_BYTES_MAX, TABLE_NAME_BYTES_MIN } from '../../shared/limits/api-limits.ts';
import { atLeast, atMost, lengthAtLeast, lengthAtMost, nameCharacters } from '../core/api/constraint.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { defineAction } from './action.ts';

interface ListTablesRequest {
  readonly after: string;
  readonly limit: number;
}

const shape = new RequestShape([
  { name: 'Limit', type: { kind: 'number', java: 'Integer' }, constraints: [atLeast(1), atMost(LIST_TABLES_LIMIT_MAX)] },
  {
    name: 'ExclusiveStartTableName',
    type: { kind: 'string' },
    constraints: [nameCharacters, lengthAtLeast(TABLE_NAME_BYTES_MIN), lengthAtMost(TABLE_NAME_BYTES_MAX)],
  },
]);

function read(input: JsonObject): ListTablesRequest {
  return {
    after: (input.ExclusiveStartTableName ?? '') as string,
    limit: Math.floor((input.Limit ?? LIST_TABLES_LIMIT_MAX) as number),
  };
}

async function run({ after, limit }: ListTablesRequest, { services, account }: RequestContext): Promise<Buffer> {
  const names = must(services.tables).tableNames(account);
  // Names are ASCII, so the order of UTF-16 units is that of bytes.
  const start = after === '' ? 0 : names.findIndex((name) => name > after);
  const page = start === -1 ? [] : names.slice(start, start + limit);
  const more = start !== -1 && start + page.length < names.length;
  const answer = { TableNames: page, ...(more ? { LastEvaluatedTableName: page[page.length - 1] } : undefined) };
  return Buffer.from(JSON.stringify(answer));
}

export const listTables = defineAction({ name: 'ListTables', shape, read, run });
