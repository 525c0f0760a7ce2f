import { must } from '../../shared/base/assert.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { TableDefinition } from '../../shared/placement/catalog-records.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { freshTables, tableChangeFailure, tableExists } from '../core/api/table-change.ts';
import { readNewIndexes } from '../core/api/index-definition.ts';
import { globalSecondaryIndexes, localSecondaryIndexes } from '../core/api/index-fields.ts';
import { attributeDefinitions, keySchema, readTableKeys } from '../core/api/key-schema.ts';
import { billingMode, provisionedThroughput, readThroughput } from '../core/api/provisioned-throughput.ts';
import { NO_FIGURES, tableDescription } from '../core/api/table-description.ts';
import { newTableName } from '../core/api/table-name.ts';
import { readNewTableSettings, settingFields } from '../core/api/table-settings.ts';
import { readTags, tags } from '../core/api/tags.ts';
import { refuseFields } from '../core/api/unsupported.ts';
import { uuid } from '../core/api/uuid.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([
  attributeDefinitions,
  newTableName,
  billingMode,
  provisionedThroughput,
  keySchema,
  localSecondaryIndexes,
  globalSecondaryIndexes,
  ...settingFields,
  tags,
]);

const unsupported = ['VectorIndexes', 'ResourcePolicy', 'GlobalTableSourceArn', 'GlobalTableSettingsReplicationMode'];

function read(input: JsonObject, { services, account }: RequestContext): TableDefinition {
  refuseFields(input, unsupported);
  const throughput = readThroughput(input);
  const { keys, types } = readTableKeys(input);
  const indexes = readNewIndexes(input, { keys, types, throughput }, services.random);
  const settings = readNewTableSettings(input, throughput);
  const given = readTags((input.Tags ?? []) as readonly JsonObject[]);
  return {
    account,
    region: services.region,
    name: input.TableName as string,
    tableId: uuid(services.random),
    keys,
    billingMode: throughput === undefined ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(throughput === undefined ? undefined : { throughput }),
    createdAtMs: Math.floor(services.clock.wallMs()),
    ...settings,
    ...(given.length === 0 ? undefined : { tags: given }),
    ...indexes,
    // Partitions of a table with indexes are told of them before they serve.
    ...(indexes.localIndexes === undefined && indexes.globalIndexes === undefined ? undefined : { settingsVersion: 1 }),
  };
}

async function run(definition: TableDefinition, { services, account }: RequestContext): Promise<Buffer> {
  const storage = must(services.tables);
  await freshTables(storage);
  const present = storage.table(account, definition.name);
  if (present !== undefined) throw tableExists(definition.name, present.record.status);
  try {
    const record = await storage.createTable(definition, TABLE_CHANGE_TIMEOUT_MS);
    const description = tableDescription({ record, partitionCount: 0 }, NO_FIGURES, services.clock.wallMs());
    return Buffer.from(JSON.stringify({ TableDescription: description }));
  } catch (error) {
    throw tableChangeFailure(error, definition.name, 'DELETING');
  }
}

export const createTable = defineAction({ name: 'CreateTable', shape, read, run });
