import type { BoundCondition } from '../../../shared/expression/condition.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { canonicalizeItem, ItemError } from '../../../shared/item/canonical-value.ts';
import { validationError } from './api-error.ts';
import { readCapacityDetail } from './capacity.ts';
import type { CapacityDetail } from './capacity.ts';
import { readCondition } from './condition-fields.ts';
import { lengthAtLeast, lengthAtMost, nameCharacters, oneOf } from './constraint.ts';
import type { ExpressionCache } from './expression-cache.ts';
import { readFlag } from './item-fields.ts';
import { readProjection } from './item-projection.ts';
import type { ItemProjection } from './item-projection.ts';
import type { JsonObject } from './json-object.ts';
import { isGiven, pickPlaceholders, placeholderBytes } from './placeholders.ts';
import type { Placeholders } from './placeholders.ts';
import type { Field } from './field.ts';

/** What Query and Scan share: filter, projection, what is selected, where a page starts and how long it gets. */
export interface PageFields {
  readonly filter: BoundCondition | undefined;
  readonly projection: ItemProjection | undefined;
  readonly countOnly: boolean;
  readonly consistent: boolean;
  /** 0: no limit. */
  readonly limit: number;
  readonly startKey: AttributeMap | undefined;
  readonly capacity: CapacityDetail;
  /** The filter for the storage node. */
  readonly operation: { readonly filter?: string; readonly names?: Uint8Array; readonly values?: Uint8Array };
}

export const select: Field = {
  name: 'Select',
  type: { kind: 'string' },
  constraints: [oneOf('SPECIFIC_ATTRIBUTES', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES')],
};
export const indexName: Field = {
  name: 'IndexName',
  type: { kind: 'string' },
  constraints: [nameCharacters, lengthAtLeast(3), lengthAtMost(255)],
};
export const exclusiveStartKey: Field = { name: 'ExclusiveStartKey', type: { kind: 'attributes' } };
export const filterExpression: Field = { name: 'FilterExpression', type: { kind: 'string' } };

/** Reads the shared fields; unused placeholders are left to the caller, who knows of all expressions. */
export function readPageFields(input: JsonObject, placeholders: Placeholders, cache: ExpressionCache): PageFields {
  const filter = readCondition(input, 'FilterExpression', placeholders, cache);
  const projection = readProjection(input, placeholders, cache);
  return {
    filter,
    projection,
    countOnly: input.Select === 'COUNT',
    consistent: readFlag(input, 'ConsistentRead'),
    limit: Math.min(Math.floor((input.Limit ?? 0) as number), 0x7fffffff),
    startKey: readStartKey(input),
    capacity: readCapacityDetail(input),
    operation: filter === undefined ? {} : { filter: input.FilterExpression as string, ...placeholderBytes(usedBy(filter, placeholders)) },
  };
}

/** Only what the filter uses goes to the storage node. */
function usedBy({ program }: BoundCondition, { names, values }: Placeholders): Placeholders {
  return { names: pickPlaceholders(names, program.usedNames), values: pickPlaceholders(values, program.usedValues) };
}

/** Checks `Select` against the projection. Query's messages begin with the count of errors, Scan's do not. */
export function checkSelect(input: JsonObject, prefix: string): void {
  const selected = input.Select ?? undefined;
  if (selected === undefined) return;
  const projected = isGiven(input, 'ProjectionExpression');
  if (selected === 'SPECIFIC_ATTRIBUTES') {
    if (projected) return;
    throw validationError(`${prefix}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`);
  }
  if (projected) {
    const what = selected === 'COUNT' ? 'only the Count' : String(selected);
    throw validationError(`${prefix}Cannot specify the ProjectionExpression when choosing to get ${what}`);
  }
  if (selected === 'ALL_PROJECTED_ATTRIBUTES') {
    throw validationError(`${prefix}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName`);
  }
}

/** Errors of these kinds the service reports without saying that they are about the starting key. */
const PLAIN_ERRORS = /contains duplicates|number set|numeric value|significant digits|number with magnitude/;

function readStartKey(input: JsonObject): AttributeMap | undefined {
  if (!isGiven(input, 'ExclusiveStartKey')) return undefined;
  try {
    return canonicalizeItem(input.ExclusiveStartKey);
  } catch (error) {
    if (!(error instanceof ItemError) || error.kind === 'serialization' || PLAIN_ERRORS.test(error.message)) throw error;
    throw validationError(`The provided starting key is invalid: ${error.message}`);
  }
}
