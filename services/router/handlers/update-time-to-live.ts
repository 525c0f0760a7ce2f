import { must } from '../../shared/base/assert.ts';
import { KEY_ATTRIBUTE_NAME_BYTES_MAX, TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { TimeToLiveChange } from '../../shared/placement/table-change.ts';
import { modeledError, namedTableNotFound } from '../core/api/api-error.ts';
import { lengthAtLeast, lengthAtMost } from '../core/api/constraint.ts';
import { structure } from '../core/api/field.ts';
import { readFlag } from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { freshTables, IN_USE, tableBusy, tableChangeFailure } from '../core/api/table-change.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { uuid } from '../core/api/uuid.ts';
import { defineAction } from './action.ts';

interface UpdateTimeToLiveRequest {
  readonly name: string;
  readonly ttl: TimeToLiveChange;
}

const shape = new RequestShape([
  tableNameOfTables,
  {
    ...structure('TimeToLiveSpecification', [
      {
        name: 'AttributeName',
        type: { kind: 'string' },
        notNull: true,
        constraints: [lengthAtLeast(1), lengthAtMost(KEY_ATTRIBUTE_NAME_BYTES_MAX)],
      },
      { name: 'Enabled', type: { kind: 'boolean' }, notNull: true },
    ]),
    notNull: true,
  },
]);

function read(input: JsonObject, { services, account }: RequestContext): UpdateTimeToLiveRequest {
  const specification = input.TimeToLiveSpecification as JsonObject;
  return {
    name: plainTableName(input.TableName as string, services.region, account),
    ttl: { attribute: specification.AttributeName as string, enabled: readFlag(specification, 'Enabled') },
  };
}

/** The answer repeats what was asked for. The service words it in another way than UpdateTable that a table is being created. */
async function run({ name, ttl }: UpdateTimeToLiveRequest, { services, account }: RequestContext): Promise<Buffer> {
  const storage = must(services.tables);
  await freshTables(storage);
  const view = storage.table(account, name);
  if (view === undefined) throw namedTableNotFound(name);
  const { status } = view.record;
  if (status === 'CREATING') throw modeledError('ResourceInUseException', `${IN_USE}Table ${name} is being created`);
  if (status === 'DELETING') throw tableBusy(name, status);
  const change = { id: uuid(services.random), atMs: Math.floor(services.clock.wallMs()), ttl };
  try {
    await storage.changeTable(view.record, change, TABLE_CHANGE_TIMEOUT_MS);
  } catch (error) {
    throw tableChangeFailure(error, name, 'DELETING');
  }
  return Buffer.from(JSON.stringify({ TimeToLiveSpecification: { Enabled: ttl.enabled, AttributeName: ttl.attribute } }));
}

export const updateTimeToLive = defineAction({ name: 'UpdateTimeToLive', shape, read, run });
