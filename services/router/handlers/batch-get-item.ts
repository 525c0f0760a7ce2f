import { refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { getAttribute } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeRequestKey } from '../../shared/item/key-encoding.ts';
import {
  BATCH_GET_BYTES_MAX,
  BATCH_GET_KEYS_MAX,
  BATCH_GET_TEXT_BYTES_MAX,
  BATCH_GET_WAVE_BYTES,
  BATCH_GET_WAVE_KEYS,
  READ_BYTES_HELD_MAX,
} from '../../shared/limits/api-limits.ts';
import type { StorageResponse } from '../../shared/wire/storage-operations.ts';
import { joinManyParts } from '../core/api/answer.ts';
import { validationError } from '../core/api/api-error.ts';
import { batchCapacity, batchTable, tableNamesAsKeys } from '../core/api/batch-fields.ts';
import { readCapacityDetail, readUnits, returnConsumedCapacity } from '../core/api/capacity.ts';
import type { CapacityDetail } from '../core/api/capacity.ts';
import { consistentRead, projectionExpression, readFlag } from '../core/api/item-fields.ts';
import { projectItems, readItemProjection } from '../core/api/item-projection.ts';
import type { ItemProjection } from '../core/api/item-projection.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { attributesToGet } from '../core/api/legacy/legacy-fields.ts';
import { checkExpressionParameters, expressionAttributeNames, isGiven } from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import type { Field } from '../core/api/field.ts';
import { batchFailure, isUnprocessed, storageFailure } from '../core/api/storage-outcome.ts';
import { defineAction } from './action.ts';

interface TableKeys {
  readonly tableName: string;
  readonly keys: readonly AttributeMap[];
  readonly consistent: boolean;
  readonly projection: ItemProjection | undefined;
  /** What the client sent besides the keys: it goes back with those that are left. */
  readonly others: JsonObject;
}

interface BatchGetItemRequest {
  readonly tables: readonly TableKeys[];
  readonly capacity: CapacityDetail;
}

const keysOfTable: readonly Field[] = [
  { name: 'Keys', type: { kind: 'list', member: { kind: 'attributes', parameterized: true } }, notNull: true },
  attributesToGet,
  consistentRead,
  projectionExpression,
  expressionAttributeNames,
];

const shape = new RequestShape([
  returnConsumedCapacity,
  {
    name: 'RequestItems',
    type: {
      kind: 'map',
      java: 'com.amazonaws.dynamodb.v20120810.KeysAndAttributes',
      member: { kind: 'structure', java: 'KeysAndAttributes', fields: keysOfTable, asMember: true },
    },
    notNull: true,
    constraints: [tableNamesAsKeys],
  },
]);

const parameters = { expressions: ['ProjectionExpression'], legacy: ['AttributesToGet'] };

function read(input: JsonObject, context: RequestContext): BatchGetItemRequest {
  const requestItems = input.RequestItems as JsonObject;
  const names = Object.keys(requestItems);
  if (names.length === 0) throw validationError('The requestItems parameter is required for BatchGetItem');
  for (const name of names) checkKeyCount(name, (requestItems[name] as JsonObject).Keys as readonly unknown[]);
  checkForms(names.map((name) => requestItems[name] as JsonObject));
  let count = 0;
  const tables = names.map((name) => {
    const table = readTable(name, requestItems[name] as JsonObject, context);
    count += table.keys.length;
    if (count > BATCH_GET_KEYS_MAX) throw validationError('Too many items requested for the BatchGetItem call');
    return table;
  });
  return { tables, capacity: readCapacityDetail(input) };
}

function checkKeyCount(tableName: string, keys: readonly unknown[]): void {
  const rule = keys.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${BATCH_GET_KEYS_MAX}`;
  if (keys.length > 0 && keys.length <= BATCH_GET_KEYS_MAX) return;
  throw validationError(
    `1 validation error detected: Value at 'RequestItems.${tableName}.member.Keys' failed to satisfy constraint: ` +
      `Member must have length ${rule}`,
  );
}

/** Neither one table's part nor two of them mix the older and the newer form of a projection (pull request 127 of nubo-db/dynoxide). */
function checkForms(tables: readonly JsonObject[]): void {
  const given = (name: string): JsonObject => ({ [name]: tables.find((table) => isGiven(table, name))?.[name] });
  checkExpressionParameters({ ...given('ProjectionExpression'), ...given('AttributesToGet') }, parameters);
}

function readTable(tableName: string, table: JsonObject, { services }: RequestContext): TableKeys {
  checkExpressionParameters(table, parameters);
  const projection = readItemProjection(table, services.expressions);
  const keys = (table.Keys as readonly unknown[]).map(canonicalizeItem);
  const seen = new Set<string>();
  for (const key of keys) seen.add(keyText(key));
  if (seen.size < keys.length) throw validationError('Provided list of item keys contains duplicates');
  return {
    tableName,
    keys,
    consistent: readFlag(table, 'ConsistentRead'),
    projection,
    others: table,
  };
}

/** Equal for equal keys, whatever the order of their attributes. */
function keyText(key: AttributeMap): string {
  const names = Object.keys(key).sort();
  return JSON.stringify(names.map((name) => [name, getAttribute(key, name)]));
}

async function run(request: BatchGetItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const lookups: (() => Promise<StorageResponse>)[] = [];
  for (const { tableName, keys, consistent, projection } of request.tables) {
    const view = await batchTable(tableName, context);
    if (projection !== undefined) refusePathsIntoKey(projection.bound, view.record);
    for (const one of keys) {
      const key = encodeRequestKey(view.record.keys, one, digest);
      lookups.push(() => storage.execute(view, { kind: 'get', key, consistent }, context.timeLeftMs()));
    }
  }
  // Every key of every table was found right: only now is anything asked for.
  const { room } = context.services;
  const responses: StorageResponse[] = [];
  let bytes = 0;
  let sizes = 0;
  /** What comes when there is no room any more is let go of at once: many waves can be under way. */
  const taken = async (lookup: () => Promise<StorageResponse>): Promise<StorageResponse> => {
    const response = await lookup();
    const length = response.item?.length ?? 0;
    if (length > 0 && room.bytes + length > READ_BYTES_HELD_MAX) return NOT_ASKED;
    room.bytes += length;
    bytes += length;
    sizes += response.oldSize ?? 0;
    return response;
  };
  try {
    while (responses.length < lookups.length) {
      if (sizes >= BATCH_GET_BYTES_MAX || bytes >= BATCH_GET_TEXT_BYTES_MAX || room.bytes > READ_BYTES_HELD_MAX) {
        responses.push(NOT_ASKED);
        continue;
      }
      const next = lookups.slice(responses.length, responses.length + waveKeys(responses.length, bytes));
      responses.push(...(await Promise.all(next.map(taken))));
    }
    return await answer(request, responses, context);
  } finally {
    room.bytes -= bytes;
  }
}

/** What goes back to the client unread: the answer is full, or this process holds as much as it may. */
const NOT_ASKED: StorageResponse = { id: 0, status: 'overloaded' };

/**
 * How many keys are asked for at once: a few, and then as many as have room if they are like those. All at once would be a hundred
 * items of 400 KB for each of a thousand small requests.
 */
function waveKeys(answered: number, bytes: number): number {
  if (answered === 0) return BATCH_GET_WAVE_KEYS;
  return Math.max(BATCH_GET_WAVE_KEYS, Math.floor((BATCH_GET_WAVE_BYTES * answered) / (bytes + 1)));
}

/** What became of the keys of one table. */
interface TableAnswer {
  readonly found: Uint8Array[];
  readonly left: AttributeMap[];
  units: number;
}

/** Items in the order of their keys, until the answer is full; the keys of the rest, and of what found no one to answer, go back. */
async function answer(
  { tables, capacity }: BatchGetItemRequest,
  responses: readonly StorageResponse[],
  context: RequestContext,
): Promise<Buffer> {
  const answers = sortOut(tables, responses);
  const parts: (string | Uint8Array)[] = ['{"Responses":{'];
  const units = new Map<string, number>();
  const unprocessed: string[] = [];
  for (let position = 0; position < tables.length; position++) {
    const table = tables[position] as TableKeys;
    const { found, left, units: sum } = answers[position] as TableAnswer;
    const items = table.projection === undefined ? found : await projectItems(table.projection, found, context);
    parts.push(`${position === 0 ? '' : ','}${JSON.stringify(table.tableName)}:[`);
    items.forEach((item, at) => {
      if (at > 0) parts.push(',');
      parts.push(item);
    });
    parts.push(']');
    units.set(table.tableName, sum);
    if (left.length > 0) unprocessed.push(unprocessedKeys(table, left));
  }
  parts.push('},', batchCapacity(capacity, units), `"UnprocessedKeys":{${unprocessed.join(',')}}}`);
  return joinManyParts(parts, context.services.timers);
}

function sortOut(tables: readonly TableKeys[], responses: readonly StorageResponse[]): TableAnswer[] {
  let bytes = 0;
  let next = 0;
  let answered = 0;
  const answers = tables.map(({ keys, consistent }) => {
    const sorted: TableAnswer = { found: [], left: [], units: 0 };
    for (const key of keys) {
      const response = responses[next++] as StorageResponse;
      if (response.status !== 'ok' && !isUnprocessed(response)) throw storageFailure(response);
      const size = response.oldSize ?? 0;
      if (response.status !== 'ok' || bytes + size > BATCH_GET_BYTES_MAX) {
        sorted.left.push(key);
        continue;
      }
      answered++;
      bytes += size;
      sorted.units += readUnits(size, consistent);
      if (response.item !== undefined) sorted.found.push(response.item);
    }
    return sorted;
  });
  if (answered === 0) throw batchFailure(responses);
  return answers;
}

/** One member of UnprocessedKeys: all that the client sent for the table, with the keys that are left. */
function unprocessedKeys(table: TableKeys, keys: readonly AttributeMap[]): string {
  const { AttributesToGet, ProjectionExpression, ExpressionAttributeNames } = table.others;
  const again = {
    Keys: keys,
    ...(table.consistent ? { ConsistentRead: true } : undefined),
    ...present({ AttributesToGet, ProjectionExpression, ExpressionAttributeNames }),
  };
  return `${JSON.stringify(table.tableName)}:${JSON.stringify(again)}`;
}

/** Without the members that are absent. */
function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

export const batchGetItem = defineAction({ name: 'BatchGetItem', shape, read, run });
