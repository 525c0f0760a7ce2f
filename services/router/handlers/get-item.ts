import { refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeRequestKey } from '../../shared/item/key-encoding.ts';
import { itemAnswer } from '../core/api/answer.ts';
import { capacityMember, readCapacityDetail, readUnits, returnConsumedCapacity } from '../core/api/capacity.ts';
import type { CapacityDetail } from '../core/api/capacity.ts';
import { consistentRead, key, projectionExpression, readFlag } from '../core/api/item-fields.ts';
import { projectItems, readItemProjection } from '../core/api/item-projection.ts';
import type { ItemProjection } from '../core/api/item-projection.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { attributesToGet } from '../core/api/legacy/legacy-fields.ts';
import { checkExpressionParameters, expressionAttributeNames } from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { storageFailure } from '../core/api/storage-outcome.ts';
import { activeTable, refreshedTable } from '../core/api/table-lookup.ts';
import { readTableName, tableNameOfItems } from '../core/api/table-name.ts';
import type { NamedTable } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

interface GetItemRequest {
  readonly table: NamedTable;
  readonly key: AttributeMap;
  readonly consistent: boolean;
  readonly projection: ItemProjection | undefined;
  readonly capacity: CapacityDetail;
}

const shape = new RequestShape([
  returnConsumedCapacity,
  attributesToGet,
  tableNameOfItems,
  key,
  consistentRead,
  projectionExpression,
  expressionAttributeNames,
]);

const parameters = { expressions: ['ProjectionExpression'], legacy: ['AttributesToGet'] };

function read(input: JsonObject, context: RequestContext): GetItemRequest {
  checkExpressionParameters(input, parameters);
  const itemKey = canonicalizeItem(input.Key);
  const projection = readItemProjection(input, context.services.expressions);
  return {
    table: readTableName(input, context),
    key: itemKey,
    consistent: readFlag(input, 'ConsistentRead'),
    projection,
    capacity: readCapacityDetail(input),
  };
}

async function run(request: GetItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const view = activeTable(request.table.name, context) ?? (await refreshedTable(request.table.name, context));
  const { keys } = view.record;
  const encoded = encodeRequestKey(keys, request.key, digest);
  const { projection, consistent } = request;
  if (projection !== undefined) refusePathsIntoKey(projection.bound, view.record);
  const response = await storage.execute(view, { kind: 'get', key: encoded, consistent }, context.timeLeftMs());
  if (response.status !== 'ok') throw storageFailure(response);
  let { item } = response;
  if (item !== undefined && projection !== undefined) [item] = await projectItems(projection, [item], context);
  const units = readUnits(response.oldSize ?? 0, consistent);
  return itemAnswer('Item', item, capacityMember(request.capacity, request.table.writtenAs, units));
}

export const getItem = defineAction({ name: 'GetItem', shape, read, run });
