import { must } from '../../shared/base/assert.ts';
import type { Random } from '../../shared/env/clock.ts';
import { TABLE_CHANGE_TIMEOUT_MS } from '../../shared/limits/api-limits.ts';
import type { TableDefinition } from '../../shared/placement/catalog-records.ts';
import { notSupported } from '../core/api/api-error.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { freshTables, tableChangeFailure, tableExists } from '../core/api/table-change.ts';
import {
  attributeDefinitions,
  billingMode,
  keySchema,
  provisionedThroughput,
  readKeySchema,
  readThroughput,
} from '../core/api/table-definition.ts';
import { tableDescription } from '../core/api/table-description.ts';
import { newTableName } from '../core/api/table-name.ts';
import { refuseFields } from '../core/api/unsupported.ts';
import { readFlag } from '../core/api/item-fields.ts';
import { defineAction } from './action.ts';

const shape = new RequestShape([attributeDefinitions, newTableName, billingMode, provisionedThroughput, keySchema]);

const unsupported = [
  'LocalSecondaryIndexes',
  'GlobalSecondaryIndexes',
  'VectorIndexes',
  'WarmThroughput',
  'OnDemandThroughput',
  'ResourcePolicy',
  'GlobalTableSourceArn',
  'GlobalTableSettingsReplicationMode',
];

function read(input: JsonObject, { services, account }: RequestContext): TableDefinition {
  refuseFields(input, unsupported);
  refuseSettings(input);
  const throughput = readThroughput(input);
  return {
    account,
    region: services.region,
    name: input.TableName as string,
    tableId: uuid(services.random),
    keys: readKeySchema(input),
    billingMode: throughput === undefined ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(throughput === undefined ? undefined : { throughput }),
    createdAtMs: Math.floor(services.clock.wallMs()),
  };
}

/** Settings that may be named as long as they ask for what every table is anyway. */
function refuseSettings(input: JsonObject): void {
  if (isOn(input, 'StreamSpecification', 'StreamEnabled')) throw notSupported('StreamSpecification');
  if (isOn(input, 'SSESpecification', 'Enabled')) throw notSupported('SSESpecification');
  const tags = input.Tags ?? [];
  if (!Array.isArray(tags) || tags.length > 0) throw notSupported('Tags');
  const tableClass = input.TableClass ?? 'STANDARD';
  if (tableClass !== 'STANDARD') throw notSupported(`TableClass ${String(tableClass).slice(0, 100)}`);
  if (readFlag(input, 'DeletionProtectionEnabled')) throw notSupported('DeletionProtectionEnabled');
}

/** Only a structure that says nothing but that its switch is plainly false asks for nothing. */
function isOn(input: JsonObject, name: string, flag: string): boolean {
  const structure = input[name];
  if (structure === undefined || structure === null) return false;
  const { [flag]: on, ...rest } = structure as JsonObject;
  return on !== false || Object.values(rest).some((member) => member !== null);
}

async function run(definition: TableDefinition, { services, account }: RequestContext): Promise<Buffer> {
  const storage = must(services.tables);
  await freshTables(storage);
  if (storage.table(account, definition.name) !== undefined) throw tableExists(definition.name);
  try {
    const record = await storage.createTable(definition, TABLE_CHANGE_TIMEOUT_MS);
    return Buffer.from(JSON.stringify({ TableDescription: tableDescription(record, { items: 0, bytes: 0 }) }));
  } catch (error) {
    throw tableChangeFailure(error, definition.name, 'DELETING');
  }
}

/** A random UUID (version 4, RFC 9562). */
function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export const createTable = defineAction({ name: 'CreateTable', shape, read, run });
