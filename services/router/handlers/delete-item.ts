import { refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeRequestKey } from '../../shared/item/key-encoding.ts';
import { itemAnswer } from '../core/api/answer.ts';
import { validationError } from '../core/api/api-error.ts';
import { returnConsumedCapacity, writeUnits } from '../core/api/capacity.ts';
import { legacyConditionFields } from '../core/api/legacy/legacy-fields.ts';
import {
  conditionExpression,
  key,
  returnItemCollectionMetrics,
  returnValues,
  returnValuesOnConditionCheckFailure,
} from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { checkExpressionParameters, expressionAttributeNames, expressionAttributeValues } from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { storageFailure } from '../core/api/storage-outcome.ts';
import { activeTable, refreshedTable } from '../core/api/table-lookup.ts';
import { tableNameOfItems } from '../core/api/table-name.ts';
import { readConditionalWrite } from '../core/api/write-fields.ts';
import type { ConditionalWrite } from '../core/api/write-fields.ts';
import { measureOf, measuredMembers } from '../core/api/write-measures.ts';
import { defineAction } from './action.ts';

interface DeleteItemRequest extends ConditionalWrite {
  readonly key: AttributeMap;
}

const shape = new RequestShape([
  returnConsumedCapacity,
  tableNameOfItems,
  returnValues,
  returnItemCollectionMetrics,
  key,
  ...legacyConditionFields,
  conditionExpression,
  returnValuesOnConditionCheckFailure,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = { expressions: ['ConditionExpression'], legacy: ['Expected', 'ConditionalOperator'] };

function read(input: JsonObject, context: RequestContext): DeleteItemRequest {
  checkExpressionParameters(input, parameters);
  const itemKey = canonicalizeItem(input.Key);
  const returned = (input.ReturnValues ?? 'NONE') as string;
  if (returned !== 'ALL_OLD' && returned !== 'NONE') throw validationError('ReturnValues can only be ALL_OLD or NONE');
  return { ...readConditionalWrite(input, context), key: itemKey };
}

async function run(request: DeleteItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const view = activeTable(request.table.name, context) ?? (await refreshedTable(request.table.name, context));
  const { record } = view;
  const encoded = encodeRequestKey(record.keys, request.key, digest);
  if (request.condition !== undefined) refusePathsIntoKey(request.condition, record);
  const response = await storage.execute(
    view,
    { kind: 'delete', key: encoded, returnOld: request.returnOld, ...request.operation, ...measureOf(record, request.wanted) },
    context.timeLeftMs(),
  );
  if (response.status !== 'ok') throw storageFailure(response, record);
  const units = writeUnits(response.oldSize ?? 0, 0);
  const rest = measuredMembers(request.wanted, request.table.writtenAs, record, request.key, units, response);
  return itemAnswer('Attributes', request.returnOld ? response.item : undefined, rest);
}

export const deleteItem = defineAction({ name: 'DeleteItem', shape, read, run });
