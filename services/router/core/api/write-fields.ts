import type { BoundCondition } from '../../../shared/expression/condition.ts';
import { readCapacityDetail } from './capacity.ts';
import type { CapacityDetail } from './capacity.ts';
import { readCondition } from './condition-fields.ts';
import type { JsonObject } from './json-object.ts';
import { checkAllUsed, placeholderBytes, readPlaceholders } from './placeholders.ts';
import type { RequestContext } from './request-context.ts';
import { plainTableName } from './table-name.ts';

/** What PutItem and DeleteItem have in common besides the item or key. */
export interface ConditionalWrite {
  readonly tableName: string;
  readonly condition: BoundCondition | undefined;
  readonly returnOld: boolean;
  readonly capacity: CapacityDetail;
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
export function readConditionalWrite(input: JsonObject, { services, account }: RequestContext): ConditionalWrite {
  const placeholders = readPlaceholders(input);
  const condition = readCondition(input, 'ConditionExpression', placeholders, services.expressions);
  checkAllUsed(condition === undefined ? [] : [condition.program], placeholders);
  return {
    tableName: plainTableName(input.TableName as string, services.region, account),
    condition,
    returnOld: input.ReturnValues === 'ALL_OLD',
    capacity: readCapacityDetail(input),
    operation: {
      ...(condition === undefined ? undefined : { condition: input.ConditionExpression as string }),
      ...placeholderBytes(placeholders),
      returnOldOnFailure: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    },
  };
}
