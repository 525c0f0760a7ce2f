import { refuseKeyInFilter, refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { analyzeKeyCondition } from '../../shared/expression/key-condition.ts';
import type { BoundCondition } from '../../shared/expression/condition.ts';
import { validationError } from '../core/api/api-error.ts';
import { returnConsumedCapacity } from '../core/api/capacity.ts';
import { legacyConditions, readCondition } from '../core/api/condition-fields.ts';
import { attributesToGet, conditionalOperator, consistentRead, projectionExpression, readFlag } from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { queryRange } from '../core/api/key-range.ts';
import { answerPage } from '../core/api/page.ts';
import { checkSelect, exclusiveStartKey, filterExpression, indexName, readPageFields, select } from '../core/api/page-fields.ts';
import type { PageFields } from '../core/api/page-fields.ts';
import {
  checkAllUsed,
  checkExpressionParameters,
  expressionAttributeNames,
  expressionAttributeValues,
  isGiven,
  readPlaceholders,
} from '../core/api/placeholders.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { activeTable, refreshedTable } from '../core/api/table-lookup.ts';
import { plainTableName, tableNameOfItems } from '../core/api/table-name.ts';
import { refuseFields } from '../core/api/unsupported.ts';
import { defineAction } from './action.ts';

interface QueryRequest {
  readonly tableName: string;
  readonly keyCondition: BoundCondition;
  readonly reverse: boolean;
  readonly fields: PageFields;
}

const shape = new RequestShape([
  select,
  indexName,
  returnConsumedCapacity,
  legacyConditions('QueryFilter'),
  tableNameOfItems,
  conditionalOperator,
  attributesToGet,
  { name: 'Limit', type: { kind: 'number', java: 'Integer' } },
  legacyConditions('KeyConditions'),
  exclusiveStartKey,
  consistentRead,
  { name: 'ScanIndexForward', type: { kind: 'boolean' } },
  { name: 'KeyConditionExpression', type: { kind: 'string' } },
  filterExpression,
  projectionExpression,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = {
  expressions: ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
  legacy: ['AttributesToGet', 'QueryFilter', 'ConditionalOperator', 'KeyConditions'],
};
const unsupported = [...parameters.legacy, 'IndexName'];
/** Query counts the one error of some messages that Scan gives alone. */
const ONE_ERROR = '1 validation error detected: ';

function read(input: JsonObject, { services, account }: RequestContext): QueryRequest {
  checkLimit(input);
  checkExpressionParameters(input, parameters);
  refuseFields(input, unsupported);
  if (!isGiven(input, 'KeyConditionExpression')) {
    throw validationError('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  }
  checkSelect(input, ONE_ERROR);
  const placeholders = readPlaceholders(input);
  const keyCondition = readCondition(input, 'KeyConditionExpression', placeholders, services.expressions) as BoundCondition;
  const fields = readPageFields(input, placeholders, services.expressions);
  const bound = [keyCondition, fields.filter, fields.projection?.bound].filter((one) => one !== undefined);
  checkAllUsed(
    bound.map((one) => one.program),
    placeholders,
  );
  return {
    tableName: plainTableName(input.TableName as string, services.region, account),
    keyCondition,
    reverse: isGiven(input, 'ScanIndexForward') && !readFlag(input, 'ScanIndexForward'),
    fields,
  };
}

function checkLimit(input: JsonObject): void {
  if (!isGiven(input, 'Limit') || (input.Limit as number) >= 1) return;
  throw validationError(`${ONE_ERROR}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1`);
}

async function run({ tableName, keyCondition, reverse, fields }: QueryRequest, context: RequestContext): Promise<Buffer> {
  const view = activeTable(tableName, context) ?? (await refreshedTable(tableName, context));
  const { keys } = view.record;
  const range = queryRange(keys, analyzeKeyCondition(keyCondition, keys), fields.startKey, reverse, context.services.digest);
  if (fields.projection !== undefined) refusePathsIntoKey(fields.projection.bound, keys);
  if (fields.filter !== undefined) refuseKeyInFilter(fields.filter, keys);
  return answerPage(view, tableName, range, fields, context);
}

export const query = defineAction({ name: 'Query', shape, read, run });
