import { refuseKeyInFilter, refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { analyzeKeyCondition } from '../../shared/expression/key-condition.ts';
import type { KeyCondition } from '../../shared/expression/conditions-on-key.ts';
import { analyzeLegacyKeyConditions } from '../../shared/expression/legacy-key-condition.ts';
import type { IndexKeySchema } from '../../shared/item/index-key.ts';
import type { BoundCondition } from '../../shared/expression/condition.ts';
import { validationError } from '../core/api/api-error.ts';
import { returnConsumedCapacity } from '../core/api/capacity.ts';
import { readCondition } from '../core/api/condition-fields.ts';
import { consistentRead, projectionExpression, readFlag } from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { queryRange } from '../core/api/key-range.ts';
import { attributesToGet, conditionalOperator, keyConditions, queryFilter } from '../core/api/legacy/legacy-fields.ts';
import { readKeyConditions } from '../core/api/legacy/read-key-conditions.ts';
import { answerPage } from '../core/api/page.ts';
import {
  checkSelect,
  exclusiveStartKey,
  expressionsOf,
  filterExpression,
  indexName,
  readEarlyPageFields,
  readIndexName,
  readPageFields,
  select,
} from '../core/api/page-fields.ts';
import type { PageFields } from '../core/api/page-fields.ts';
import {
  checkAllUsed,
  checkExpressionParameters,
  expressionAttributeNames,
  expressionAttributeValues,
  isGiven,
  readPlaceholders,
} from '../core/api/placeholders.ts';
import { openSource, refuseConsistentRead } from '../core/api/read-source.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { readTableName, tableNameOfItems } from '../core/api/table-name.ts';
import type { NamedTable } from '../core/api/table-name.ts';
import { defineAction } from './action.ts';

interface QueryRequest {
  readonly table: NamedTable;
  readonly index: string | undefined;
  /** What the condition on the key, in either form, asks of the key of a table or index. Throws ExpressionError. */
  readonly keyCondition: (keys: IndexKeySchema) => KeyCondition;
  readonly reverse: boolean;
  readonly fields: PageFields;
}

const shape = new RequestShape([
  select,
  indexName,
  returnConsumedCapacity,
  queryFilter,
  tableNameOfItems,
  conditionalOperator,
  attributesToGet,
  { name: 'Limit', type: { kind: 'number', java: 'Integer' } },
  keyConditions,
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
/** The older condition on the key goes with a filter and a projection of the newer form. */
const withKeyConditions = { ...parameters, legacy: parameters.legacy.filter((name) => name !== 'KeyConditions') };
/** Query counts the one error of some messages that Scan gives alone. */
const ONE_ERROR = '1 validation error detected: ';

function read(input: JsonObject, context: RequestContext): QueryRequest {
  const { expressions } = context.services;
  checkLimit(input);
  checkExpressionParameters(input, isGiven(input, 'KeyConditionExpression') ? parameters : withKeyConditions);
  const early = readEarlyPageFields(input, 'QueryFilter', expressions);
  if (!isGiven(input, 'KeyConditionExpression') && !isGiven(input, 'KeyConditions')) {
    throw validationError('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  }
  checkSelect(input, ONE_ERROR);
  const placeholders = readPlaceholders(input);
  const keyExpression = readCondition(input, 'KeyConditionExpression', placeholders, expressions);
  const fields = readPageFields(input, early, placeholders, expressions);
  const bound = expressionsOf(fields, early);
  checkAllUsed(
    (keyExpression === undefined ? bound : [keyExpression, ...bound]).map((one) => one.program),
    placeholders,
  );
  return {
    table: readTableName(input, context),
    index: readIndexName(input),
    keyCondition: readKeyCondition(input, keyExpression),
    reverse: isGiven(input, 'ScanIndexForward') && !readFlag(input, 'ScanIndexForward'),
    fields,
  };
}

function readKeyCondition(input: JsonObject, expression: BoundCondition | undefined): QueryRequest['keyCondition'] {
  if (expression !== undefined) return (keys) => analyzeKeyCondition(expression, keys);
  const conditions = readKeyConditions(input);
  return (keys) => analyzeLegacyKeyConditions(conditions, keys);
}

function checkLimit(input: JsonObject): void {
  if (!isGiven(input, 'Limit') || (input.Limit as number) >= 1) return;
  throw validationError(`${ONE_ERROR}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1`);
}

async function run({ table, index, keyCondition, reverse, fields }: QueryRequest, context: RequestContext): Promise<Buffer> {
  const source = await openSource(table.name, index, context);
  if (fields.consistent) refuseConsistentRead(source);
  const { record } = source.view;
  const range = queryRange(source, keyCondition(source.keys), fields.startKey, reverse, context.services.digest);
  if (fields.projection !== undefined) refusePathsIntoKey(fields.projection.bound, record);
  if (fields.filtered !== undefined) refuseKeyInFilter(fields.filtered, source.keys);
  if (fields.filter !== undefined) refusePathsIntoKey(fields.filter, record);
  return answerPage(source, table.writtenAs, range, fields, context);
}

export const query = defineAction({ name: 'Query', shape, read, run });
