import { refusePathsIntoKey } from '../core/api/key-attribute-checks.ts';
import { SCAN_SEGMENTS_MAX } from '../../shared/limits/api-limits.ts';
import { validationError } from '../core/api/api-error.ts';
import { returnConsumedCapacity } from '../core/api/capacity.ts';
import { atLeast, atMost } from '../core/api/constraint.ts';
import { consistentRead, projectionExpression } from '../core/api/item-fields.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import { scanRange } from '../core/api/key-range.ts';
import { attributesToGet, conditionalOperator, scanFilter } from '../core/api/legacy/legacy-fields.ts';
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

interface ScanRequest {
  readonly table: NamedTable;
  readonly index: string | undefined;
  readonly segment: number;
  readonly totalSegments: number;
  readonly fields: PageFields;
}

const shape = new RequestShape([
  select,
  indexName,
  { name: 'TotalSegments', type: { kind: 'number', java: 'Integer' }, constraints: [atLeast(1), atMost(SCAN_SEGMENTS_MAX)] },
  returnConsumedCapacity,
  tableNameOfItems,
  conditionalOperator,
  scanFilter,
  { name: 'Segment', type: { kind: 'number', java: 'Integer' }, constraints: [atLeast(0), atMost(SCAN_SEGMENTS_MAX - 1)] },
  { name: 'Limit', type: { kind: 'number', java: 'Integer' }, constraints: [atLeast(1)] },
  attributesToGet,
  exclusiveStartKey,
  consistentRead,
  filterExpression,
  projectionExpression,
  expressionAttributeValues,
  expressionAttributeNames,
]);

const parameters = {
  expressions: ['ProjectionExpression', 'FilterExpression'],
  legacy: ['AttributesToGet', 'ScanFilter', 'ConditionalOperator'],
};

function read(input: JsonObject, context: RequestContext): ScanRequest {
  const { expressions } = context.services;
  checkExpressionParameters(input, parameters);
  const early = readEarlyPageFields(input, 'ScanFilter', expressions);
  checkSelect(input, '');
  const { segment, totalSegments } = readSegments(input);
  const placeholders = readPlaceholders(input);
  const fields = readPageFields(input, early, placeholders, expressions);
  checkAllUsed(
    expressionsOf(fields, early).map((one) => one.program),
    placeholders,
  );
  return { table: readTableName(input, context), index: readIndexName(input), segment, totalSegments, fields };
}

function readSegments(input: JsonObject): { segment: number; totalSegments: number } {
  const hasSegment = isGiven(input, 'Segment');
  const hasTotal = isGiven(input, 'TotalSegments');
  if (hasSegment && !hasTotal) {
    throw validationError('The TotalSegments parameter is required but was not present in the request when Segment parameter is present');
  }
  if (!hasTotal) return { segment: 0, totalSegments: 1 };
  if (!hasSegment) {
    throw validationError('The Segment parameter is required but was not present in the request when parameter TotalSegments is present');
  }
  const segment = Math.floor(input.Segment as number);
  const totalSegments = Math.floor(input.TotalSegments as number);
  if (segment < totalSegments) return { segment, totalSegments };
  throw validationError(
    'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
      `Segment: ${segment} is not less than TotalSegments: ${totalSegments}`,
  );
}

async function run({ table, index, segment, totalSegments, fields }: ScanRequest, context: RequestContext): Promise<Buffer> {
  const source = await openSource(table.name, index, context);
  if (fields.consistent) refuseConsistentRead(source);
  const range = scanRange(source, segment, totalSegments, fields.startKey, context.services.digest);
  for (const bound of [fields.projection?.bound, fields.filter]) {
    if (bound !== undefined) refusePathsIntoKey(bound, source.view.record);
  }
  return answerPage(source, table.writtenAs, range, fields, context);
}

export const scan = defineAction({ name: 'Scan', shape, read, run });
