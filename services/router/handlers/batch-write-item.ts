import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { KeySchema } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem, ItemError } from '../../shared/item/canonical-value.ts';
import { encodeKey, encodeRequestKey } from '../../shared/item/key-encoding.ts';
import { BATCH_WRITE_REQUESTS_MAX } from '../../shared/limits/api-limits.ts';
import type { Digest } from '../../shared/env/digest.ts';
import { validationError } from '../core/api/api-error.ts';
import { batchTable, tableNamesAsKeys } from '../core/api/batch-fields.ts';
import { batchWriteAnswer } from '../core/api/batch-write-answer.ts';
import type { BatchedWrite, WrittenTable } from '../core/api/batch-write-answer.ts';
import { returnConsumedCapacity } from '../core/api/capacity.ts';
import { lengthAtLeast, lengthAtMost, mapValues } from '../core/api/constraint.ts';
import { refuseIndexKeys } from '../core/api/index-key-attributes.ts';
import { returnItemCollectionMetrics } from '../core/api/item-fields.ts';
import { checkedItemSize } from '../core/api/item-size-check.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import type { Field } from '../core/api/field.ts';
import { measureOf, readWantedMeasures } from '../core/api/write-measures.ts';
import type { WantedMeasures } from '../core/api/write-measures.ts';
import type { ItemOperation, TableView } from '../core/storage-port.ts';
import { defineAction } from './action.ts';

interface BatchWriteItemRequest {
  readonly tables: readonly { readonly tableName: string; readonly writes: readonly BatchedWrite[] }[];
  readonly wanted: WantedMeasures;
}

const writeRequest: readonly Field[] = [
  {
    name: 'DeleteRequest',
    type: { kind: 'structure', java: 'DeleteRequest', fields: [{ name: 'Key', type: { kind: 'attributes' }, notNull: true }] },
  },
  {
    name: 'PutRequest',
    type: { kind: 'structure', java: 'PutRequest', fields: [{ name: 'Item', type: { kind: 'attributes' }, notNull: true }] },
  },
];

const shape = new RequestShape([
  returnConsumedCapacity,
  returnItemCollectionMetrics,
  {
    name: 'RequestItems',
    type: {
      kind: 'map',
      java: 'java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>',
      member: {
        kind: 'list',
        parameterized: true,
        member: { kind: 'structure', java: 'WriteRequest', fields: writeRequest, asMember: true },
      },
    },
    notNull: true,
    constraints: [tableNamesAsKeys, mapValues(lengthAtMost(BATCH_WRITE_REQUESTS_MAX), lengthAtLeast(1))],
  },
]);

const NOT_ONE_REQUEST = 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes';

function read(input: JsonObject): BatchWriteItemRequest {
  const requestItems = input.RequestItems as JsonObject;
  const names = Object.keys(requestItems);
  if (names.length === 0) throw validationError('The requestItems parameter is required for BatchWriteItem');
  let count = 0;
  const tables = names.map((tableName) => {
    const writes = (requestItems[tableName] as readonly JsonObject[]).map(readWrite);
    count += writes.length;
    return { tableName, writes };
  });
  if (count > BATCH_WRITE_REQUESTS_MAX) throw validationError('Too many items requested for the BatchWriteItem call');
  return { tables, wanted: readWantedMeasures(input) };
}

function readWrite(request: JsonObject | null): BatchedWrite {
  const put = (request?.PutRequest ?? undefined) as JsonObject | undefined;
  const remove = (request?.DeleteRequest ?? undefined) as JsonObject | undefined;
  if (request === null || (put === undefined) === (remove === undefined)) throw validationError(NOT_ONE_REQUEST);
  if (put === undefined) return { request, put: false, attributes: canonicalizeItem(remove?.Key), size: 0 };
  const attributes = canonicalizeItem(put.Item);
  return { request, put: true, attributes, size: checkedItemSize(attributes) };
}

async function run({ tables, wanted }: BatchWriteItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const started: {
    readonly table: BatchWriteItemRequest['tables'][number];
    readonly view: TableView;
    readonly operations: ItemOperation[];
  }[] = [];
  /** Keys with the tables they are in: a table may be named twice, by its name and by its ARN. */
  const seen = new Set<string>();
  let count = 0;
  for (const table of tables) {
    const view = await batchTable(table.tableName, context);
    const { record } = view;
    const measure = measureOf(record, wanted);
    const operations = table.writes.map((write) => {
      const key = keyOf(write, record.keys, digest);
      if (write.put) refuseIndexKeys(record, write.attributes);
      seen.add(`${record.tableId}/${key.toString('latin1')}`);
      const operation = operationOf(write, key);
      return measure === undefined ? operation : { ...operation, ...measure };
    });
    count += operations.length;
    started.push({ table, view, operations });
  }
  if (seen.size < count) throw validationError('Provided list of item keys contains duplicates');
  // Nothing is written before everything was found right; then all of it leaves in one turn.
  const written = started.map(async ({ table, view, operations }): Promise<WrittenTable> => {
    const responses = await Promise.all(operations.map((operation) => storage.execute(view, operation, context.timeLeftMs())));
    return { ...table, record: view.record, responses };
  });
  return batchWriteAnswer(await Promise.all(written), wanted);
}

/** Here the service has one text for keys that are missing and keys of a wrong type, of items too. */
function keyOf(write: BatchedWrite, schema: KeySchema, digest: Digest): Buffer {
  if (!write.put) return encodeRequestKey(schema, write.attributes, digest);
  try {
    return encodeKey(schema, write.attributes, digest);
  } catch (error) {
    if (error instanceof ItemError && /Missing the key|Type mismatch for key/.test(error.message)) {
      throw validationError('The provided key element does not match the schema');
    }
    throw error;
  }
}

function operationOf(write: BatchedWrite, key: Buffer): ItemOperation {
  if (!write.put) return { kind: 'delete', key, returnOld: false, returnOldOnFailure: false };
  const item = serializeItem(write.attributes);
  return { kind: 'put', key, item, itemSize: write.size, returnOld: false, returnOldOnFailure: false };
}

export const batchWriteItem = defineAction({ name: 'BatchWriteItem', shape, read, run });
