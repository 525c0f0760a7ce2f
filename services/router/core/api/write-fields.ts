import type { BoundCondition } from '../../../shared/expression/condition.ts';
import { PlaceholderWriter } from '../../../shared/expression/placeholder-writer.ts';
import { readCondition } from './condition-fields.ts';
import type { JsonObject } from './json-object.ts';
import { hasExpected, writeExpected } from './legacy/write-condition.ts';
import { checkAllUsed, placeholderBytes, readPlaceholders, writtenPlaceholderBytes } from './placeholders.ts';
import type { RequestContext } from './request-context.ts';
import { readTableName } from './table-name.ts';
import type { NamedTable } from './table-name.ts';
import { readWantedMeasures } from './write-measures.ts';
import type { WantedMeasures } from './write-measures.ts';

/** What PutItem and DeleteItem have in common besides the item or key. */
export interface ConditionalWrite {
  readonly table: NamedTable;
  /** An expression that the table's key must be held against; one in the older form need not. */
  readonly condition: BoundCondition | undefined;
  readonly returnOld: boolean;
  readonly wanted: WantedMeasures;
  /** The operation's fields for the storage node: condition text, names and values, what to send back on failure. */
  readonly operation: WriteOperationFields;
}

export interface WriteOperationFields {
  readonly condition?: string;
  readonly names?: Uint8Array;
  readonly values?: Uint8Array;
  readonly returnOldOnFailure: boolean;
}

/** Reads condition, placeholders and what is to be returned. Throws ApiError, ItemError or ExpressionError. */
export function readConditionalWrite(input: JsonObject, context: RequestContext): ConditionalWrite {
  return {
    ...(hasExpected(input) ? readLegacy(input) : readExpression(input, context)),
    table: readTableName(input, context),
    returnOld: input.ReturnValues === 'ALL_OLD',
    wanted: readWantedMeasures(input),
  };
}

type Condition = Pick<ConditionalWrite, 'condition' | 'operation'>;

function readExpression(input: JsonObject, { services }: RequestContext): Condition {
  const placeholders = readPlaceholders(input);
  const condition = readCondition(input, 'ConditionExpression', placeholders, services.expressions);
  checkAllUsed(condition === undefined ? [] : [condition.program], placeholders);
  return {
    condition,
    operation: {
      ...(condition === undefined ? undefined : { condition: input.ConditionExpression as string }),
      ...placeholderBytes(placeholders),
      returnOldOnFailure: returnsOldOnFailure(input),
    },
  };
}

function readLegacy(input: JsonObject): Condition {
  const writer = new PlaceholderWriter();
  const condition = writeExpected(input, writer);
  return {
    condition: undefined,
    operation: {
      ...(condition === undefined ? undefined : { condition }),
      ...writtenPlaceholderBytes(writer),
      returnOldOnFailure: returnsOldOnFailure(input),
    },
  };
}

export function returnsOldOnFailure(input: JsonObject): boolean {
  return input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
}
