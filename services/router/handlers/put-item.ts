import { refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { itemAnswer } from '../core/api/answer.ts';
import { validationError } from '../core/api/api-error.ts';
import { returnConsumedCapacity, writeUnits } from '../core/api/capacity.ts';
import { legacyConditionFields } from '../core/api/legacy/legacy-fields.ts';
import {
  conditionExpression,
  returnItemCollectionMetrics,
  returnValues,
  returnValuesOnConditionCheckFailure,
} from '../core/api/item-fields.ts';
import { refuseIndexKeys } from '../core/api/index-key-attributes.ts';
import { checkedItemSize } from '../core/api/item-size-check.ts';
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

interface PutItemRequest extends ConditionalWrite {
  readonly item: AttributeMap;
  readonly itemSize: number;
}

const shape = new RequestShape([
  returnConsumedCapacity,
  tableNameOfItems,
  { name: 'Item', type: { kind: 'attributes' }, notNull: true },
  ...legacyConditionFields,
  returnValues,
  returnItemCollectionMetrics,
  conditionExpression,
  returnValuesOnConditionCheckFailure,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = { expressions: ['ConditionExpression'], legacy: ['Expected', 'ConditionalOperator'] };

function read(input: JsonObject, context: RequestContext): PutItemRequest {
  checkExpressionParameters(input, parameters);
  const item = canonicalizeItem(input.Item);
  const returned = (input.ReturnValues ?? 'NONE') as string;
  if (returned !== 'ALL_OLD' && returned !== 'NONE') throw validationError('ReturnValues can only be ALL_OLD or NONE');
  const size = checkedItemSize(item);
  return { ...readConditionalWrite(input, context), item, itemSize: size };
}

async function run(request: PutItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const view = activeTable(request.table.name, context) ?? (await refreshedTable(request.table.name, context));
  const { record } = view;
  const key = encodeKey(record.keys, request.item, digest);
  refuseIndexKeys(record, request.item);
  if (request.condition !== undefined) refusePathsIntoKey(request.condition, record);
  const response = await storage.execute(
    view,
    {
      kind: 'put',
      key,
      item: serializeItem(request.item),
      itemSize: request.itemSize,
      returnOld: request.returnOld,
      ...request.operation,
      ...measureOf(record, request.wanted),
    },
    context.timeLeftMs(),
  );
  if (response.status !== 'ok') throw storageFailure(response, record);
  const units = writeUnits(response.oldSize ?? 0, request.itemSize);
  const rest = measuredMembers(request.wanted, request.table.writtenAs, record, request.item, units, response);
  return itemAnswer('Attributes', request.returnOld ? response.item : undefined, rest);
}

export const putItem = defineAction({ name: 'PutItem', shape, read, run });
