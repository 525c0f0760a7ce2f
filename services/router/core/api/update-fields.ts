import type { BoundCondition } from '../../../shared/expression/condition.ts';
import { PlaceholderWriter } from '../../../shared/expression/placeholder-writer.ts';
import { writeLegacyUpdate } from '../../../shared/expression/legacy-update.ts';
import { bindUpdate, updatedTopLevelNames } from '../../../shared/expression/update.ts';
import type { BoundUpdate } from '../../../shared/expression/update.ts';
import { readCondition } from './condition-fields.ts';
import type { JsonObject } from './json-object.ts';
import { readAttributeUpdates } from './legacy/read-updates.ts';
import { hasExpected, writeExpected } from './legacy/write-condition.ts';
import { checkAllUsed, isGiven, placeholderBytes, readPlaceholders, writtenPlaceholderBytes } from './placeholders.ts';
import type { RequestContext } from './request-context.ts';
import { returnsOldOnFailure } from './write-fields.ts';
import type { WriteOperationFields } from './write-fields.ts';

/** What an UpdateItem is to do, and under which condition, in either form. */
export interface UpdateFields {
  /** For the storage node; empty: nothing but that the item be there. */
  readonly update: string;
  /** The attributes of the item that it changes, or whose inside it changes. */
  readonly updatedNames: readonly string[];
  /** The expressions that the table's key must be held against; the older form has no paths into an attribute. */
  readonly bound: readonly (BoundUpdate | BoundCondition)[];
  /** It came as AttributeUpdates, whose errors have texts of their own. */
  readonly legacy: boolean;
  readonly operation: WriteOperationFields;
}

/** Throws ApiError, ItemError or ExpressionError. */
export function readUpdateFields(input: JsonObject, context: RequestContext): UpdateFields {
  return isGiven(input, 'AttributeUpdates') || hasExpected(input) ? readLegacy(input) : readExpressions(input, context);
}

function readExpressions(input: JsonObject, { services }: RequestContext): UpdateFields {
  const placeholders = readPlaceholders(input);
  const { names, values } = placeholders;
  const text = (input.UpdateExpression ?? undefined) as string | undefined;
  const update = text === undefined ? undefined : bindUpdate(services.expressions.update(text), names, values);
  const condition = readCondition(input, 'ConditionExpression', placeholders, services.expressions);
  const bound = [update, condition].filter((one) => one !== undefined);
  checkAllUsed(
    bound.map((one) => one.program),
    placeholders,
  );
  return {
    update: text ?? '',
    updatedNames: update === undefined ? [] : updatedTopLevelNames(update),
    bound,
    legacy: false,
    operation: {
      ...(condition === undefined ? undefined : { condition: input.ConditionExpression as string }),
      ...placeholderBytes(placeholders),
      returnOldOnFailure: returnsOldOnFailure(input),
    },
  };
}

function readLegacy(input: JsonObject): UpdateFields {
  const updates = readAttributeUpdates(input);
  const writer = new PlaceholderWriter();
  const condition = hasExpected(input) ? writeExpected(input, writer) : undefined;
  return {
    update: updates.length === 0 ? '' : writeLegacyUpdate(updates, writer),
    updatedNames: updates.map(({ name }) => name),
    bound: [],
    legacy: true,
    operation: {
      ...(condition === undefined ? undefined : { condition }),
      ...writtenPlaceholderBytes(writer),
      returnOldOnFailure: returnsOldOnFailure(input),
    },
  };
}
