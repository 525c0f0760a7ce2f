import { must } from '../../shared/base/assert.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import type { TableChange } from '../../shared/placement/table-change.ts';
import { namedTableNotFound } from '../core/api/api-error.ts';
import { globalSecondaryIndexUpdates } from '../core/api/index-fields.ts';
import { readIndexUpdates } from '../core/api/index-updates.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { freshTables, tableBusy, tableChangeFailure } from '../core/api/table-change.ts';
import { attributeDefinitions } from '../core/api/key-schema.ts';
import { billingMode, provisionedThroughput, readThroughputChange } from '../core/api/provisioned-throughput.ts';
import { tableFigures } from '../core/api/table-description.ts';
import { plainTableName, tableNameOfTables } from '../core/api/table-name.ts';
import { readSettingChanges, refuseStreamChange, settingFields } from '../core/api/table-settings.ts';
import { updatedTableDescription } from '../core/api/update-answer.ts';
import { checkCombination } from '../core/api/update-combinations.ts';
import { refuseFields } from '../core/api/unsupported.ts';
import { uuid } from '../core/api/uuid.ts';
import { defineAction } from './action.ts';

interface UpdateTableRequest {
  readonly name: string;
  readonly change: TableChange;
  readonly input: JsonObject;
}

const shape = new RequestShape([
  tableNameOfTables,
  provisionedThroughput,
  billingMode,
  // They are for a new index; without one the service takes and ignores them.
  { ...attributeDefinitions, notNull: false },
  globalSecondaryIndexUpdates,
  ...settingFields,
]);

const unsupported = [
  'VectorIndexUpdates',
  'ReplicaUpdates',
  'GlobalTableWitnessUpdates',
  'MultiRegionConsistency',
  'GlobalTableSettingsReplicationMode',
  'DisassociationProtectionEnabled',
];

function read(input: JsonObject, { services, account }: RequestContext): UpdateTableRequest {
  checkCombination(input);
  refuseFields(input, unsupported);
  const globalIndexes = readIndexUpdates(input, services.random);
  const change = {
    id: uuid(services.random),
    atMs: Math.floor(services.clock.wallMs()),
    ...readThroughputChange(input),
    ...readSettingChanges(input),
    ...(globalIndexes === undefined ? undefined : { globalIndexes }),
  };
  return { name: plainTableName(input.TableName as string, services.region, account), change, input };
}

async function run({ name, change, input }: UpdateTableRequest, { services, account }: RequestContext): Promise<Buffer> {
  const storage = must(services.tables);
  // The table that is changed is the one that was there when the client asked, so what this router knows must not be older.
  await freshTables(storage);
  const before = storage.table(account, name);
  if (before === undefined) throw namedTableNotFound(name);
  const { status } = before.record;
  if (status === 'CREATING' || status === 'DELETING') throw tableBusy(name, status);
  refuseStreamChange(input, name);
  let record: TableRecord;
  try {
    record = await storage.changeTable(before.record, change, TABLE_CHANGE_TIMEOUT_MS);
  } catch (error) {
    throw tableChangeFailure(error, name, 'DELETING');
  }
  const described = updatedTableDescription(before, record, change, tableFigures(storage, before), services.clock.wallMs());
  return Buffer.from(JSON.stringify({ TableDescription: described }));
}

export const updateTable = defineAction({ name: 'UpdateTable', shape, read, run });
