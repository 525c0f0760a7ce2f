import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, KeySchema } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem, ItemError } from '../../shared/item/canonical-value.ts';
import { encodeKey, encodeRequestKey } from '../../shared/item/key-encoding.ts';
import { BATCH_WRITE_REQUESTS_MAX } from '../../shared/limits/api-limits.ts';
import type { Digest } from '../../shared/env/digest.ts';
import type { StorageResponse } from '../../shared/wire/storage-operations.ts';
import { joinParts } from '../core/api/answer.ts';
import { validationError } from '../core/api/api-error.ts';
import { batchCapacity, batchTable, tableNamesAsKeys } from '../core/api/batch-fields.ts';
import { readCapacityDetail, returnConsumedCapacity, writeUnits } from '../core/api/capacity.ts';
import type { CapacityDetail } from '../core/api/capacity.ts';
import { lengthAtLeast, lengthAtMost, mapValues } from '../core/api/constraint.ts';
import { returnItemCollectionMetrics } from '../core/api/item-fields.ts';
import { checkedItemSize } from '../core/api/item-size-check.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import type { Field } from '../core/api/field.ts';
import { batchFailure, isUnprocessed, storageFailure } from '../core/api/storage-outcome.ts';
import type { ItemOperation } from '../core/storage-port.ts';
import { defineAction } from './action.ts';

/** One put or delete. */
interface Write {
  /** As the client sent it, for UnprocessedItems. */
  readonly request: JsonObject;
  readonly put: boolean;
  /** The item to put, or the key to delete. */
  readonly attributes: AttributeMap;
  readonly size: number;
}

interface BatchWriteItemRequest {
  readonly tables: readonly { readonly tableName: string; readonly writes: readonly Write[] }[];
  readonly capacity: CapacityDetail;
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
  return { tables, capacity: readCapacityDetail(input) };
}

function readWrite(request: JsonObject | null): Write {
  const put = (request?.PutRequest ?? undefined) as JsonObject | undefined;
  const remove = (request?.DeleteRequest ?? undefined) as JsonObject | undefined;
  if (request === null || (put === undefined) === (remove === undefined)) throw validationError(NOT_ONE_REQUEST);
  if (put === undefined) return { request, put: false, attributes: canonicalizeItem(remove?.Key), size: 0 };
  const attributes = canonicalizeItem(put.Item);
  return { request, put: true, attributes, size: checkedItemSize(attributes) };
}

async function run(request: BatchWriteItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const writes: (() => Promise<StorageResponse>)[] = [];
  /** Keys with the tables they are in: a table may be named twice, by its name and by its ARN. */
  const seen = new Set<string>();
  for (const table of request.tables) {
    const view = await batchTable(table.tableName, context);
    for (const write of table.writes) {
      const key = keyOf(write, view.record.keys, digest);
      seen.add(`${view.record.tableId}/${key.toString('latin1')}`);
      const operation = operationOf(write, key);
      writes.push(() => storage.execute(view, operation, context.timeLeftMs()));
    }
  }
  if (seen.size < writes.length) throw validationError('Provided list of item keys contains duplicates');
  // Nothing is written before everything was found right; then all of it leaves in one turn.
  const responses = await Promise.all(writes.map((write) => write()));
  return answer(request, responses);
}

/** Here the service has one text for keys that are missing and keys of a wrong type, of items too. */
function keyOf(write: Write, schema: KeySchema, digest: Digest): Buffer {
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

function operationOf(write: Write, key: Buffer): ItemOperation {
  if (!write.put) return { kind: 'delete', key, returnOld: false, returnOldOnFailure: false };
  const item = serializeItem(write.attributes);
  return { kind: 'put', key, item, itemSize: write.size, returnOld: false, returnOldOnFailure: false };
}

/**
 * What was not carried out goes back to the client, and what may have been: repeating a put or delete does no harm. Only when
 * nothing was carried out is the whole batch an error.
 */
function answer({ tables, capacity }: BatchWriteItemRequest, responses: readonly StorageResponse[]): Buffer {
  const units = new Map<string, number>();
  const unprocessed: string[] = [];
  let next = 0;
  let done = 0;
  for (const { tableName, writes } of tables) {
    const left: JsonObject[] = [];
    let sum = 0;
    for (const write of writes) {
      const response = responses[next++] as StorageResponse;
      if (response.status === 'ok') {
        done++;
        sum += writeUnits(response.oldSize ?? 0, write.size);
      } else if (isUnprocessed(response)) {
        left.push(write.request);
      } else {
        throw storageFailure(response);
      }
    }
    units.set(tableName, sum);
    if (left.length > 0) unprocessed.push(`${JSON.stringify(tableName)}:${JSON.stringify(left)}`);
  }
  if (done === 0) throw batchFailure(responses);
  return joinParts(['{', batchCapacity(capacity, units), `"UnprocessedItems":{${unprocessed.join(',')}}}`]);
}

export const batchWriteItem = defineAction({ name: 'BatchWriteItem', shape, read, run });
