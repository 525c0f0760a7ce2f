import { INCORRECT_TYPE } from '../../shared/expression/update-evaluator.ts';
import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../shared/item/canonical-value.ts';
import { encodeRequestKey } from '../../shared/item/key-encoding.ts';
import type { StorageResponse, UpdateReturn } from '../../shared/wire/storage-operations.ts';
import { itemAnswer } from '../core/api/answer.ts';
import { returnConsumedCapacity, writeUnits } from '../core/api/capacity.ts';
import {
  conditionExpression,
  key,
  returnItemCollectionMetrics,
  returnValues,
  returnValuesOnConditionCheckFailure,
} from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { refuseKeyUpdate, refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { attributeUpdates, legacyConditionFields } from '../core/api/legacy/legacy-fields.ts';
import { checkExpressionParameters, expressionAttributeNames, expressionAttributeValues } from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { storageFailure } from '../core/api/storage-outcome.ts';
import { activeTable, refreshedTable } from '../core/api/table-lookup.ts';
import { readTableName, tableNameOfItems } from '../core/api/table-name.ts';
import type { NamedTable } from '../core/api/table-name.ts';
import { readUpdateFields } from '../core/api/update-fields.ts';
import type { UpdateFields } from '../core/api/update-fields.ts';
import { measureOf, measuredMembers, readWantedMeasures } from '../core/api/write-measures.ts';
import type { WantedMeasures } from '../core/api/write-measures.ts';
import { defineAction } from './action.ts';

interface UpdateItemRequest {
  readonly table: NamedTable;
  readonly key: AttributeMap;
  readonly fields: UpdateFields;
  readonly returnValues: UpdateReturn;
  readonly wanted: WantedMeasures;
}

const shape = new RequestShape([
  returnConsumedCapacity,
  tableNameOfItems,
  returnItemCollectionMetrics,
  returnValues,
  key,
  ...legacyConditionFields,
  attributeUpdates,
  conditionExpression,
  { name: 'UpdateExpression', type: { kind: 'string' } },
  returnValuesOnConditionCheckFailure,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = {
  expressions: ['UpdateExpression', 'ConditionExpression'],
  legacy: ['AttributeUpdates', 'Expected', 'ConditionalOperator'],
};

const RETURNS: Readonly<Record<string, UpdateReturn>> = {
  NONE: 'none',
  ALL_OLD: 'all-old',
  UPDATED_OLD: 'updated-old',
  ALL_NEW: 'all-new',
  UPDATED_NEW: 'updated-new',
};

function read(input: JsonObject, context: RequestContext): UpdateItemRequest {
  checkExpressionParameters(input, parameters);
  return {
    key: canonicalizeItem(input.Key),
    fields: readUpdateFields(input, context),
    table: readTableName(input, context),
    returnValues: RETURNS[(input.ReturnValues ?? 'NONE') as string] ?? 'none',
    wanted: readWantedMeasures(input),
  };
}

async function run({ table, key, fields, returnValues, wanted }: UpdateItemRequest, context: RequestContext): Promise<Buffer> {
  const { storage, digest } = context.services;
  const view = activeTable(table.name, context) ?? (await refreshedTable(table.name, context));
  const { record } = view;
  const encoded = encodeRequestKey(record.keys, key, digest);
  refuseKeyUpdate(fields.updatedNames, record.keys);
  for (const bound of fields.bound) refusePathsIntoKey(bound, record);
  const response = await storage.execute(
    view,
    {
      kind: 'update',
      key: encoded,
      keyAttributes: serializeItem(key),
      update: fields.update,
      returnValues,
      ...fields.operation,
      ...measureOf(record, wanted),
    },
    context.timeLeftMs(),
  );
  if (response.status !== 'ok') throw storageFailure(fields.legacy ? legacyWords(response) : response, record);
  const units = writeUnits(response.oldSize ?? 0, response.newSize ?? 0);
  return itemAnswer('Attributes', response.item, measuredMembers(wanted, table.writtenAs, record, key, units, response));
}

/** AttributeUpdates meets an attribute of another type: the service has another text for that than for an expression. */
function legacyWords(response: StorageResponse): StorageResponse {
  if (response.status !== 'validation' || response.message !== INCORRECT_TYPE) return response;
  return { ...response, message: 'Type mismatch for attribute to update' };
}

export const updateItem = defineAction({ name: 'UpdateItem', shape, read, run });
