import type { BoundCondition } from '../../shared/expression/condition.ts';
import { refuseKeyUpdate, refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { bindUpdate } from '../../shared/expression/update.ts';
import type { BoundUpdate } from '../../shared/expression/update.ts';
import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeRequestKey } from '../../shared/item/key-encoding.ts';
import type { UpdateReturn } from '../../shared/wire/storage-operations.ts';
import { itemAnswer } from '../core/api/answer.ts';
import { readCapacityDetail, returnConsumedCapacity, writeUnits } from '../core/api/capacity.ts';
import type { CapacityDetail } from '../core/api/capacity.ts';
import { legacyConditionFields, readCondition } from '../core/api/condition-fields.ts';
import {
  conditionExpression,
  key,
  returnItemCollectionMetrics,
  returnValues,
  returnValuesOnConditionCheckFailure,
} from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import {
  checkAllUsed,
  checkExpressionParameters,
  expressionAttributeNames,
  expressionAttributeValues,
  placeholderBytes,
  readPlaceholders,
} from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { storageFailure } from '../core/api/storage-outcome.ts';
import { activeTable, refreshedTable } from '../core/api/table-lookup.ts';
import { plainTableName, tableNameOfItems } from '../core/api/table-name.ts';
import { refuseFields } from '../core/api/unsupported.ts';
import type { WriteOperationFields } from '../core/api/write-fields.ts';
import { defineAction } from './action.ts';

interface UpdateItemRequest {
  readonly tableName: string;
  readonly key: AttributeMap;
  readonly update: BoundUpdate | undefined;
  readonly updateText: string;
  readonly condition: BoundCondition | undefined;
  readonly returnValues: UpdateReturn;
  readonly capacity: CapacityDetail;
  readonly operation: WriteOperationFields;
}

const attributeValueUpdate = {
  kind: 'structure',
  java: 'AttributeValueUpdate',
  asMember: true,
  fields: [
    { name: 'Action', type: { kind: 'string' } },
    { name: 'Value', type: { kind: 'structure', java: 'AttributeValue', fields: [] } },
  ],
} as const;

const shape = new RequestShape([
  returnConsumedCapacity,
  tableNameOfItems,
  returnItemCollectionMetrics,
  returnValues,
  key,
  ...legacyConditionFields,
  {
    name: 'AttributeUpdates',
    type: { kind: 'map', member: attributeValueUpdate, java: 'com.amazonaws.dynamodb.v20120810.AttributeValueUpdate' },
  },
  conditionExpression,
  { name: 'UpdateExpression', type: { kind: 'string' } },
  returnValuesOnConditionCheckFailure,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = { expressions: ['UpdateExpression', 'ConditionExpression'], legacy: ['AttributeUpdates', 'Expected'] };
const unsupported = ['AttributeUpdates', 'Expected', 'ConditionalOperator'];

const RETURNS: Readonly<Record<string, UpdateReturn>> = {
  NONE: 'none',
  ALL_OLD: 'all-old',
  UPDATED_OLD: 'updated-old',
  ALL_NEW: 'all-new',
  UPDATED_NEW: 'updated-new',
};

function read(input: JsonObject, { services, account }: RequestContext): UpdateItemRequest {
  checkExpressionParameters(input, parameters);
  refuseFields(input, unsupported);
  const itemKey = canonicalizeItem(input.Key);
  const placeholders = readPlaceholders(input);
  const { names, values } = placeholders;
  const updateText = (input.UpdateExpression ?? undefined) as string | undefined;
  const update = updateText === undefined ? undefined : bindUpdate(services.expressions.update(updateText), names, values);
  const condition = readCondition(input, 'ConditionExpression', placeholders, services.expressions);
  const bound = [update, condition].filter((one) => one !== undefined);
  checkAllUsed(
    bound.map((one) => one.program),
    placeholders,
  );
  return {
    tableName: plainTableName(input.TableName as string, services.region, account),
    key: itemKey,
    update,
    updateText: updateText ?? '',
    condition,
    returnValues: RETURNS[(input.ReturnValues ?? 'NONE') as string] ?? 'none',
    capacity: readCapacityDetail(input),
    operation: {
      ...(condition === undefined ? undefined : { condition: input.ConditionExpression as string }),
      ...placeholderBytes(placeholders),
      returnOldOnFailure: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    },
  };
}

async function run(request: UpdateItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const view = activeTable(request.tableName, context) ?? (await refreshedTable(request.tableName, context));
  const { keys } = view.record;
  const encoded = encodeRequestKey(keys, request.key, digest);
  const { update, condition } = request;
  if (update !== undefined) {
    refuseKeyUpdate(update, keys);
    refusePathsIntoKey(update, keys);
  }
  if (condition !== undefined) refusePathsIntoKey(condition, keys);
  const response = await storage.execute(
    view,
    {
      kind: 'update',
      key: encoded,
      keyAttributes: serializeItem(request.key),
      update: request.updateText,
      returnValues: request.returnValues,
      ...request.operation,
    },
    context.timeLeftMs(),
  );
  if (response.status !== 'ok') throw storageFailure(response);
  const units = writeUnits(response.oldSize ?? 0, response.newSize ?? 0);
  return itemAnswer('Attributes', response.item, request.capacity, request.tableName, units);
}

export const updateItem = defineAction({ name: 'UpdateItem', shape, read, run });
